import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { mockClient } from 'aws-sdk-client-mock'
import { ensureSnapshotRequests } from '../../../handlers/provision/ensure-snapshot-requests.ts'
import { ensureSnapshotsCompleted } from '../../../handlers/provision/ensure-snapshots-completed.ts'
import { ensureSource } from '../../../handlers/provision/ensure-source.ts'
import { ensureTablesScanned } from '../../../handlers/provision/ensure-tables-scanned.ts'
import type { StepPlace } from '../../../handlers/provision/step.ts'
import { parseTables } from '../../../pipeline/tables.ts'
import { asked } from '../../handlers/provision/asked.ts'
import { type DataApiSource, startDataApiSource } from './data-api-source.ts'

jest.setTimeout(60_000)

const logs = mockClient(CloudWatchLogsClient)
let source: DataApiSource
beforeAll(async () => {
  source = await startDataApiSource()
}, 120_000)
afterAll(() => source.stop())

const run = async (sql: string) => (await source.client.query<Record<string, string | null>>(sql)).rows
const table = (name: string, primaryKey = ['id'], more: object = {}) => ({
  schema: 'public',
  name,
  columns: [{ name: 'id', type: 'integer', nullable: primaryKey.length === 0 }],
  primaryKey,
  ...(primaryKey.length === 0 ? { replicaIdentity: 'nothing' } : {}),
  ...more,
})
const place = (...tables: object[]): StepPlace => ({ ...source.place(parseTables({ tables })), now: () => new Date() })
const records = () =>
  run(
    `SELECT table_name || ' ' || reason || CASE WHEN completed_at IS NOT NULL THEN ' completed' ELSE '' END AS record FROM cdc.snapshots ORDER BY 1`,
  )
const recorded = async () => (await records()).map(({ record }) => record)
const signals = () => run('SELECT id, type, data FROM cdc.debezium_signal ORDER BY ctid')
const resync = (...names: string[]) => ({ ...asked<never>(), request: { ...asked().request, resync: names } })
const notified = (id: string, name: string, rows: number, status = 'SUCCEEDED') => ({
  eventId: `${id} ${name}`,
  timestamp: Date.now(),
  message: `[Worker-0] INFO [Notification Service]  {id='${id}', aggregateType='Incremental Snapshot', type='TABLE_SCAN_COMPLETED', additionalData={scanned_collection=public.${name}, connector_name=aurora.cdc, total_rows_scanned=${rows}, total_rows=${rows}, data_collections=public.${name}, status=${status}}, timestamp=1} (io.debezium:1)`,
})

beforeEach(async () => {
  logs.reset()
  logs.on(FilterLogEventsCommand).resolves({ events: [] })
  await run('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots')
  await run(`DROP PUBLICATION IF EXISTS dbz_publication; DROP SCHEMA IF EXISTS cdc CASCADE; DROP TABLE IF EXISTS public.a, public.b, public.keyless;
    CREATE TABLE public.a (id int PRIMARY KEY); CREATE TABLE public.b (id int PRIMARY KEY); CREATE TABLE public.keyless (id int); ALTER TABLE public.keyless REPLICA IDENTITY NOTHING; INSERT INTO public.b VALUES (1)`)
})

/** A source that was prepared for these tables, and of which a connector has made a slot and its initial snapshot. */
async function captured(...tables: object[]): Promise<StepPlace> {
  const prepared = place(...tables)
  await ensureSource(asked(), prepared)
  await run(`SELECT pg_create_logical_replication_slot('debezium_slot', 'pgoutput')`)
  await ensureSnapshotsCompleted(asked(), prepared)
  return prepared
}

test('what the initial snapshot reads is recorded before there is a connector, and nothing is to be snapshotted beside it', async () => {
  const prepared = place(table('a'))
  await ensureSource(asked(), prepared)
  expect(await recorded()).toEqual(['a initial'])
  expect(await ensureSnapshotRequests(asked(), prepared)).toMatchObject({
    pending: false,
    removal: false,
    seen: 'nothing is to be snapshotted',
    already: ['every captured table is snapshotted'],
  })
  // A connector that does not know of b may be starting.
  await ensureSource(asked(), place(table('a'), table('b')))
  expect(await recorded()).toEqual(['a initial'])
  expect(await ensureSnapshotsCompleted(asked(), prepared)).toMatchObject({ seen: 'the snapshots of 1 table have arrived' })
  expect(await recorded()).toEqual(['a initial completed'])
})

test('a table that is added is asked for once, read, and noted when it has arrived', async () => {
  await captured(table('a'))
  const both = place(table('a'), table('b'))
  await ensureSource(asked(), both)
  const first = await ensureSnapshotRequests(asked<never>(), both)
  expect(first).toMatchObject({ pending: true, removal: false, did: ['asked for a snapshot: public.b is new'] })
  expect(await ensureSnapshotRequests(asked<never>(), both)).toMatchObject({ pending: true, did: [] })
  const sent = await ensureTablesScanned(asked<never>(), both)
  expect(sent).toMatchObject({ ready: false, seen: expect.stringMatching(/^0 of 1 tables, 0 rows/) })
  const [signal] = await signals()
  expect(signal).toMatchObject({ type: 'execute-snapshot', data: '{"data-collections":["^(?-i)public\\\\.b$"],"type":"incremental"}' })
  // Asked again, or by another execution, it waits for the same one.
  await ensureTablesScanned(asked<never>(), both)
  expect(await signals()).toHaveLength(1)
  logs.on(FilterLogEventsCommand).resolves({ events: [notified('of another', 'b', 5), notified(signal?.['id'] ?? '', 'b', 3)] })
  expect(await ensureTablesScanned(asked(sent), both)).toMatchObject({
    ready: true,
    did: ['snapshotted 1 table beside the stream (3 rows)'],
  })
  expect(await recorded()).toEqual(['a initial completed', 'b added'])
  await ensureSnapshotsCompleted(asked(), both)
  expect(await recorded()).toEqual(['a initial completed', 'b added completed'])
  expect(await ensureSnapshotRequests(asked<never>(), both)).toMatchObject({ pending: false })
})

test('a snapshot that read no row of a table that has some is asked for again, by another signal', async () => {
  await captured(table('a'))
  const both = place(table('a'), table('b'))
  await ensureSnapshotRequests(asked<never>(), both)
  let answer = await ensureTablesScanned(asked<never>(), both)
  const [first] = await signals()
  logs.on(FilterLogEventsCommand).resolves({ events: [notified(first?.['id'] ?? '', 'b', 0)] })
  answer = await ensureTablesScanned(asked(answer), both)
  expect(answer).toMatchObject({
    ready: false,
    seen: expect.stringContaining('once more, as Debezium read no row of public.b (SUCCEEDED)'),
  })
  const [, second, ...others] = await signals()
  expect(others).toEqual([])
  expect(second?.['id']).not.toBe(first?.['id'])
  // An empty table has none to be read.
  await run('DELETE FROM public.b')
  logs.on(FilterLogEventsCommand).resolves({ events: [notified(second?.['id'] ?? '', 'b', 0, 'EMPTY')] })
  expect(await ensureTablesScanned(asked(answer), both)).toMatchObject({ ready: true })
})

test('a signal of which the log tells nothing for long, while the slot is read, is sent again with that reason', async () => {
  await captured(table('a'))
  const both = place(table('a'), table('b'))
  await ensureSnapshotRequests(asked<never>(), both)
  const answer = await ensureTablesScanned(asked<never>(), both)
  const later = { ...both, now: () => new Date(Date.now() + 16 * 60_000) }
  // Nobody reads the slot: there is nothing to be told.
  expect((await ensureTablesScanned(asked(answer), later)).scans).toMatchObject({ attempts: 0, again: '' })
  expect(await signals()).toHaveLength(1)
  const reader = await source.readSlot(source.url)
  expect((await ensureTablesScanned(asked(answer), later)).scans).toMatchObject({
    attempts: 1,
    again: expect.stringContaining("the connector's log tells nothing of public.b since"),
  })
  await reader.stop()
  expect(new Set((await signals()).map(({ id }) => id)).size).toBe(2)
})

test('a task that ended in the middle, and that nobody started again, is an error', async () => {
  await captured(table('a'))
  const both = place(table('a'), table('b'))
  await ensureSnapshotRequests(asked<never>(), both)
  const answer = await ensureTablesScanned(asked<never>(), both)
  const message = 'ERROR WorkerSourceTask{id=x} Task threw an uncaught and unrecoverable exception. Task is being killed'
  logs.on(FilterLogEventsCommand).resolves({ events: [{ eventId: '1', timestamp: Date.now(), message }] })
  const second = await ensureTablesScanned(asked(answer), both)
  expect(second.ready).toBe(false)
  const later = { ...both, now: () => new Date(Date.now() + 2 * 60_000) }
  await expect(ensureTablesScanned(asked(second), later)).rejects.toMatchObject({
    name: 'SnapshotFailed',
    message: expect.stringContaining('The task of the connector aurora-cdc-debezium ended'),
  })
})

test.each(['Customers, new', 'größe', 'a.b'])(
  'a table named %s, whose name Debezium cannot read again, is refused while it has rows',
  async (name) => {
    await captured(table('a'))
    const both = place(table('a'), table(name))
    await run(`CREATE TABLE public."${name}" (id int PRIMARY KEY); INSERT INTO public."${name}" VALUES (1)`)
    await expect(ensureSnapshotRequests(asked<never>(), both)).rejects.toMatchObject({ name: 'SnapshotImpossible' })
    await run(`DELETE FROM public."${name}"`)
    await ensureSnapshotRequests(asked<never>(), both)
    expect(await ensureTablesScanned(asked<never>(), both)).toMatchObject({ ready: true })
    expect(await signals()).toEqual([])
    await run(`DROP TABLE public."${name}"`)
  },
)

test('what is out of capture is marked before it leaves the publication, and is snapshotted and freed of rows when it is back', async () => {
  await captured(table('a'), table('b'))
  const without = place(table('a'), table('b', ['id'], { capture: false }))
  expect((await ensureSource(asked(), without)).did).toEqual([
    'noted that 1 table is not captured any more',
    expect.stringContaining('took out "public"."b"'),
  ])
  expect(await recorded()).toEqual(['a initial completed', 'b not captured'])
  expect(await ensureSnapshotRequests(asked<never>(), without)).toMatchObject({ pending: false, removal: false })
  const again = place(table('a'), table('b'))
  await ensureSource(asked(), again)
  expect(await ensureSnapshotRequests(asked<never>(), again)).toMatchObject({
    pending: true,
    removal: true,
    did: ['asked for a snapshot: public.b is captured again'],
  })
})

test('a re-sync is done once for each time that it is asked for', async () => {
  const prepared = await captured(table('a'), table('b'))
  expect(await ensureSnapshotRequests(resync('public.b'), prepared)).toMatchObject({
    pending: true,
    removal: true,
    did: ['asked for a snapshot: public.b is to be re-synced'],
  })
  // Another execution joins the one that is under way.
  expect(await ensureSnapshotRequests(resync('public.b'), prepared)).toMatchObject({ pending: true, did: [] })
  const answer = await ensureTablesScanned(asked<never>(), prepared)
  logs.on(FilterLogEventsCommand).resolves({ events: [notified((await signals())[0]?.['id'] ?? '', 'b', 1)] })
  await ensureTablesScanned(asked(answer), prepared)
  await ensureSnapshotsCompleted(asked(), prepared)
  expect(await ensureSnapshotRequests(asked<never>(), prepared)).toMatchObject({ pending: false, removal: false })
  expect(await ensureSnapshotRequests(resync('public.b'), prepared)).toMatchObject({ pending: true })
})

test('a column that is new asks for a snapshot; one that was dropped does not, unless it comes back', async () => {
  const columns = (...names: string[]) => ({
    columns: [{ name: 'id', type: 'integer', nullable: false }, ...names.map((name) => ({ name, type: 'text', added: true }))],
  })
  await captured(table('b'))
  const wider = place(table('b', ['id'], columns('note')))
  expect(await ensureSnapshotRequests(asked<never>(), wider)).toMatchObject({ did: ['asked for a snapshot: public.b has new columns'] })
  await run('UPDATE cdc.snapshots SET completed_at = now()')
  expect(await ensureSnapshotRequests(asked<never>(), place(table('b')))).toMatchObject({ pending: false, did: [] })
  expect(await ensureSnapshotRequests(asked<never>(), wider)).toMatchObject({ pending: true })
})

test('a widened column asks for a snapshot, and so does another Iceberg table, which is freed of rows of before', async () => {
  const typed = (type: string, more: object = {}) => ({
    columns: [
      { name: 'id', type: 'integer', nullable: false },
      { name: 'n', type },
    ],
    ...more,
  })
  await captured(table('b', ['id'], typed('integer')))
  const wider = { columns: [...typed('integer').columns.slice(0, 1), { name: 'n', type: 'bigint', iceberg: { createdAs: 'int' } }] }
  expect(await ensureSnapshotRequests(asked<never>(), place(table('b', ['id'], wider)))).toMatchObject({
    did: ['asked for a snapshot: public.b has new columns'],
    removal: false,
  })
  await run('UPDATE cdc.snapshots SET completed_at = now()')
  const beside = place(table('b', ['id'], typed('bigint', { iceberg: { name: 'b_2' } })))
  expect(await ensureSnapshotRequests(asked<never>(), beside)).toMatchObject({
    did: ['asked for a snapshot: public.b has another Iceberg table'],
    removal: true,
  })
  expect(await ensureSnapshotRequests(asked<never>(), beside)).toMatchObject({ did: [], pending: true })
})

test('a table without a key can be added while it is empty', async () => {
  await captured(table('a'))
  const both = place(table('a'), table('keyless', []))
  await run('INSERT INTO public.keyless VALUES (1)')
  await expect(ensureSnapshotRequests(asked<never>(), both)).rejects.toMatchObject({
    name: 'SnapshotImpossible',
    message: expect.stringContaining('public.keyless has rows and no primary key'),
  })
  await run('DELETE FROM public.keyless')
  expect(await ensureSnapshotRequests(asked<never>(), both)).toMatchObject({ pending: true })
  expect(await ensureTablesScanned(asked<never>(), both)).toMatchObject({ ready: true })
  expect(await signals()).toEqual([])
  await ensureSnapshotsCompleted(asked(), both)
  expect(await recorded()).toEqual(['a initial completed', 'keyless added completed'])
})
