import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { refuseOtherReader, sourceFindings } from '../../../local/source/check.ts'
import { connectSource } from '../../../local/source/connection.ts'
import { detachSource } from '../../../local/source/detach.ts'
import { prepareSource } from '../../../local/source/prepare.ts'
import { prepareSamples, walkthrough } from '../../../local/source/samples.ts'
import { type CapturedTable, parseTables } from '../../../pipeline/tables.ts'
import { startTestSource, type TestSource } from './server.ts'

let source: TestSource
beforeAll(async () => {
  source = await startTestSource()
}, 60_000)
afterAll(() => source.stop())
beforeEach(async () => {
  await source.client.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots')
  await source.client.query(`DROP PUBLICATION IF EXISTS dbz_publication; DROP SCHEMA IF EXISTS cdc, "odd ""schema" CASCADE;
    DROP TABLE IF EXISTS public.plain, public.orders, public.products; ALTER ROLE ${source.role.user} NOREPLICATION`)
})

const rows = async (sql: string) => (await source.client.query<Record<string, string>>(sql)).rows
const run = (sql: string) => source.client.query(sql)
const identities = () => rows("SELECT relname AS t, relreplident::text AS i FROM pg_class WHERE relname IN ('plain', 'it''s') ORDER BY 1")
const createSlot = () => run("SELECT pg_create_logical_replication_slot('debezium_slot', 'pgoutput')")
const oddTable = { schema: 'odd "schema', name: `it's`, columns: [{ name: 'id', type: 'integer' }], primaryKey: ['id'] }
const plainTable = {
  schema: 'public',
  name: 'plain',
  columns: [
    { name: 'id', type: 'integer' },
    { name: 'note', type: 'text' },
  ],
  primaryKey: ['id'],
}

/** Reads the slot as a connector does, until it is cut off; `ended` is the reason. */
async function readSlot(): Promise<{ ended: Promise<string> }> {
  const reader = new Client({ connectionString: `${source.url}?replication=database` })
  reader.on('error', () => undefined)
  await reader.connect()
  const reading = reader.query("START_REPLICATION SLOT debezium_slot LOGICAL 0/0 (proto_version '1', publication_names 'dbz_publication')")
  const ended = reading.then(() => 'no reason', String)
  for (;;) {
    const [slot] = await rows('SELECT active::text AS active FROM pg_replication_slots')
    if (slot?.['active'] === 'true') return { ended }
    await sleep(20)
  }
}

async function createTables(): Promise<CapturedTable[]> {
  await run(
    `CREATE SCHEMA "odd ""schema"; CREATE TABLE "odd ""schema"."it's" (id int PRIMARY KEY); CREATE TABLE public.plain (id int PRIMARY KEY, note text)`,
  )
  return parseTables({ tables: [oddTable, plainTable] })
}

async function prepare(tables: readonly CapturedTable[], role?: string): Promise<string[]> {
  const announced: string[] = []
  await prepareSource(source.client, tables, { announce: (sentence) => announced.push(sentence), ...(role !== undefined && { role }) })
  return announced
}

test('creates schema, publication of exactly the captured tables and the role’s rights; again, it changes nothing', async () => {
  const tables = await createTables()
  expect(await prepare(tables, source.role.user)).toEqual([
    'create the schema cdc with the tables debezium_signal, canary, snapshots and vanished_keys',
    'create the publication dbz_publication of 4 tables',
    expect.stringMatching(/^let .* replicate and read the captured tables$/),
    'let the connector create the replication slot debezium_slot',
  ])
  expect(await rows('SELECT schemaname AS s, tablename AS t FROM pg_publication_tables ORDER BY 1, 2')).toEqual([
    { s: 'cdc', t: 'canary' },
    { s: 'cdc', t: 'debezium_signal' },
    { s: 'odd "schema', t: "it's" },
    { s: 'public', t: 'plain' },
  ])
  expect(await prepare(tables, source.role.user)).toEqual(['let the connector create the replication slot debezium_slot'])
  const debezium = await connectSource(source.role.url)
  await debezium.query(
    `SELECT * FROM "odd ""schema"."it's"; SELECT * FROM cdc.canary; INSERT INTO cdc.debezium_signal VALUES ('1', 'log', '')`,
  )
  await debezium.query("SELECT pg_create_logical_replication_slot('debezium_slot', 'pgoutput')")
  await expect(debezium.query('INSERT INTO public.plain VALUES (1)')).rejects.toThrow('permission denied')
  await debezium.end()
})

test('tables come into the publication and leave it; a table no longer captured is not published', async () => {
  const tables = await createTables()
  await prepare(tables.slice(0, 1))
  expect(await prepare(tables)).toContain('change the publication dbz_publication: add "public"."plain"')
  const [odd, plain] = tables
  if (!odd || !plain) throw new Error('two tables were declared')
  expect(await prepare([odd, { ...plain, capture: false }])).toContain('change the publication dbz_publication: take out "public"."plain"')
})

test('the replica identity is changed where the declaration says full, and nowhere else', async () => {
  await createTables()
  await run(`ALTER TABLE "odd ""schema"."it's" REPLICA IDENTITY FULL`)
  await prepare(parseTables({ tables: [oddTable, plainTable] }))
  expect(await identities()).toEqual([
    { t: "it's", i: 'f' },
    { t: 'plain', i: 'd' },
  ])
  expect(await prepare(parseTables({ tables: [oddTable, { ...plainTable, replicaIdentity: 'full' }] }))).toContain(
    'set the replica identity of public.plain to full, as declared (it was default)',
  )
  expect(await identities()).toEqual([
    { t: "it's", i: 'f' },
    { t: 'plain', i: 'f' },
  ])
})

test('a table that cannot be published leaves nothing half done', async () => {
  await run('CREATE UNLOGGED TABLE public.plain (id int PRIMARY KEY, note text)')
  await expect(prepare(parseTables({ tables: [plainTable] }))).rejects.toThrow(/could not be prepared: .*Nothing was changed/)
  expect(await rows("SELECT nspname FROM pg_namespace WHERE nspname = 'cdc'")).toEqual([])
})

test('a prepared source is ready, also while its slot is there', async () => {
  const tables = await createTables()
  expect(await sourceFindings(source.client, tables)).toEqual([])
  await prepare(tables)
  await createSlot()
  expect(await sourceFindings(source.client, tables)).toEqual([])
})

test('all findings come at once, each with its repair', async () => {
  await run(`CREATE SCHEMA cdc; CREATE PUBLICATION dbz_publication FOR ALL TABLES;
    CREATE UNLOGGED TABLE public.plain (id bigint, note text); ALTER TABLE public.plain REPLICA IDENTITY NOTHING`)
  await createSlot()
  const findings = await sourceFindings(
    source.client,
    parseTables({ tables: [oddTable, { ...plainTable, columns: [...plainTable.columns, { name: 'more', type: 'text' }] }] }),
  )
  expect(findings.map(({ problem }) => problem)).toEqual([
    "The schema cdc exists and is not the pipeline's",
    "The publication dbz_publication exists and is not the pipeline's",
    'The replication slot debezium_slot exists and is left by something else',
    `odd "schema.it's does not exist`,
    'public.plain.id is bigint, declared as integer',
    'public.plain.more does not exist',
    'public.plain has the primary key (), declared as (id)',
    'public.plain is unlogged and cannot be published',
    'public.plain has REPLICA IDENTITY NOTHING: once published, PostgreSQL refuses UPDATE and DELETE on it',
  ])
  expect(findings.every(({ repair }) => repair !== '')).toBe(true)
})

test('a role that may do nothing is told what it needs', async () => {
  const tables = await createTables()
  const client = await connectSource(source.role.url)
  const problems = (await sourceFindings(client, tables)).map(({ problem }) => problem)
  await client.end()
  expect(problems).toEqual([
    expect.stringMatching(/ may not replicate$/),
    expect.stringMatching(/ may not create a schema and a publication in app$/),
    `odd "schema.it's belongs to another role, which alone may publish it`,
    `odd "schema.it's may not be read by debezium`,
    'public.plain belongs to another role, which alone may publish it',
    'public.plain may not be read by debezium',
  ])
})

test('what a finding gives as its repair repairs it', async () => {
  await run(
    `CREATE TABLE public.plain (id int PRIMARY KEY, note text, c int NOT NULL UNIQUE); ALTER TABLE public.plain REPLICA IDENTITY USING INDEX plain_c_key`,
  )
  const tables = parseTables({ tables: [plainTable] })
  const [finding, ...others] = await sourceFindings(source.client, tables)
  expect(others).toEqual([])
  await run(finding?.repair ?? '')
  expect(await sourceFindings(source.client, tables)).toEqual([])
})

test('detaching removes what was created, a slot in use included, and is harmless twice', async () => {
  const tables = await createTables()
  await prepare(tables)
  await createSlot()
  const reader = await readSlot()
  const announced: string[] = []
  const detach = () => detachSource(source.client, { announce: (sentence) => announced.push(sentence) })
  expect(await detach()).toEqual(['the replication slot debezium_slot', 'the publication dbz_publication', 'the schema cdc'])
  expect(announced).toHaveLength(3)
  expect(await reader.ended).toMatch(/terminating connection/)
  expect(
    await rows(
      "SELECT 1 AS x FROM pg_replication_slots UNION ALL SELECT 1 FROM pg_publication UNION ALL SELECT 1 FROM pg_namespace WHERE nspname = 'cdc'",
    ),
  ).toEqual([])
  expect(await detach()).toEqual([])
  expect(await rows('SELECT count(*) AS n FROM public.plain')).toEqual([{ n: '0' }])
})

test("detaching leaves alone what is not the pipeline's", async () => {
  await run(`CREATE SCHEMA cdc; CREATE TABLE cdc.canary (a int); CREATE PUBLICATION dbz_publication`)
  await createSlot()
  expect(await detachSource(source.client, { announce: () => undefined })).toEqual([])
  const tables = await rows("SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'cdc'")
  expect(tables).toEqual([{ n: '1' }])
})

test("a user's own object in the schema cdc stops its removal, and stays", async () => {
  const tables = await createTables()
  await prepare(tables)
  await run('CREATE TABLE cdc.mine (a int)')
  await expect(detachSource(source.client, { announce: () => undefined })).rejects.toThrow(
    /The schema cdc holds, or is used by, something that is not the pipeline's/,
  )
  expect(await rows("SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'cdc'")).toEqual([{ n: '5' }])
})

test('the samples have seven rows each, and the walkthrough does what it says', async () => {
  expect(await prepareSamples(source.client)).toBe(true)
  expect(await prepareSamples(source.client)).toBe(false)
  expect(await rows('SELECT (SELECT count(*) FROM public.orders) AS orders, (SELECT count(*) FROM public.products) AS products')).toEqual([
    { orders: '7', products: '7' },
  ])
  for (const { sql } of walkthrough) await run(sql)
  expect(await rows('SELECT order_id AS id, status FROM public.orders WHERE order_id IN (100, 201, 301, 302, 303) ORDER BY 1')).toEqual([
    { id: '100', status: 'SHIPPED' },
    { id: '201', status: 'DELIVERED' },
    { id: '301', status: 'NEW' },
    { id: '302', status: 'NEW' },
    { id: '303', status: 'NEW' },
  ])
  expect(await rows("SELECT price, stock_quantity AS stock FROM public.products WHERE product_name = 'Ergonomic Chair'")).toEqual([
    { price: '549.99', stock: '30' },
  ])
  expect(await rows("SELECT count(*) AS n FROM public.products WHERE product_name IN ('Bluetooth Speaker', 'Standing Desk')")).toEqual([
    { n: '2' },
  ])
  expect(await rows("SELECT count(*) AS n FROM public.products WHERE product_name = 'Test Widget'")).toEqual([{ n: '0' }])
})

test('a slot that something reads already is not taken from it', async () => {
  await prepare(await createTables())
  await createSlot()
  await refuseOtherReader(source.client, 0)
  const { ended } = await readSlot()
  await expect(refuseOtherReader(source.client, 0)).rejects.toMatchObject({
    name: 'SourceNotReady',
    message: expect.stringMatching(/is being read already/),
  })
  await detachSource(source.client, { announce: () => {} })
  await ended
  await refuseOtherReader(source.client, 0)
})
