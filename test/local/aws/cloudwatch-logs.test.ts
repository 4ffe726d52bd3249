import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CloudWatchLogsClient, FilterLogEventsCommand, type FilterLogEventsRequest } from '@aws-sdk/client-cloudwatch-logs'
import { cloudWatchLogsService } from '../../../local/aws/cloudwatch-logs.ts'
import { type PlaceFixture, placeFixture, type Served } from './place.ts'

const connector = '/aws/msk-connect/aurora-cdc'
const transform = '/aws/lambda/aurora-cdc-transform'
const template = {
  Resources: Object.fromEntries(
    [connector, transform].map((LogGroupName, index) => [`Log${index}`, { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName } }]),
  ),
}
const at = (second: number) => Date.parse('2026-11-22T17:16:19.909Z') + second * 1000

let fixture: PlaceFixture
let served: Served
let reader: string

beforeAll(async () => {
  fixture = await placeFixture()
  await fixture.fixture.deploy({ logs: template }, fixture.place.account)
  reader = await fixture.role('reader', [
    { Effect: 'Allow', Action: 'logs:FilterLogEvents', Resource: `arn:aws:logs:us-east-1:111122223333:log-group:${connector}:*` },
  ])
  served = await fixture.serve({ logs: cloudWatchLogsService(fixture.place) })
  const noise = Array.from({ length: 1200 }, () => '[2026-11-22 17:16:20,909] INFO nothing of note (org.apache:1)')
  writeFileSync(
    join(fixture.place.engines.logsDirectory, 'connect.log'),
    `${[
      '[2026-11-22 17:16:19,909] INFO Starting streaming (io.debezium:346)',
      ...noise,
      '[2026-11-22 17:16:21,909] ERROR Producer failure (io.debezium:52)',
      'java.lang.RuntimeException: no',
      '\tat a.b(C.java:1)',
    ].join('\n')}\n`,
  )
  writeFileSync(
    join(fixture.place.engines.logsDirectory, 'aurora-cdc-transform.log'),
    `{"_aws":{"Timestamp":1795364752228},"Ok":3}\n{"level":"INFO","timestamp":"2026-11-22T16:25:53.000Z"}\n`,
  )
})
afterAll(() => fixture.close())

const filter = (request: Partial<FilterLogEventsRequest>, role?: string) =>
  new CloudWatchLogsClient(served.client(role)).send(new FilterLogEventsCommand({ logGroupName: connector, ...request }))

async function all(request: Partial<FilterLogEventsRequest>) {
  const pages: string[][] = []
  for (let nextToken: string | undefined; ; ) {
    const page = await filter({ ...request, ...(nextToken === undefined ? {} : { nextToken }) }, reader)
    pages.push((page.events ?? []).map(({ timestamp, message }) => `${timestamp}: ${message}`))
    nextToken = page.nextToken
    if (nextToken === undefined) return pages
  }
}

test('the connector’s lines come in MSK Connect’s form, a stack trace with its line, and pages may be empty', async () => {
  expect(await all({ filterPattern: '?"Starting streaming" ?"Producer failure"' })).toEqual([
    [`${at(0)}: [Worker-0a1b2c3d4e5f60718] [2026-11-22 17:16:19,909] INFO Starting streaming (io.debezium:346)`],
    [],
    [
      `${at(2)}: [Worker-0a1b2c3d4e5f60718] [2026-11-22 17:16:21,909] ERROR Producer failure (io.debezium:52)\njava.lang.RuntimeException: no\n\tat a.b(C.java:1)`,
    ],
  ])
})

test('times bound what is found, and equal lines have ids of their own', async () => {
  expect((await all({ startTime: at(2) })).flat()).toHaveLength(1)
  expect((await all({ endTime: at(0) })).flat()).toHaveLength(1)
  const { events = [] } = await filter({ startTime: at(1), limit: 3 })
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(3)
})

test('all terms, or none of some', async () => {
  expect((await all({ filterPattern: '"Producer failure" RuntimeException' })).flat()).toHaveLength(1)
  expect((await all({ filterPattern: 'INFO -"nothing of note"' })).flat()).toHaveLength(1)
  await expect(filter({ filterPattern: '{ $.a = 1 }' })).rejects.toMatchObject({ name: 'InvalidParameterException' })
  await expect(filter({ filterPattern: "type='STARTED'" })).rejects.toMatchObject({ name: 'InvalidParameterException' })
})

test('a function’s lines have the times that they name', async () => {
  const { events = [] } = await filter({ logGroupName: transform })
  expect(events.map(({ timestamp }) => timestamp)).toEqual([1795364752228, Date.parse('2026-11-22T16:25:53.000Z')])
})

test('a token is for its own request, a group that is not there is said so, and another group is denied', async () => {
  const { nextToken = '' } = await filter({ filterPattern: 'x' })
  await expect(filter({ filterPattern: 'y', nextToken })).rejects.toMatchObject({ name: 'InvalidParameterException' })
  await expect(filter({ logGroupName: '/aws/lambda/none' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  await expect(filter({ logGroupName: transform }, reader)).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('log-group:/aws/lambda/aurora-cdc-transform:log-stream:'),
  })
})
