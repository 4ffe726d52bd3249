import { AthenaClient, GetQueryExecutionCommand, GetQueryResultsCommand, StartQueryExecutionCommand } from '@aws-sdk/client-athena'
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { mockClient } from 'aws-sdk-client-mock'
import { ensureSource } from '../../../handlers/provision/ensure-source.ts'
import { bringAgain, previewed, type RepairPlace } from '../../../local/repair/bring-again.ts'
import { parseTables } from '../../../pipeline/tables.ts'
import { asked } from '../../handlers/provision/asked.ts'
import { type DataApiSource, startDataApiSource } from './data-api-source.ts'

jest.setTimeout(60_000)

const athena = mockClient(AthenaClient)
const logs = mockClient(CloudWatchLogsClient)
let source: DataApiSource
beforeAll(async () => {
  source = await startDataApiSource()
}, 120_000)
afterAll(() => source.stop())

const run = async (sql: string) => (await source.client.query<Record<string, string | null>>(sql)).rows

const columns = ['integer', 'timestamp'].map((type, index) => ({ name: ['Id', 'at'][index], type, nullable: false }))
const tables = parseTables({ tables: [{ schema: 'public', name: 'rows', columns, primaryKey: ['Id', 'at'] }] })
const [table] = tables
const long = '2026-02-28 12:00:00.000000'
const short = '2026-02-28 12:00:00'
const spellings = (id: number) => [
  [String(id), long],
  [String(id), short],
]
/** Rows 1 and 2 are at the source, 8 and 9 are not. */
const doubted = () => (table ? [{ table, keys: [1, 2, 8, 9].map(spellings) }] : [])

const deletions = () =>
  athena
    .commandCalls(StartQueryExecutionCommand)
    .map(({ args: [{ input }] }) => input.QueryString ?? '')
    .filter((sql) => sql.startsWith('DELETE'))

/** A place whose Debezium says that it read what a signal asks for, and whose Iceberg has the canary at once. */
async function place(onDelete: () => Promise<unknown> = async () => undefined): Promise<RepairPlace> {
  athena.reset()
  logs.reset()
  await run(`DROP PUBLICATION IF EXISTS dbz_publication; DROP SCHEMA IF EXISTS cdc CASCADE; DROP TABLE IF EXISTS public.rows;
    CREATE TABLE public.rows ("Id" int, at timestamp, PRIMARY KEY ("Id", at)); INSERT INTO public.rows SELECT n, '${short}' FROM generate_series(1, 3) n`)
  const step = source.place(tables)
  await ensureSource(asked(), step)
  athena.on(StartQueryExecutionCommand).callsFake(async ({ QueryString }: { QueryString: string }) => {
    if (QueryString.startsWith('DELETE')) await onDelete()
    return { QueryExecutionId: 'query' }
  })
  athena.on(GetQueryExecutionCommand).resolves({ QueryExecution: { Status: { State: 'SUCCEEDED' } } })
  athena.on(GetQueryResultsCommand).callsFake(async () => {
    const [canary] = await run(`SELECT value::text AS value FROM cdc.canary WHERE name = 'repair'`)
    return { ResultSet: { Rows: [{ Data: [{ VarCharValue: 'value' }] }, { Data: [{ VarCharValue: canary?.['value'] ?? '' }] }] } }
  })
  logs.on(FilterLogEventsCommand).callsFake(async () => {
    const signals = await run('SELECT id FROM cdc.debezium_signal')
    return {
      events: signals.map(({ id }, index) => ({
        eventId: String(index),
        timestamp: Date.now(),
        message: `INFO [Notification Service]  {id='${id}', aggregateType='Incremental Snapshot', type='TABLE_SCAN_COMPLETED', additionalData={scanned_collection=public.rows, total_rows_scanned=2, status=SUCCEEDED}, timestamp=1} (io.debezium:1)`,
      })),
    }
  })
  const clients = { athena: new AthenaClient(), logs: new CloudWatchLogsClient(), rdsData: new RDSDataClient() }
  return { clients, plan: step.plan, timeoutMs: 20_000, onProgress: () => undefined }
}

/** Rows that the filter of the last signal selects. */
async function signalled(): Promise<string[]> {
  const signals = await run('SELECT data FROM cdc.debezium_signal')
  const { 'additional-conditions': [{ filter }] = [{ filter: 'false' }] }: { 'additional-conditions'?: [{ filter: string }] } = JSON.parse(
    signals.at(-1)?.['data'] ?? '{}',
  )
  return (await run(`SELECT "Id"::text AS id FROM "public"."rows" WHERE ${filter} ORDER BY 1`)).map(({ id }) => id ?? '')
}

test('a look at what would be done changes nothing', async () => {
  const there = await place()
  expect(await previewed(there, doubted())).toEqual([{ table, present: 2, absent: 2 }])
  expect(await run('SELECT count(*)::text AS count FROM cdc.vanished_keys')).toEqual([{ count: '0' }])
  expect(athena.commandCalls(StartQueryExecutionCommand)).toEqual([])
})

test('rows that the source has are read again and no others; the others are removed in every spelling of their keys', async () => {
  const there = await place()
  expect(await bringAgain(there, doubted())).toEqual({
    tables: [{ table, present: 2, absent: 2 }],
    lsn: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
  })
  expect(await signalled()).toEqual(['1', '2'])
  const [sql = '', ...others] = deletions()
  expect(others).toEqual([])
  for (const id of [8, 9])
    for (const text of [long, short]) expect(sql).toContain(`(CAST("id" AS varchar) = '${id}' AND CAST("at" AS varchar) = '${text}')`)
  for (const id of [1, 2, 3]) expect(sql).not.toContain(`= '${id}'`)
  // Again: the same rows, and nothing is in the way.
  await bringAgain(there, doubted())
  expect(await signalled()).toEqual(['1', '2'])
})

test('a row that comes back while it is removed is read after that', async () => {
  const there = await place(() => run(`INSERT INTO public.rows VALUES (9, '${short}') ON CONFLICT DO NOTHING`))
  await bringAgain(there, doubted())
  expect(await signalled()).toEqual(['1', '2', '9'])
})

test('nothing is done while an execution snapshots tables', async () => {
  const there = await place()
  await run("UPDATE cdc.snapshots SET reason = 'resync', signal_id = 'x', scanned_at = NULL, completed_at = NULL")
  await expect(bringAgain(there, doubted())).rejects.toMatchObject({ name: 'ProvisioningRunning' })
  expect(await run('SELECT count(*)::text AS count FROM cdc.vanished_keys')).toEqual([{ count: '0' }])
})

test('rows that do not arrive in time are said not to have', async () => {
  const there = await place()
  athena.on(GetQueryResultsCommand).resolves({ ResultSet: { Rows: [{ Data: [{ VarCharValue: 'value' }] }] } })
  await expect(bringAgain({ ...there, timeoutMs: 3000 }, doubted())).rejects.toMatchObject({ name: 'NotCaughtUp' })
})
