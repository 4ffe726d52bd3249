import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { ensureSource } from '../../../handlers/provision/ensure-source.ts'
import type { StepPlace } from '../../../handlers/provision/step.ts'
import { checkNoSlot } from '../../../handlers/teardown/check-no-slot.ts'
import { ensureCleanSource } from '../../../handlers/teardown/ensure-clean-source.ts'
import { notOurs, readRemains } from '../../../pipeline/source-teardown.ts'
import { parseTables } from '../../../pipeline/tables.ts'
import { asked } from '../../handlers/provision/asked.ts'
import { type DataApiSource, startDataApiSource } from '../provision/data-api-source.ts'

jest.setTimeout(30_000)

let source: DataApiSource
let place: StepPlace
beforeAll(async () => {
  source = await startDataApiSource()
  const plain = { schema: 'public', name: 'plain', columns: [{ name: 'id', type: 'integer' }], primaryKey: ['id'] }
  place = source.place(parseTables({ tables: [plain] }))
}, 60_000)
afterAll(() => source.stop())

const run = (sql: string) => source.client.query<Record<string, string>>(sql)

beforeEach(async () => {
  source.allow(Number.POSITIVE_INFINITY)
  await run('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots')
  await run(`DROP PUBLICATION IF EXISTS dbz_publication, theirs; DROP SCHEMA IF EXISTS cdc, reports CASCADE; DROP TABLE IF EXISTS public.plain;
    CREATE TABLE public.plain (id int PRIMARY KEY); CREATE PUBLICATION theirs FOR TABLE public.plain; CREATE SCHEMA reports;
    ALTER ROLE ${source.role.user} REPLICATION`)
  await run("SELECT pg_create_logical_replication_slot('theirs', 'pgoutput')")
})

/** As the provisioning and the connector leave it. */
async function provisioned(): Promise<void> {
  await ensureSource(asked(), place)
  await run("SELECT pg_create_logical_replication_slot('debezium_slot', 'pgoutput')")
}

const there = async () => {
  const { rows } = await run(`
    SELECT 'publication ' || pubname AS what FROM pg_publication UNION ALL SELECT 'slot ' || slot_name FROM pg_replication_slots
    UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname IN ('cdc', 'reports') UNION ALL SELECT 'table ' || relname FROM pg_class WHERE relname = 'plain' ORDER BY 1`)
  return rows.map(({ what }) => what)
}
const theirs = ['publication theirs', 'schema reports', 'slot theirs', 'table plain']
const ours = ['publication dbz_publication', 'schema cdc', 'slot debezium_slot']

/** As the state machine does: asked again where it is not ready or failed. */
async function clean(): Promise<readonly string[]> {
  const { did, ready } = await ensureCleanSource(asked(), place)
  expect(ready).toBe(true)
  await checkNoSlot(asked(), place)
  return did
}

test('all that is ours goes, nothing else does, and a second time there is nothing to do', async () => {
  await provisioned()
  expect(await there()).toEqual([...ours, ...theirs].toSorted())
  expect(await clean()).toHaveLength(3)
  expect(await there()).toEqual(theirs)
  expect(await clean()).toEqual([])
  await provisioned()
  expect(await there()).toEqual([...ours, ...theirs].toSorted())
})

test('whoever dies at any statement and begins again comes to the same', async () => {
  let statements = 0
  for (let died = true; died; statements += 1) {
    await provisioned()
    source.allow(statements)
    died = await ensureCleanSource(asked(), place).then(
      () => false,
      () => true,
    )
    source.allow(Number.POSITIVE_INFINITY)
    await clean()
    expect(await there()).toEqual(theirs)
  }
  expect(statements).toBeGreaterThan(6)
})

test.each([
  [
    'a schema that somebody else made',
    'CREATE SCHEMA cdc; CREATE TABLE cdc.canary (name text)',
    'the schema cdc was not created by this pipeline',
  ],
  [
    'a publication that somebody else made',
    'CREATE PUBLICATION dbz_publication FOR TABLE public.plain',
    'the publication dbz_publication was not',
  ],
  [
    'a slot with nothing marked beside it',
    "SELECT pg_create_logical_replication_slot('debezium_slot', 'pgoutput')",
    'debezium_slot of the database app',
  ],
])('%s stays, and is named', async (_what, sql, says) => {
  await run(sql)
  const before = await there()
  await expect(ensureCleanSource(asked(), place)).rejects.toMatchObject({ name: 'NotOurs', message: expect.stringContaining(says) })
  expect(await there()).toEqual(before)
})

test("what somebody put into the pipeline's schema stops it before anything is dropped", async () => {
  await provisioned()
  await run('CREATE TABLE cdc.report (id int); CREATE TYPE cdc.mood AS ENUM (); CREATE FUNCTION cdc.f() RETURNS int LANGUAGE sql RETURN 1')
  const remains = await readRemains(async (query) => (await run(query)).rows)
  expect(notOurs(remains)).toEqual([expect.stringContaining("holds what is not the pipeline's: f, mood, report.")])
  await expect(ensureCleanSource(asked(), place)).rejects.toMatchObject({ name: 'NotOurs' })
  expect(await there()).toEqual([...ours, ...theirs].toSorted())
})

test('a view on a table of ours elsewhere is not torn along, and once it is gone it goes on', async () => {
  await provisioned()
  await run('CREATE VIEW reports.canaries AS SELECT name FROM cdc.canary')
  await expect(ensureCleanSource(asked(), place)).rejects.toMatchObject({
    name: 'NotOurs',
    message: expect.stringContaining('such as a view'),
  })
  expect(await there()).toEqual([...theirs, 'schema cdc'].toSorted())
  await run('DROP VIEW reports.canaries')
  expect(await clean()).toEqual([expect.stringContaining('schema cdc')])
})

test('a slot that is being read is waited for, and its reader left alone', async () => {
  await provisioned()
  const reader = new Client({ connectionString: `${source.url}?replication=database` })
  reader.on('error', () => undefined)
  await reader.connect()
  const ended = reader
    .query("START_REPLICATION SLOT debezium_slot LOGICAL 0/0 (proto_version '1', publication_names 'dbz_publication')")
    .catch(() => undefined)
  const isActive = async (active: string) => {
    while (
      (await run("SELECT active::text AS active FROM pg_replication_slots WHERE slot_name = 'debezium_slot'")).rows[0]?.['active'] !==
      active
    )
      await sleep(20)
  }
  await isActive('true')
  expect(await ensureCleanSource(asked(), place)).toMatchObject({ ready: false, did: [] })
  expect(await there()).toEqual([...ours, ...theirs].toSorted())
  await isActive('true')
  await run('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL')
  await ended
  await isActive('false')
  expect(await clean()).toHaveLength(3)
})
