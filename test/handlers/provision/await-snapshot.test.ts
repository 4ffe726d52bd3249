import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data'
import { mockClient } from 'aws-sdk-client-mock'
import { awaitSnapshot, type SnapshotAnswer, snapshotOutcome } from '../../../handlers/provision/await-snapshot.ts'
import { noSnapshot, slotLossFilter } from '../../../pipeline/snapshot-log.ts'
import { asked, minutesAgo, now, place } from './asked.ts'

const rdsData = mockClient(RDSDataClient)
const logs = mockClient(CloudWatchLogsClient)
beforeEach(() => {
  rdsData.reset()
  logs.reset()
})

const event = (id: string, minutes: number, message: string) => ({
  eventId: id,
  timestamp: minutesAgo(minutes).getTime(),
  message: `[Worker-0a1b] [2026-11-22 11:30:00,000] ${message}`,
  logStreamName: 'aurora-cdc-Worker-0a1b',
})
const notified = (type: string) =>
  `INFO [Notification Service]  {id='x', aggregateType='Initial Snapshot', type='${type}', additionalData={connector_name=aurora.cdc}, timestamp=1} (io.debezium:32)`
const exported = (rows: number, table: string, number: number) =>
  `INFO \t Finished exporting ${rows} records for table '${table}' (${number} of 7 tables); total duration '00:00:00.014' (io.debezium:952)`
const logged = (...events: ReturnType<typeof event>[]) => logs.on(FilterLogEventsCommand).resolves({ events })
const slot = (active: string | undefined) =>
  rdsData
    .on(ExecuteStatementCommand)
    .resolves({ formattedRecords: active === undefined ? '[]' : `[{"active":"${active}","plugin":"pgoutput","reader":null}]` })
const look = (previous: SnapshotAnswer | null = null) => awaitSnapshot(asked(previous), place)

test('while it runs, the answer tells of tables and rows', async () => {
  slot('false')
  logged(
    event('1', 9, notified('STARTED')),
    event('2', 8, exported(100_000, 'public.a', 1)),
    event('3', 7, exported(20_000, "public.o'dd (2)", 2)),
  )
  const first = await look()
  expect(first).toMatchObject({
    ready: false,
    seen: '2 of 7 tables, 120,000 rows; the slot debezium_slot is not being read yet for 0 s; a minute for each few million rows is usual',
  })
  expect(logs.commandCalls(FilterLogEventsCommand)[0]?.args[0].input).toMatchObject({
    logGroupName: '/aws/msk-connect/aurora-cdc',
    // The execution began an hour ago.
    startTime: minutesAgo(61).getTime(),
  })
})

test('a line is counted once, however often it is read', async () => {
  slot('false')
  logged(event('1', 9, notified('STARTED')), event('2', 8, exported(5, 'public.a', 1)))
  const first = await look()
  logged(event('2', 8, exported(5, 'public.a', 1)), event('3', 8, exported(6, 'public.b', 2)))
  const second = await look(first)
  expect(second.seen).toMatch(/^2 of 7 tables, 11 rows/)
  expect(logs.commandCalls(FilterLogEventsCommand)[1]?.args[0].input).toMatchObject({ startTime: minutesAgo(8).getTime() })
  logged(event('2', 8, exported(5, 'public.a', 1)), event('3', 8, exported(6, 'public.b', 2)))
  expect((await look(second)).seen).toMatch(/^2 of 7 tables, 11 rows/)
})

test('empty pages are followed', async () => {
  slot('true')
  logs
    .on(FilterLogEventsCommand)
    .resolvesOnce({ events: [], nextToken: 'a' })
    .resolvesOnce({ events: [], nextToken: 'b' })
    .resolves({ events: [event('1', 9, notified('COMPLETED'))] })
  expect(await look()).toMatchObject({ ready: true })
  expect(logs.commandCalls(FilterLogEventsCommand).map(({ args: [{ input }] }) => input.nextToken)).toEqual([undefined, 'a', 'b'])
})

test('pages that a call has no time for are read on by the next one', async () => {
  slot('false')
  let time = now.getTime()
  const slow = { ...place, now: () => new Date(time) }
  logs.on(FilterLogEventsCommand).callsFake(() => {
    time += 5000
    return { events: [event('0', 30, notified('STARTED'))], nextToken: String(time) }
  })
  const first = await awaitSnapshot(asked(), slow)
  const begin = { startTime: minutesAgo(61).getTime() }
  for (const { args } of logs.commandCalls(FilterLogEventsCommand)) expect(args[0].input).toMatchObject(begin)
  expect(first.log.next).toEqual({ token: String(time), from: minutesAgo(61).getTime() })
  logged(event('1', 9, exported(1, 'public.a', 1)))
  const second = await awaitSnapshot(asked(first), slow)
  expect(logs.commandCalls(FilterLogEventsCommand).at(-1)?.args[0].input).toMatchObject({
    nextToken: first.log.next?.token,
    startTime: minutesAgo(61).getTime(),
  })
  expect(second.log).toMatchObject({ next: null, newest: minutesAgo(9).getTime() })
})

test.each([
  [true, 1, { phase: 'completed', tables: 7, of: 7, rows: 12 }, /complete \(7 of 7 tables, 12 rows\)/],
  [true, 1, { phase: 'skipped' }, /was made before/],
  [true, 1, { phase: 'running', streaming: true }, /streams/],
  [true, 2, { phase: 'none' }, /nothing was logged/],
  [true, 4, { phase: 'running', tables: 3, of: 7 }, /did not tell of the end .*: 3 of 7 tables/],
  [true, 1, { phase: 'none' }, /^undefined$/],
  [true, 3, { phase: 'running' }, /^undefined$/],
  [false, 0, { phase: 'completed' }, /^undefined$/],
  [false, 0, { phase: 'running', streaming: true }, /^undefined$/],
] as const)('slot read: %s, %i times; %j is %s', (active, looks, progress, outcome) => {
  expect(String(snapshotOutcome(active, looks, { ...noSnapshot, ...progress }))).toMatch(outcome)
})

test('with every line lost it is over after a few looks at a slot that is read', async () => {
  slot('true')
  logged(event('1', 9, notified('STARTED')))
  let answer = await look()
  for (let looks = 1; !answer.ready; looks += 1) {
    expect(looks).toBeLessThan(5)
    logged()
    answer = await look(answer)
  }
  expect(answer.activeLooks).toBe(4)
})

test('a failure that nothing follows is one; one that is followed by another try is not', async () => {
  slot(undefined)
  const failed = event(
    '2',
    3,
    'ERROR Producer failure (io.debezium.pipeline.ErrorHandler:52)\njava.lang.RuntimeException: a\n\tat a.b(C.java:1)\nCaused by: org.postgresql.util.PSQLException: ERROR: permission denied for table t\n  Detail: a row',
  )
  logged(event('1', 9, notified('STARTED')), failed)
  await expect(look()).rejects.toMatchObject({
    name: 'SnapshotFailed',
    message: expect.stringMatching(
      /: Producer failure: org.postgresql.util.PSQLException: ERROR: permission denied for table t\. More is in/,
    ),
  })
  logged(event('1', 9, notified('STARTED')), failed, event('3', 2, notified('STARTED')))
  expect(await look()).toMatchObject({ ready: false })
  logged(event('1', 9, notified('STARTED')), event('2', 0.5, notified('ABORTED')))
  expect(await look()).toMatchObject({ ready: false })
})

const refused = event(
  '1',
  3 * 24 * 60,
  'ERROR The connector is trying to read change stream starting at X, but this is no longer available on the server. (io.debezium:1)',
)
const inLog = (...events: ReturnType<typeof event>[]) => {
  logged()
  logs
    .on(FilterLogEventsCommand, { filterPattern: slotLossFilter })
    .callsFake(({ startTime }: { startTime: number }) => ({ events: events.filter(({ timestamp }) => timestamp >= startTime) }))
}
/** The answers of so many looks. */
async function lookTimes(count: number, request = asked<SnapshotAnswer>()): Promise<SnapshotAnswer> {
  let answer = await awaitSnapshot(request, place)
  for (let left = count - 1; left > 0; left -= 1) answer = await awaitSnapshot({ ...request, previous: answer }, place)
  return answer
}

test('a slot that nobody reads, and that Debezium refused days ago, is another one', async () => {
  slot('false')
  inLog(refused)
  expect(await lookTimes(2)).toMatchObject({ ready: false, idleLooks: 2 })
  await expect(lookTimes(3)).rejects.toMatchObject({ name: 'SlotLost', message: expect.stringContaining('{"recover": "lost-slot"}') })
})

test.each([
  ['a connector that streamed since has made it good', [refused, event('2', 60, 'INFO Starting streaming (io.debezium:1)')], null],
  ['a recovery copies all again', [refused], 'lost-slot'],
] as const)('%s', async (_what, events, recover) => {
  slot('false')
  inLog(...events)
  const request = asked<SnapshotAnswer>()
  expect(await lookTimes(5, { ...request, request: { ...request.request, recover } })).toMatchObject({ ready: false, idleLooks: 5 })
})

test('that there is a slot is noted once', async () => {
  slot('false')
  logged(event('1', 9, notified('STARTED')))
  expect(await lookTimes(3)).toMatchObject({ noted: true })
  const statements = rdsData.commandCalls(ExecuteStatementCommand).map(({ args }) => args[0].input.sql ?? '')
  expect(statements.filter((sql) => sql.includes('UPDATE'))).toHaveLength(1)
})

test('nothing there yet is an answer; after a day and a half it is an error', async () => {
  slot(undefined)
  logged()
  const answer = await look()
  expect(answer.seen).toMatch(/^there is no slot debezium_slot yet for 0 s/)
  await expect(look({ ...answer, since: minutesAgo(36 * 60 + 1).toISOString() })).rejects.toMatchObject({ name: 'NotInTime' })
})
