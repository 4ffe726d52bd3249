import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { mockClient } from 'aws-sdk-client-mock'
import { awaitSnapshot } from '../../../handlers/provision/await-snapshot.ts'
import { checkSource } from '../../../handlers/provision/check-source.ts'
import { ensureCanary } from '../../../handlers/provision/ensure-canary.ts'
import { ensureSource } from '../../../handlers/provision/ensure-source.ts'
import { connectSource } from '../../../local/source/connection.ts'
import type { CanaryChange } from '../../../pipeline/canary-sql.ts'
import { type CapturedTable, parseTables } from '../../../pipeline/tables.ts'
import { asked } from '../../handlers/provision/asked.ts'
import { type DataApiSource, startDataApiSource } from './data-api-source.ts'

jest.setTimeout(30_000)

let source: DataApiSource
beforeAll(async () => {
  source = await startDataApiSource()
}, 60_000)
afterAll(() => source.stop())

const run = (sql: string) => source.client.query<Record<string, string>>(sql)
const rows = async (sql: string) => (await run(sql)).rows
const plain = {
  schema: 'public',
  name: 'plain',
  columns: [
    { name: 'id', type: 'integer' },
    { name: 'note', type: 'text' },
    { name: 'mood', type: 'public.mood', kind: 'enum' },
  ],
  primaryKey: ['id'],
  replicaIdentity: 'full',
}
const odd = { schema: 'odd "schema', name: 'a:b', columns: [{ name: 'id', type: 'bigint' }], primaryKey: ['id'] }

beforeEach(async () => {
  source.allow(Number.POSITIVE_INFINITY)
  await run('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots')
  await run(`DROP PUBLICATION IF EXISTS dbz_publication; DROP SCHEMA IF EXISTS cdc, "odd ""schema" CASCADE; DROP TABLE IF EXISTS public.plain;
    DROP TYPE IF EXISTS public.mood; ALTER ROLE ${source.role.user} NOREPLICATION`)
  await run(`CREATE TYPE public.mood AS ENUM ('sad'); CREATE TABLE public.plain (id int PRIMARY KEY, note text, mood public.mood);
    CREATE SCHEMA "odd ""schema"; CREATE TABLE "odd ""schema"."a:b" (id bigint PRIMARY KEY)`)
})

const declared = (...tables: object[]): CapturedTable[] => parseTables({ tables })
const repairRole = () =>
  run(`ALTER ROLE ${source.role.user} REPLICATION; GRANT USAGE ON SCHEMA public, "odd ""schema" TO ${source.role.user};
    GRANT SELECT ON public.plain, "odd ""schema"."a:b" TO ${source.role.user}`)

test('what Debezium’s role may not is found by asking as that role, and the repairs repair it', async () => {
  const place = source.place(declared(plain, odd))
  const refused = await checkSource(asked(), place).then(
    () => '',
    (error: Error) => `${error.name}: ${error.message}`,
  )
  expect(refused).toMatch(/^SourceNotReady: The source cannot be captured yet; 3 things are to be repaired:/)
  for (const problem of [
    'debezium may not replicate',
    'public.plain may not be read by debezium',
    'odd "schema.a:b may not be read by debezium',
  ]) {
    expect(refused).toContain(`- ${problem}\n`)
  }
  for (const [, repair = ''] of refused.matchAll(/\n {4}(?:As an administrator: )?(.+)/g)) await run(repair)
  expect((await checkSource(asked(), place)).seen).toBe('the source can be captured: 3 tables are as declared')
})

test('every kind of finding comes in one error', async () => {
  await repairRole()
  await run("SELECT pg_create_logical_replication_slot('debezium_slot', 'test_decoding')")
  await run(`CREATE SCHEMA cdc; CREATE PUBLICATION dbz_publication FOR ALL TABLES;
    ALTER TABLE public.plain DROP COLUMN note, DROP CONSTRAINT plain_pkey, ALTER COLUMN id TYPE bigint; DROP TABLE "odd ""schema"."a:b"`)
  await expect(checkSource(asked(), source.place(declared(plain, odd)))).rejects.toMatchObject({
    name: 'SourceNotReady',
    message: expect.stringMatching(
      /7 things .*\n- The schema cdc exists .*\n.*\n- The publication .*\n.*\n- The replication slot debezium_slot exists and is left by .*\n.*\n- public.plain.id is bigint.*\n.*\n- public.plain.note does not exist\n.*\n- public.plain has the primary key \(\).*\n.*\n- odd "schema.a:b does not exist/,
    ),
  })
})

test('a database is prepared whole, and a second time nothing is done', async () => {
  await repairRole()
  const place = source.place(declared(plain, odd))
  const first = await ensureSource(asked(), place)
  expect(first).toMatchObject({ ready: true, seen: 'the source is prepared', already: [] })
  expect(first.did).toEqual([
    'created the schema cdc with the tables debezium_signal, canary, snapshots and vanished_keys',
    'set the replica identity of public.plain to full, as declared (it was default)',
    'created the publication dbz_publication of 4 tables',
    'let debezium read and signal in the schema cdc',
  ])
  expect(await ensureSource(asked(), place)).toMatchObject({
    seen: 'the source was prepared already',
    did: [],
    already: [
      'the schema cdc with the tables debezium_signal, canary, snapshots and vanished_keys is there',
      'the replica identity of 1 table is full, as declared',
      'the publication dbz_publication of 4 tables is as wanted',
      'debezium may read and signal in the schema cdc',
    ],
  })
  const debezium = await connectSource(source.role.url)
  await debezium.query("SELECT * FROM cdc.canary; INSERT INTO cdc.debezium_signal VALUES ('1', 'log', '')")
  await debezium.end()
  await checkSource(asked(), place)
})

test('killed after any statement and called again, it ends in the same state', async () => {
  await repairRole()
  const place = source.place(declared(plain, odd))
  const state = () =>
    rows(`SELECT (SELECT string_agg(schemaname || '.' || tablename, ' ' ORDER BY schemaname, tablename) FROM pg_publication_tables) AS published,
      (SELECT string_agg(relname || relreplident::text, ' ' ORDER BY relname) FROM pg_class WHERE relname IN ('plain', 'a:b')) AS identities,
      obj_description('cdc'::regnamespace, 'pg_namespace') AS mark, (SELECT obj_description(oid, 'pg_publication') FROM pg_publication) AS mark2,
      has_table_privilege('debezium', 'cdc.debezium_signal', 'INSERT')::text AS signals`)
  const killed: number[] = []
  for (let statements = 0; ; statements += 1) {
    await run(
      `DROP PUBLICATION IF EXISTS dbz_publication; DROP SCHEMA IF EXISTS cdc CASCADE; ALTER TABLE public.plain REPLICA IDENTITY DEFAULT`,
    )
    source.allow(statements)
    const survived = await ensureSource(asked(), place).then(
      () => true,
      () => false,
    )
    source.allow(Number.POSITIVE_INFINITY)
    if (survived) break
    killed.push(statements)
    // A check in between refuses nothing that is half done.
    await checkSource(asked(), place)
    expect(await ensureSource(asked(), place)).toMatchObject({ ready: true })
    expect(await state()).toEqual([
      {
        published: 'cdc.canary cdc.debezium_signal odd "schema.a:b public.plain',
        identities: 'a:bd plainf',
        mark: 'aurora-cdc-s3-tables',
        mark2: 'aurora-cdc-s3-tables',
        signals: 'true',
      },
    ])
  }
  expect(killed.length).toBeGreaterThan(10)
}, 60_000)

test('two at once do no harm', async () => {
  await repairRole()
  const place = source.place(declared(plain, odd))
  const answers = await Promise.all([ensureSource(asked(), place), ensureSource(asked(), place)])
  expect(answers.map(({ ready }) => ready)).toEqual([true, true])
  expect(await rows('SELECT count(*)::text AS n FROM pg_publication_tables')).toEqual([{ n: '4' }])
})

test('a table that a transaction holds is reported, and what came before stays done', async () => {
  await repairRole()
  const holder = await connectSource(source.url)
  await holder.query('BEGIN; LOCK TABLE public.plain')
  await expect(ensureSource(asked(), source.place(declared(plain)))).rejects.toMatchObject({
    name: 'SourceBusy',
    message: expect.stringMatching(/more than 10 s/),
  })
  await holder.end()
  expect(await ensureSource(asked(), source.place(declared(plain)))).toMatchObject({ ready: true })
}, 30_000)

test('a slot that another role reads is found; that of Debezium’s role is its own', async () => {
  await repairRole()
  const place = source.place(declared(plain))
  await ensureSource(asked(), place)
  await run("SELECT pg_create_logical_replication_slot('debezium_slot', 'pgoutput')")
  await checkSource(asked(), place)
  const own = await source.readSlot(source.role.url)
  await checkSource(asked(), place)
  await own.stop()
  const other = await source.readSlot(source.url)
  await expect(checkSource(asked(), place)).rejects.toThrow(/The replication slot debezium_slot is being read by postgres, not by debezium/)
  await other.stop()
})

test('a slot that is gone after tables were captured by it is named, unless that is known', async () => {
  await repairRole()
  const place = source.place(declared(plain))
  await ensureSource(asked(), place)
  // Provisioned and not captured yet: the connector makes the slot.
  await checkSource(asked(), place)
  await run("SELECT pg_create_logical_replication_slot('debezium_slot', 'pgoutput')")
  await run('UPDATE cdc.snapshots SET completed_at = now()')
  await checkSource(asked(), place)
  await run("SELECT pg_drop_replication_slot('debezium_slot')")
  await expect(checkSource(asked(), place)).rejects.toMatchObject({
    name: 'SlotLost',
    message: expect.stringMatching(
      /^The replication slot debezium_slot is gone, .* start an execution with the input \{"recover": "lost-slot"\}/,
    ),
  })
  const known = { ...asked(), request: { ...asked().request, recover: 'lost-slot' as const } }
  await checkSource(known, place)
  // A recovery that was cut off.
  await run("UPDATE cdc.snapshots SET completed_at = NULL, reason = 'lost slot'")
  await expect(checkSource(asked(), place)).rejects.toMatchObject({ name: 'SlotLost' })
  // Nothing else is passed over.
  await run('ALTER TABLE public.plain DROP COLUMN note')
  await expect(checkSource(known, place)).rejects.toMatchObject({
    name: 'SourceNotReady',
    message: expect.stringContaining('one thing is to be'),
  })
})

test('a slot that is gone before the first snapshot is over is named: rows of it may have been delivered', async () => {
  await repairRole()
  const place = source.place(declared(plain))
  await ensureSource(asked(), place)
  const logs = mockClient(CloudWatchLogsClient)
  logs.on(FilterLogEventsCommand).resolves({ events: [] })
  // The connector has not begun.
  expect(await awaitSnapshot(asked<never>(), place)).toMatchObject({ ready: false, noted: false })
  await checkSource(asked(), place)
  await run("SELECT pg_create_logical_replication_slot('debezium_slot', 'pgoutput')")
  expect(await awaitSnapshot(asked<never>(), place)).toMatchObject({ ready: false, noted: true })
  await run("SELECT pg_drop_replication_slot('debezium_slot')")
  await expect(checkSource(asked(), place)).rejects.toMatchObject({ name: 'SlotLost' })
  logs.restore()
})

test('a table that cannot be copied beside the stream is refused before anything is changed, among all other findings', async () => {
  await repairRole()
  await run(`CREATE TABLE public.keyless (note text); GRANT SELECT ON public.keyless TO ${source.role.user}`)
  const keyless = {
    schema: 'public',
    name: 'keyless',
    columns: [{ name: 'note', type: 'text' }],
    primaryKey: [],
    replicaIdentity: 'full',
  }
  const [before, after] = [declared(plain), declared(plain, odd, keyless)]
  const error = (request = asked()) =>
    checkSource(request, source.place(after)).then(
      () => undefined,
      ({ name, message }: Error) => ({ name, message }),
    )
  await run(`INSERT INTO public.keyless VALUES ('x'); INSERT INTO "odd ""schema"."a:b" VALUES (1)`)
  // The first initial snapshot reads whatever it is.
  expect(await error()).toBeUndefined()
  await ensureSource(asked(), source.place(before))
  await run("SELECT pg_create_logical_replication_slot('debezium_slot', 'pgoutput')")
  await run('UPDATE cdc.snapshots SET completed_at = now()')
  const refused = await error()
  expect(refused).toMatchObject({ name: 'SnapshotImpossible', message: expect.stringContaining('2 things are to be repaired') })
  expect(refused?.message).toContain('public.keyless has rows and no primary key: it cannot be snapshotted beside the stream')
  expect(refused?.message).toContain('odd "schema.a:b has rows, and a name that Debezium cannot read again')
  await run('ALTER TABLE public.plain DROP COLUMN note')
  expect(await error()).toMatchObject({ name: 'SourceNotReady', message: expect.stringContaining('3 things are to be repaired') })
  await run('ALTER TABLE public.plain ADD COLUMN note text; DELETE FROM public.keyless; DELETE FROM "odd ""schema"."a:b"')
  expect(await error()).toBeUndefined()
  // Copied again by an initial snapshot: of one without a key, every row would be there twice.
  await run(`INSERT INTO public.keyless VALUES ('x'); INSERT INTO "odd ""schema"."a:b" VALUES (1)`)
  await run("SELECT pg_drop_replication_slot('debezium_slot')")
  expect(await error({ ...asked(), request: { ...asked().request, recover: 'lost-slot' } })).toMatchObject({
    name: 'SnapshotImpossible',
    message: expect.stringMatching(/one thing is to be repaired:\n- public\.keyless has rows and no primary key: copied again/),
  })
  await run('DROP TABLE public.keyless')
})

test('a database of hundreds of tables with thousands of columns is read in pages', async () => {
  const tables = Array.from({ length: 60 }, (_, index) => ({
    schema: 'public',
    name: `wide_${index}`,
    columns: Array.from({ length: 80 }, (_unused, column) => ({ name: `column_${column}`, type: 'integer' })),
    primaryKey: ['column_0'],
  }))
  for (const { name, columns } of tables)
    await run(`CREATE TABLE public.${name} (${columns.map((column) => `${column.name} int`).join(', ')}, PRIMARY KEY (column_0))`)
  await repairRole()
  await run(
    `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${source.role.user}; ALTER TABLE public.wide_59 ALTER COLUMN column_79 TYPE text`,
  )
  await expect(checkSource(asked(), source.place(declared(...tables)))).rejects.toThrow(
    /one thing is to be repaired:\n- public.wide_59.column_79 is text, declared as integer/,
  )
  for (const { name } of tables) await run(`DROP TABLE public.${name}`)
}, 30_000)

test('the canary’s row is inserted, changed and deleted, once each, and leftovers go', async () => {
  await repairRole()
  const place = source.place(declared(plain))
  await ensureSource(asked(), place)
  await run(
    "INSERT INTO cdc.canary VALUES ('smoke-old', 1, now() - interval '2 hours'), ('smoke-other', 1, now()), ('verify', 1, now() - interval '2 hours')",
  )
  const make = (change: CanaryChange) => ensureCanary({ ...asked(), parameters: { change } }, place)
  const values = async () => (await rows('SELECT name, value FROM cdc.canary ORDER BY name')).map(({ name, value }) => `${name}=${value}`)
  expect((await make('insert')).did).toEqual([
    'removed 1 canary rows of executions that were stopped',
    "made the insert of the canary's row",
  ])
  expect(await values()).toEqual(['smoke-other=1', 'smoke-run=1', 'verify=1'])
  expect(await make('insert')).toMatchObject({ did: [], already: ["the insert of the canary's row was made"] })
  expect((await make('update')).did).toHaveLength(1)
  expect(await values()).toContain('smoke-run=2')
  await make('delete')
  expect(await values()).toEqual(['smoke-other=1', 'verify=1'])
  expect((await make('delete')).already).toHaveLength(1)
})

test('a secret that does not fit, and a statement that is refused, say so', async () => {
  const tables = declared(plain)
  await expect(checkSource(asked(), source.place(tables, { debeziumSecret: source.wrongSecret }))).rejects.toMatchObject({
    name: 'SourceSecretUnusable',
    message: expect.stringMatching(/secret:wrong-AbCdEf: .*password authentication failed/),
  })
  await expect(
    ensureSource(asked(), source.place(tables, { preparationSecret: source.place(tables).plan.source.debeziumSecret })),
  ).rejects.toMatchObject({
    name: 'SourceQueryFailed',
    message: expect.stringMatching(/permission denied for database app/),
  })
})
