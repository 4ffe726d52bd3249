import { AthenaClient, GetQueryExecutionCommand, GetQueryResultsCommand, StartQueryExecutionCommand } from '@aws-sdk/client-athena'
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { mockClient } from 'aws-sdk-client-mock'
import { ensureSource } from '../../../handlers/provision/ensure-source.ts'
import { ensureVanishedRemoved } from '../../../handlers/provision/ensure-vanished-removed.ts'
import type { StepPlace } from '../../../handlers/provision/step.ts'
import type { RemovalAnswer } from '../../../handlers/provision/vanished/progress.ts'
import { keyForms } from '../../../pipeline/key-forms.ts'
import { parseTables } from '../../../pipeline/tables.ts'
import { noteVanishedStatement } from '../../../pipeline/vanished-keys.ts'
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
const declared = (type: string, more: object = {}, iceberg: object = {}) =>
  parseTables({
    tables: [{ schema: 'public', name: 'keys', columns: [{ name: 'K', type, nullable: false, ...more, ...iceberg }], primaryKey: ['K'] }],
  })[0]

/** Names of the keys, which are texts as Athena gives them, that are noted as vanished. */
async function noted(table: NonNullable<ReturnType<typeof declared>>, ...keys: string[][]): Promise<string[]> {
  const forms = keyForms(table)
  if (!forms) throw new Error('the key has no form')
  const sql = noteVanishedStatement({ table, forms }).replaceAll(
    /(?<!:):(schema|name|keys)\b/g,
    (_, name) => ({ schema: '$1', name: '$2', keys: '$3' })[String(name)] ?? '',
  )
  await source.client.query(sql, [table.schema, table.name, JSON.stringify(keys.map((key) => JSON.stringify(key)))])
  return (await run('SELECT key FROM cdc.vanished_keys ORDER BY key')).map(({ key }) => key ?? '')
}

beforeEach(async () => {
  athena.reset()
  logs.reset()
  logs.on(FilterLogEventsCommand).resolves({ events: [] })
  await run(`DROP PUBLICATION IF EXISTS dbz_publication; DROP SCHEMA IF EXISTS cdc CASCADE; DROP TABLE IF EXISTS public.keys, public.rows;
    DROP TYPE IF EXISTS public.mood; DROP DOMAIN IF EXISTS public.code; CREATE TYPE public.mood AS ENUM ('sad', 'so so'); CREATE DOMAIN public.code AS varchar(8)`)
})

// A value that is there in PostgreSQL's words, the text of it in Iceberg as Athena casts it, and that of another one.
test.each<[type: string, value: string, there: string, gone: string, more?: object]>([
  ['smallint', '-7', '-7', '8'],
  ['integer', '12', '12', '13'],
  ['bigint', '9007199254740993', '9007199254740993', '9007199254740992'],
  ['oid', '4294967295', '4294967295', '1'],
  ['numeric(12,2)', '1.50', '1.50', '1.51'],
  ['numeric', '1.5', '1.50', '1.51'],
  ['money', "'12.50'::money", '12.50', '12.51'],
  ['real', '1.25', '1.25', '1.5', { iceberg: { type: 'string' } }],
  ['double precision', "'NaN'", 'NaN', '0.1', { iceberg: { type: 'string' } }],
  ['boolean', 'true', 'true', 'false'],
  ['bit(1)', "B'1'", 'true', 'false'],
  ['bit(4)', "B'0101'", '0101', '0001'],
  ['character(5)', "'ab'", 'ab   ', 'abc  '],
  ['character varying(50)', `'o''"k\\'`, `o'"k\\`, 'ok'],
  ['text', "'Größe, 漢字 🙂'", 'Größe, 漢字 🙂', 'größe'],
  ['uuid', "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['bytea', "'\\xdeadbeef'", 'DEADBEEF', 'DEAD'],
  ['bytea', "'\\xdeadbeef'", '\\xdeadbeef', '\\xdead', { iceberg: { type: 'string' } }],
  ['date', "'2026-02-28'", '2026-02-28', '2026-02-27'],
  ['time without time zone', "'12:34:56.789'", '12:34:56.789', '12:34:56.788'],
  ['time with time zone', "'12:34:56+02'", '10:34:56+00', '12:34:56+00'],
  ['timestamp without time zone', "'2026-02-28 12:34:56.123456'", '2026-02-28 12:34:56.123456', '2026-02-28 12:34:56.123457'],
  ['timestamp with time zone', "'2026-02-28 12:34:56.123456+02'", '2026-02-28 10:34:56.123456 UTC', '2026-02-28 12:34:56.123456 UTC'],
  ['interval', "'1 year 2 mons'", '1 year 2 mons', '1 year'],
  ['inet', "'10.0.0.1/24'", '10.0.0.1/24', '10.0.0.1'],
  ['macaddr', "'08:00:2b:01:02:03'", '08:00:2b:01:02:03', '08:00:2b:01:02:04'],
  ['int4range', "'[1,5)'", '[1,5)', '[1,6)'],
  ['public.mood', "'so so'", 'so so', 'sad', { kind: 'enum' }],
  ['public.code', "'a b'", 'a b', 'a', { kind: 'domain', baseType: 'character varying(8)' }],
])('a key of type %s is found at the source by the text that Iceberg has of it (%s)', async (type, value, there, gone, more = {}) => {
  const table = declared(type, more)
  if (!table) throw new Error('no table')
  await run(`CREATE SCHEMA cdc; CREATE TABLE cdc.vanished_keys (table_schema text, table_name text, key text, found_at timestamptz, removed_at timestamptz, came_back boolean);
    CREATE UNIQUE INDEX ON cdc.vanished_keys (table_schema, table_name, md5(key)); CREATE TABLE public.keys ("K" ${type} PRIMARY KEY); INSERT INTO public.keys VALUES (${value})`)
  expect(await noted(table, [there], [gone], [gone])).toEqual([JSON.stringify([gone])])
})

test.each([['text[]'], ['bit varying(8)'], ['hstore[]']])('a key of type %s has no form', (type) => {
  const table = declared(type, {}, type.endsWith('[]') ? { iceberg: { type: 'string' } } : {})
  expect(table && keyForms(table)).toBeUndefined()
})

const rows = {
  schema: 'public',
  name: 'rows',
  columns: [
    { name: 'Id', type: 'integer', nullable: false },
    { name: 'key', type: 'text', nullable: false },
  ],
  primaryKey: ['Id', 'key'],
}

/** A source that has the rows 1 to 4, of whose Iceberg table Athena lists the rows 1 to 7. */
async function drifted(): Promise<StepPlace> {
  await run(
    `CREATE TABLE public.rows ("Id" int, key text, PRIMARY KEY ("Id", key)); INSERT INTO public.rows SELECT n, 'r''' || n FROM generate_series(1, 4) AS n`,
  )
  const place = { ...source.place(parseTables({ tables: [rows] })), now: () => new Date() }
  await ensureSource(asked(), place)
  await run("UPDATE cdc.snapshots SET reason = 'resync', signal_id = 'x', scanned_at = now()")
  athena
    .on(StartQueryExecutionCommand)
    .callsFake(({ QueryString }) => ({ QueryExecutionId: QueryString.startsWith('SELECT') ? 'keys' : 'delete' }))
  athena.on(GetQueryExecutionCommand).resolves({ QueryExecution: { Status: { State: 'SUCCEEDED' } } })
  const page = (...texts: string[][]) => ({ Rows: texts.map((row) => ({ Data: row.map((VarCharValue) => ({ VarCharValue })) })) })
  const key = (n: number) => [String(n), `r'${n}`]
  athena
    .on(GetQueryResultsCommand, { QueryExecutionId: 'keys' })
    .resolves({ ResultSet: page(['k0', 'k1'], ...[1, 2, 3, 4, 5].map(key)), NextToken: 'more' })
    .on(GetQueryResultsCommand, { QueryExecutionId: 'keys', NextToken: 'more' })
    .resolves({ ResultSet: page(...[6, 7].map(key)) })
  return place
}

const deletions = () =>
  athena
    .commandCalls(StartQueryExecutionCommand)
    .map(({ args: [{ input }] }) => input.QueryString ?? '')
    .filter((sql) => sql.startsWith('DELETE'))

test('rows are removed whose keys the source does not have, page by page, and no others', async () => {
  const place = await drifted()
  const answer = await ensureVanishedRemoved(asked<never>(), place)
  expect(answer).toMatchObject({ ready: true, did: ['removed 3 rows of public.rows that the source has no longer'] })
  const [sql, ...others] = deletions()
  expect(others).toEqual([])
  expect(sql).toMatch(/^DELETE FROM "s3tablescatalog\/aurora-cdc-tables"\."aurora_cdc"\."rows" WHERE /)
  for (const n of [5, 6, 7]) expect(sql).toContain(`(CAST("id" AS varchar) = '${n}' AND "key" = 'r''${n}')`)
  for (const n of [1, 2, 3, 4]) expect(sql).not.toContain(`r''${n}`)
  expect(await run('SELECT count(*)::text AS count FROM cdc.debezium_signal')).toEqual([{ count: '0' }])
})

test('a row that comes back while it is removed is read again, and waited for', async () => {
  const place = await drifted()
  // It is inserted, and may be delivered, between the look at the source and the removal.
  athena.on(StartQueryExecutionCommand).callsFake(async ({ QueryString }: { QueryString: string }) => {
    if (QueryString.startsWith('DELETE')) await run(`INSERT INTO public.rows VALUES (6, 'r''6') ON CONFLICT DO NOTHING`)
    return { QueryExecutionId: QueryString.startsWith('SELECT') ? 'keys' : 'delete' }
  })
  let answer: RemovalAnswer = await ensureVanishedRemoved(asked<never>(), place)
  expect(answer).toMatchObject({ ready: false, seen: expect.stringContaining('1 rows that came back are being read again') })
  const [signal] = await run('SELECT id, data FROM cdc.debezium_signal')
  const { 'additional-conditions': [{ filter }] = [{ filter: '' }] }: { 'additional-conditions'?: [{ filter: string }] } = JSON.parse(
    signal?.['data'] ?? '',
  )
  expect(filter).not.toContain("r'")
  expect(await run(`SELECT key FROM "public"."rows" WHERE ${filter}`)).toEqual([{ key: `r'6` }])
  answer = await ensureVanishedRemoved(asked(answer), place)
  expect(answer.ready).toBe(false)
  logs.on(FilterLogEventsCommand).resolves({
    events: [
      {
        eventId: '1',
        timestamp: Date.now(),
        message: `INFO [Notification Service]  {id='${signal?.['id']}', aggregateType='Incremental Snapshot', type='TABLE_SCAN_COMPLETED', additionalData={scanned_collection=public.rows, connector_name=aurora.cdc, total_rows_scanned=1, total_rows=1, data_collections=public.rows, status=SUCCEEDED}, timestamp=1} (io.debezium:1)`,
      },
    ],
  })
  expect(await ensureVanishedRemoved(asked(answer), place)).toMatchObject({
    ready: true,
    did: ['removed 3 rows of public.rows that the source has no longer, and read 1 again that came back meanwhile'],
  })
})

test('a removal that another commit forestalls is run again, and one that fails ends the step', async () => {
  const place = await drifted()
  const status = (StateChangeReason: string) => ({ QueryExecution: { Status: { State: 'FAILED' as const, StateChangeReason } } })
  athena
    .on(GetQueryExecutionCommand, { QueryExecutionId: 'delete' })
    .resolvesOnce(status('ICEBERG_COMMIT_ERROR: Failed to commit Iceberg update'))
    .resolves({
      QueryExecution: { Status: { State: 'SUCCEEDED' } },
    })
  const answer = await ensureVanishedRemoved(asked<never>(), place)
  expect(answer).toMatchObject({ ready: false, seen: expect.stringContaining('ICEBERG_COMMIT_ERROR') })
  expect(await ensureVanishedRemoved(asked(answer), place)).toMatchObject({ ready: true })
  const tokens = athena.commandCalls(StartQueryExecutionCommand).map(({ args: [{ input }] }) => input.ClientRequestToken)
  expect(new Set(tokens).size).toBe(3)
  await run('UPDATE cdc.vanished_keys SET removed_at = NULL')
  athena.on(GetQueryExecutionCommand, { QueryExecutionId: 'delete' }).resolves(status('PERMISSION_DENIED'))
  await expect(ensureVanishedRemoved(asked<never>(), place)).rejects.toMatchObject({ name: 'QueryFailed' })
})

test('killed after any statement and called again, it comes to the same', async () => {
  for (let statements = 0; ; statements += 1) {
    await run(`DROP PUBLICATION IF EXISTS dbz_publication; DROP SCHEMA IF EXISTS cdc CASCADE; DROP TABLE IF EXISTS public.rows`)
    source.allow(Number.POSITIVE_INFINITY)
    const place = await drifted()
    source.allow(statements)
    const killed = await ensureVanishedRemoved(asked<never>(), place).then(
      () => false,
      () => true,
    )
    source.allow(Number.POSITIVE_INFINITY)
    expect(await ensureVanishedRemoved(asked<never>(), place)).toMatchObject({ ready: true })
    expect(deletions().at(-1)).toContain(`r''7`)
    expect(await run('SELECT count(*)::text AS count FROM cdc.vanished_keys WHERE removed_at IS NULL')).toEqual([{ count: '0' }])
    if (!killed) break
    expect(statements).toBeLessThan(20)
  }
}, 120_000)
