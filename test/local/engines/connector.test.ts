import { createServer, type Server } from 'node:http'
import { awaitInitialSnapshot, awaitRunning, connectorStatus, deleteConnector, putConnector } from '../../../local/engines/connector.ts'

/** What Kafka Connect answers, one after the other; the last one again and again. */
let answers: { status: number; body: unknown }[]
let requests: string[]
let server: Server
let uri: string

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    response.writeHead(answer?.status ?? 500, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer?.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  uri = `http://127.0.0.1:${address.port}`
})

beforeEach(() => {
  requests = []
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const status = (connector: string, ...tasks: { state: string; trace?: string }[]) => ({
  status: 200,
  body: { connector: { state: connector }, tasks: tasks.map((task, id) => ({ id, ...task })) },
})

const trace = `org.apache.kafka.connect.errors.ConnectException: outer
\tat io.debezium.X.y(X.java:1)
Caused by: io.debezium.DebeziumException: Publication autocreation is disabled, please create one and restart the connector.
\t... 3 more
`

test('a refusal is told with its reason', async () => {
  answers = [
    { status: 400, body: { error_code: 400, message: 'Connector configuration is invalid: FATAL: password authentication failed' } },
  ]
  await expect(putConnector(uri, 'c', {})).rejects.toMatchObject({
    name: 'ConnectorRefused',
    message: 'Kafka Connect refused the connector c (HTTP 400): Connector configuration is invalid: FATAL: password authentication failed',
  })
})

test('a worker that rebalances is asked again', async () => {
  answers = [
    { status: 409, body: {} },
    { status: 201, body: {} },
  ]
  await putConnector(uri, 'a b', {})
  expect(requests).toEqual(['PUT /connectors/a%20b/config', 'PUT /connectors/a%20b/config'])
})

test('a connector runs when it and its task do', async () => {
  answers = [
    { status: 404, body: {} },
    status('RUNNING'),
    status('RUNNING', { state: 'UNASSIGNED' }),
    status('RUNNING', { state: 'RUNNING' }),
  ]
  await awaitRunning(uri, 'c')
  expect(requests).toHaveLength(4)
})

test('a failed task is told by the innermost cause', async () => {
  answers = [status('RUNNING', { state: 'FAILED', trace })]
  const message =
    'The connector c failed: io.debezium.DebeziumException: Publication autocreation is disabled, please create one and restart the connector.'
  await expect(awaitRunning(uri, 'c')).rejects.toMatchObject({ name: 'ConnectorFailed', message })
  await expect(awaitInitialSnapshot(uri, 'c', async () => false)).rejects.toMatchObject({ name: 'ConnectorFailed', message })
})

test('what was last seen is told when time is up', async () => {
  answers = [status('RUNNING', { state: 'UNASSIGNED' })]
  await expect(awaitRunning(uri, 'c', { timeoutMs: 10 })).rejects.toThrow('does not run after 0.01 s (connector RUNNING, tasks UNASSIGNED)')
})

test('the initial snapshot has ended when the slot is read', async () => {
  answers = [status('RUNNING', { state: 'RUNNING' })]
  let looks = 0
  await awaitInitialSnapshot(uri, 'c', async () => ++looks === 3)
  expect(looks).toBe(3)
})

test('a connector that is not there has no status, and removing it is no error', async () => {
  answers = [{ status: 404, body: {} }]
  await expect(connectorStatus(uri, 'c')).resolves.toBeUndefined()
  await expect(deleteConnector(uri, 'c')).resolves.toBeUndefined()
})

test('a lost position is told with what to do, without the dump of it', async () => {
  const lost = `io.debezium.DebeziumException: The connector is trying to read change stream starting at PostgresOffsetContext [lsn=LSN{0/1}], but this is no longer available on the server. Reconfigure the connector to use a snapshot mode when needed.`
  answers = [status('RUNNING', { state: 'FAILED', trace: lost })]
  const failure: unknown = await awaitRunning(uri, 'c').catch((error: unknown) => error)
  expect(failure).toMatchObject({
    name: 'ConnectorFailed',
    message: expect.stringMatching(/^The connector c failed: the changes .*--reset/),
  })
  expect(String(failure)).not.toContain('PostgresOffsetContext')
})
