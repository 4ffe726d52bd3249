import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { DescribeClusterV2Command, KafkaClient } from '@aws-sdk/client-kafka'
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data'
import { clientSettings, dataApiSettings } from '../../handlers/aws-clients.ts'
import { nameAwsError } from '../../handlers/provision/aws-errors.ts'

const handlers = join(import.meta.dirname, '..', '..', 'handlers')
const sources = readdirSync(handlers, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join(handlers, file), 'utf8') }))

test("every client has the steps' settings, and the Data API its own", () => {
  const made = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/new (\w+Client)\(([^)]*)\)/g)].map(([, client, settings]) => ({ file, client, settings })),
  )
  expect(made.length).toBeGreaterThan(20)
  const expected = made.map(({ file, client }) => ({
    file,
    client,
    settings: client === 'RDSDataClient' ? 'dataApiSettings' : 'clientSettings',
  }))
  expect(made).toEqual(expected)
})

test.each([
  ['clients', clientSettings],
  ['the Data API', dataApiSettings],
])('%s of a silent AWS give up in time for a step of 15 s to say so', (_, { maxAttempts, requestHandler }) => {
  // Between two tries a client waits for 0.1 s at most: it doubles with each.
  expect(maxAttempts * requestHandler.requestTimeout + (maxAttempts - 1) * 100).toBeLessThan(13_000)
  expect(requestHandler.connectionTimeout).toBeLessThanOrEqual(requestHandler.requestTimeout)
})

describe('a service that takes the connection and never answers', () => {
  let silent: Server
  const sockets = new Set<Socket>()
  let endpoint: string
  beforeAll(async () => {
    silent = createServer((socket) => sockets.add(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    if (typeof address !== 'object' || address === null) throw new Error('no port')
    endpoint = `http://127.0.0.1:${address.port}`
  })
  afterAll(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => silent.close(resolve))
  })

  const place = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 's' } }
  /** The same settings in a hundredth of the time. */
  const faster = ({ maxAttempts, requestHandler }: typeof clientSettings | typeof dataApiSettings) => ({
    ...place,
    endpoint,
    maxAttempts,
    requestHandler: {
      ...requestHandler,
      connectionTimeout: requestHandler.connectionTimeout / 100,
      requestTimeout: requestHandler.requestTimeout / 100,
    },
  })

  test.each([
    [
      'MSK',
      () => new KafkaClient(faster(clientSettings)).send(new DescribeClusterV2Command({ ClusterArn: 'arn' })),
      clientSettings.maxAttempts,
      150,
    ],
    [
      'the Data API',
      () =>
        new RDSDataClient(faster(dataApiSettings)).send(new ExecuteStatementCommand({ resourceArn: 'a', secretArn: 's', sql: 'SELECT 1' })),
      dataApiSettings.maxAttempts,
      150,
    ],
  ])('%s is unavailable', async (_, call, attempts, milliseconds) => {
    const connected = sockets.size
    const before = performance.now()
    const error = await call().then(
      () => undefined,
      (thrown: unknown) => nameAwsError(thrown),
    )
    expect(error).toMatchObject({ name: 'AwsUnavailable', message: expect.stringContaining('AWS did not answer') })
    // And what the machine under the test takes.
    expect(performance.now() - before).toBeLessThan(milliseconds + 850)
    expect(sockets.size - connected).toBe(attempts)
  })
})
