import { AthenaClient, GetQueryExecutionCommand, GetQueryResultsCommand, StartQueryExecutionCommand } from '@aws-sdk/client-athena'
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch'
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data'
import { mockClient } from 'aws-sdk-client-mock'
import { awaitCanary, type CanaryAnswer } from '../../../handlers/provision/await-canary.ts'
import type { HopFacts } from '../../../handlers/provision/canary-hops.ts'
import { lastHop } from '../../../handlers/provision/canary-hops.ts'
import type { CanaryChange } from '../../../pipeline/canary-sql.ts'
import { asked, minutesAgo, now, place } from './asked.ts'

const athena = mockClient(AthenaClient)
const rdsData = mockClient(RDSDataClient)
const cloudWatch = mockClient(CloudWatchClient)

beforeEach(() => {
  athena.reset()
  rdsData.reset()
  cloudWatch.reset()
  athena.on(StartQueryExecutionCommand).resolves({ QueryExecutionId: 'q' })
  athena.on(GetQueryExecutionCommand).resolves({ QueryExecution: { Status: { State: 'SUCCEEDED' } } })
  source({})
})

const source = ({ row = '[{"value":"1","touched":"0"}]', slot = '[{"active":"true","confirmed":"true"}]' }) =>
  rdsData.on(ExecuteStatementCommand).callsFake(({ sql: text }: { sql: string }) => ({
    formattedRecords: text.includes('pg_current_wal_lsn') ? '[{"lsn":"0/16B3748"}]' : text.includes('pg_replication_slots') ? slot : row,
  }))
const found = (...rows: [string, string][]) =>
  athena.on(GetQueryResultsCommand).resolves({
    ResultSet: { Rows: [['value', 'touched_at'], ...rows].map((row) => ({ Data: row.map((VarCharValue) => ({ VarCharValue })) })) },
  })
const measured = (values: Record<string, number[]>) =>
  cloudWatch.on(GetMetricDataCommand).resolves({ MetricDataResults: Object.entries(values).map(([Id, Values]) => ({ Id, Values })) })
const request = (change: CanaryChange, previous: CanaryAnswer | null = null) => ({
  ...asked(previous),
  parameters: { change, made: '2026-11-22T11:59:52.000Z' },
})
const look = (change: CanaryChange, previous: CanaryAnswer | null = null) => awaitCanary(request(change, previous), place)
const touched = '2026-11-22 11:59:47.500000 UTC'

test.each([
  ['insert', [['1', touched]], 12.5],
  ['update', [['2', touched]], 12.5],
  ['delete', [], 8],
] as [CanaryChange, [string, string][], number][])('a seen %s comes with its latency', async (change, rows, latencySeconds) => {
  found(...rows)
  expect(await look(change)).toMatchObject({
    ready: true,
    latencySeconds,
    seen: expect.stringContaining(`the ${change} of the canary's row is in Iceberg`),
  })
  expect(athena.commandCalls(StartQueryExecutionCommand)[0]?.args[0].input.QueryString).toBe(
    `SELECT value, touched_at FROM "s3tablescatalog/aurora-cdc-tables"."aurora_cdc"."cdc_canary" WHERE name = 'smoke-run'`,
  )
})

test.each([
  ['insert', []],
  ['update', [['1', touched]]],
  [
    'update',
    [
      ['2', touched],
      ['1', touched],
    ],
  ],
  ['delete', [['2', touched]]],
] as [CanaryChange, [string, string][]][])('a %s that is not there yet is waited for', async (change, rows) => {
  found(...rows)
  const first = await look(change)
  expect(first).toMatchObject({ ready: false, latencySeconds: null, lsn: '0/16B3748', looks: 1, runningQuery: null })
  await look(change, first)
  const tokens = athena.commandCalls(StartQueryExecutionCommand).map(({ args: [{ input }] }) => input.ClientRequestToken)
  expect(new Set(tokens).size).toBe(2)
})

test('a query that still runs is looked at again, not asked again', async () => {
  athena.on(GetQueryExecutionCommand).resolves({ QueryExecution: { Status: { State: 'RUNNING' } } })
  let time = now.getTime()
  const first = await awaitCanary(request('insert'), { ...place, now: () => new Date((time += 3000)) })
  expect(first).toMatchObject({ ready: false, runningQuery: 'q', looks: 1 })
  athena.on(GetQueryExecutionCommand).resolves({ QueryExecution: { Status: { State: 'SUCCEEDED' } } })
  found(['1', touched])
  expect(await look('insert', first)).toMatchObject({ ready: true, looks: 1 })
  expect(athena.commandCalls(StartQueryExecutionCommand)).toHaveLength(1)
})

const late: CanaryAnswer = {
  ready: false,
  seen: '',
  since: minutesAgo(31).toISOString(),
  did: [],
  already: [],
  latencySeconds: null,
  lsn: '0/16B3748',
  looks: 9,
  runningQuery: null,
}

test('a lost change is an error that names the hop, asked of every hop', async () => {
  found()
  measured({ recordsRead: [3, 4], offsetLag: [0, 9], transformFailed: [0, 2], rowsDelivered: [], rowsFailed: [] })
  await expect(look('insert', late)).rejects.toMatchObject({
    name: 'CanaryLost',
    message: expect.stringMatching(
      /"smoke-run" of cdc.canary \(LSN 0\/16B3748\) is not in Iceberg after 30 min\. It was last seen at the transform, which failed 2 records/,
    ),
  })
  const [call] = cloudWatch.commandCalls(GetMetricDataCommand)
  expect(
    call?.args[0].input.MetricDataQueries?.map(({ Id, MetricStat }) => [
      Id,
      MetricStat?.Metric?.Namespace,
      MetricStat?.Metric?.Dimensions?.[0]?.Name,
    ]),
  ).toEqual([
    ['recordsRead', 'AWS/Firehose', 'DeliveryStreamName'],
    ['offsetLag', 'AWS/Firehose', 'DeliveryStreamName'],
    ['transformFailed', 'AuroraCdc/Transform', 'DeliveryStream'],
    ['rowsDelivered', 'AWS/Firehose', 'DeliveryStreamName'],
    ['rowsFailed', 'AWS/Firehose', 'DeliveryStreamName'],
  ])
})

test('a redrive waits anew', async () => {
  found()
  const redriven = { ...request('insert', late), execution: { ...asked().execution, RedriveTime: minutesAgo(1).toISOString() } }
  expect(await awaitCanary(redriven, place)).toMatchObject({ ready: false })
})

const through: HopFacts = {
  atSource: true,
  slot: 'read',
  confirmed: true,
  recordsRead: 5,
  offsetLag: 0,
  transformFailed: 0,
  rowsDelivered: 4,
  rowsFailed: 0,
}
test.each([
  [{ atSource: false }, 'It is not at the source either'],
  [{ slot: 'none' }, 'there is no replication slot debezium_slot'],
  [{ slot: 'not read' }, 'nothing reads the replication slot debezium_slot'],
  [{ confirmed: false }, 'has not confirmed the change'],
  [{ recordsRead: 0 }, 'last seen in the topic aurora.cdc.all-tables, as the connector has confirmed it'],
  [{ offsetLag: 8 }, 'is 8 messages behind'],
  [{ transformFailed: 1 }, 'processing-failed/'],
  [{ rowsFailed: 1 }, 'iceberg-failed/'],
  [{ rowsDelivered: 0 }, 'read 5 records since and wrote no row'],
  [{}, 'wrote 4 rows since, and Athena does not see it'],
] as const)('%j: %s', (facts, text) => {
  expect(lastHop({ ...through, ...facts }, place.plan)).toContain(text)
})
