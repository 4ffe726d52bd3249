import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { discoverTables } from '../../../local/source/discover.ts'
import { parsePatterns } from '../../../local/source/patterns.ts'
import { prepareSamples } from '../../../local/source/samples.ts'
import { readTablesFile, writeTablesFile } from '../../../local/source/tables-file.ts'
import type { TableDeclaration } from '../../../pipeline/tables-file.ts'
import { startTestSource, type TestSource } from './server.ts'

let source: TestSource
beforeAll(async () => {
  source = await startTestSource()
}, 60_000)
afterAll(() => source.stop())
beforeEach(async () => {
  await source.client.query('DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop; SET search_path = shop')
})

const run = (sql: string) => source.client.query(`SET search_path = shop; ${sql}; SET search_path = ''`)
const discover = (patterns: string, declared: readonly TableDeclaration[] = []) =>
  discoverTables(source.client, patterns === '' ? [] : parsePatterns(patterns), declared)
const warnings = async (patterns: string) =>
  (await discover(patterns)).warnings.flatMap((table) => table.warnings.map(({ kind, text }) => `${kind}: ${text}`))

test('the sample tables are found as tables.json has them', async () => {
  await prepareSamples(source.client)
  const { declarations } = await discover('orders,public.products')
  const file = join(import.meta.dirname, '..', '..', '..', 'tables.json')
  expect(declarations).toEqual(JSON.parse(readFileSync(file, 'utf8')).tables)
})

test('types, nullability, keys and identities are what the catalogs say', async () => {
  await run(`
    CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN small AS integer; CREATE DOMAIN smaller AS small;
    CREATE TABLE "Odd ""Name" (b text, "Key 2" int, "Key 1" bigint, m mood, ms mood[] NOT NULL, d smaller, t timestamptz(3), n numeric(5,-2), r int4range,
      PRIMARY KEY ("Key 2", "Key 1"));
    ALTER TABLE "Odd ""Name" REPLICA IDENTITY FULL`)
  const { declarations } = await discover('shop."Odd ""Name"')
  expect(declarations).toEqual([
    {
      schema: 'shop',
      name: 'Odd "Name',
      columns: [
        { name: 'b', type: 'text' },
        { name: 'Key 2', type: 'integer', nullable: false },
        { name: 'Key 1', type: 'bigint', nullable: false },
        { name: 'm', type: 'shop.mood', kind: 'enum' },
        { name: 'ms', type: 'shop.mood[]', nullable: false, kind: 'enum' },
        { name: 'd', type: 'shop.smaller', kind: 'domain', baseType: 'integer' },
        { name: 't', type: 'timestamp(3) with time zone' },
        { name: 'n', type: 'numeric(5,-2)' },
        { name: 'r', type: 'int4range' },
      ],
      primaryKey: ['Key 2', 'Key 1'],
      replicaIdentity: 'full',
    },
  ])
})

test('an unchanged source changes nothing, and what was set by hand stays', async () => {
  await run('CREATE TABLE a (id int PRIMARY KEY, at time); CREATE TABLE b (id int PRIMARY KEY)')
  const { declarations } = await discover('shop.*')
  const byHand = declarations.map((table) =>
    table.name === 'a'
      ? {
          ...table,
          iceberg: { name: 'mine' },
          columns: table.columns.map((column) => (column.name === 'at' ? { ...column, iceberg: { type: 'time' } } : column)),
        }
      : { ...table, capture: false },
  )
  const again = await discover('shop.*', byHand)
  expect(again.changes).toEqual([])
  expect(again.declarations).toEqual(byHand)
})

test('new columns are added, vanished ones dropped, new tables come last', async () => {
  await run('CREATE TABLE b (id int PRIMARY KEY, gone text, kept varchar(10))')
  const { declarations } = await discover('shop.*')
  await run('ALTER TABLE b DROP gone, ADD more int, ALTER kept TYPE varchar(20); CREATE TABLE a (id int PRIMARY KEY)')
  const again = await discover('shop.*', declarations)
  expect(again.declarations).toEqual([
    {
      schema: 'shop',
      name: 'b',
      columns: [
        { name: 'id', type: 'integer', nullable: false },
        { name: 'gone', type: 'text', dropped: true },
        { name: 'kept', type: 'character varying(20)' },
        { name: 'more', type: 'integer', added: true },
      ],
      primaryKey: ['id'],
    },
    { schema: 'shop', name: 'a', columns: [{ name: 'id', type: 'integer', nullable: false }], primaryKey: ['id'] },
  ])
  expect(again.changes).toHaveLength(5)
  expect(again.changes).toContainEqual(expect.stringContaining('a column that was renamed is one that was dropped (gone: '))
  expect((await discover('', again.declarations)).changes).toEqual([])
})

test('a changed type and a changed key are refused, both at once', async () => {
  await run('CREATE TABLE a (id int PRIMARY KEY, n numeric(10,2))')
  const { declarations } = await discover('shop.*')
  await run('ALTER TABLE a DROP CONSTRAINT a_pkey, ALTER n TYPE numeric(12,3)')
  const refused = discover('shop.*', declarations)
  await expect(refused).rejects.toThrow(/shop\.a: the primary key is declared as \(id\) and is now \(\)/)
  await expect(refused).rejects.toThrow(/shop\.a\.n is declared as numeric\(10,2\) and is now numeric\(12,3\)/)
})

test('a wider type is declared with what the Iceberg table was created as, however often it gets wider', async () => {
  await run('CREATE TABLE a (id int PRIMARY KEY, small smallint, n numeric(10,2), r real, l int, t text)')
  const first = await discover('shop.*')
  const declared = first.declarations.map((table) => ({
    ...table,
    columns: table.columns.map((column) => (column.name === 'l' ? { ...column, iceberg: { type: 'long' } } : column)),
  }))
  await run(
    'ALTER TABLE a ALTER id TYPE bigint, ALTER small TYPE int, ALTER n TYPE numeric(12,2), ALTER r TYPE float8, ALTER l TYPE bigint, ADD late int',
  )
  const second = await discover('', declared)
  await run('ALTER TABLE a ALTER n TYPE numeric(20,2), ALTER late TYPE bigint')
  const third = await discover('', second.declarations)
  expect(third.declarations[0]?.columns).toEqual([
    { name: 'id', type: 'bigint', nullable: false, iceberg: { createdAs: 'int' } },
    { name: 'small', type: 'integer' },
    { name: 'n', type: 'numeric(20,2)', iceberg: { createdAs: 'decimal(10,2)' } },
    { name: 'r', type: 'double precision', iceberg: { createdAs: 'float' } },
    { name: 'l', type: 'bigint', iceberg: { type: 'long' } },
    { name: 't', type: 'text' },
    { name: 'late', type: 'bigint', added: true },
  ])
  expect(second.changes).toContain('shop.a.id was integer and is now bigint')
  expect((await discover('', third.declarations)).changes).toEqual([])
})

test.each([
  ['a narrower number', 'n bigint', 'n TYPE int'],
  ['a number without bounds', 'n numeric(10,2)', 'n TYPE numeric'],
  ['a number of another kind', 'n int', 'n TYPE numeric(12,0)'],
  ['a number that became text', 'n int', 'n TYPE text'],
  ['a list of wider numbers', 'n int[]', 'n TYPE bigint[]'],
])('%s is refused, with the way out', async (_what, before, after) => {
  await run(`CREATE TABLE a (id int PRIMARY KEY, ${before})`)
  const { declarations } = await discover('shop.*')
  await run(`ALTER TABLE a ALTER ${after}`)
  await expect(discover('', declarations)).rejects.toThrow(
    /shop\.a\.n is declared as .* cannot follow\. Put it back at the source, or add a new column/,
  )
})

test('a column of a type that Athena does not add is declared as text', async () => {
  await run('CREATE TABLE a (id int PRIMARY KEY)')
  const { declarations } = await discover('shop.*')
  await run('ALTER TABLE a ADD at timestamptz, ADD key uuid')
  const again = await discover('', declarations)
  expect(again.declarations[0]?.columns.slice(1)).toEqual([
    { name: 'at', type: 'timestamp with time zone', iceberg: { type: 'string' }, added: true },
    { name: 'key', type: 'uuid', added: true },
  ])
  expect(again.changes).toContain('shop.a.at was added at the source: as string, since Athena adds no columns of the type timestamptz')
})

test('columns that come to a table without primary key are left out, with a warning', async () => {
  await run('CREATE TABLE a (n int)')
  const { declarations } = await discover('shop.*')
  await run('ALTER TABLE a ADD late int')
  const again = await discover('', declarations)
  expect(again.declarations).toEqual(declarations)
  expect(again.warnings[0]?.warnings).toContainEqual({
    kind: 'not-declared',
    text: expect.stringContaining('came to have late, which is left out'),
  })
})

test('a former Iceberg table keeps its entry, and the one beside it follows the source', async () => {
  await run('CREATE TABLE a (id int PRIMARY KEY, n int)')
  const [entry] = (await discover('shop.*')).declarations
  if (!entry) throw new Error('no entry')
  await run('ALTER TABLE a ALTER n TYPE text, ADD late int')
  const former = { ...entry, capture: false }
  const columns = entry.columns.map((column) => (column.name === 'n' ? { ...column, type: 'text' } : column))
  const beside = { ...entry, columns, iceberg: { name: 'shop_a_2' } }
  for (const declared of [
    [former, beside],
    [beside, former],
  ]) {
    const { declarations } = await discover('shop.*', declared)
    expect(declarations).toHaveLength(2)
    expect(declarations).toContainEqual(former)
    expect(declarations).toContainEqual({ ...beside, columns: [...columns, { name: 'late', type: 'integer', added: true }] })
  }
})

test('a declared table that is gone is said to be, and stays declared', async () => {
  await run('CREATE TABLE a (id int PRIMARY KEY)')
  const { declarations } = await discover('shop.a')
  await run('DROP TABLE a')
  const again = await discover('', declarations)
  expect(again.gone).toEqual([{ schema: 'shop', name: 'a' }])
  expect(again.declarations).toEqual(declarations)
})

test.each([
  ['no primary key', 'CREATE TABLE t (id int)', /^no-primary-key: .*ALTER TABLE "shop"\."t" ADD PRIMARY KEY/],
  ['unlogged', 'CREATE UNLOGGED TABLE t (id int PRIMARY KEY)', /^unlogged: .*ALTER TABLE "shop"\."t" SET LOGGED/],
  [
    'partitioned',
    'CREATE TABLE t (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1)',
    /^partitioned: .*publish_via_partition_root/,
  ],
  ['TOAST', 'CREATE TABLE t (id int PRIMARY KEY, big text)', /^toast: .*in big: .*"replicaIdentity": "full"/],
  [
    'identity by an index',
    'CREATE TABLE t (id int PRIMARY KEY, c int NOT NULL UNIQUE); ALTER TABLE t REPLICA IDENTITY USING INDEX t_c_key',
    /^replica-identity: uses an index over \(c\)/,
  ],
  [
    'identity nothing',
    'CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t REPLICA IDENTITY NOTHING',
    /^replica-identity: .*REPLICA IDENTITY NOTHING/,
  ],
  ['a type that is not sent', 'CREATE TABLE t (id int PRIMARY KEY, q tsquery)', /^type: q \(tsquery\): Debezium does not send/],
  ['generated', 'CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id) STORED)', /^generated: .*\(g\)/],
  ['names that differ in case', 'CREATE TABLE t (id int PRIMARY KEY, a int, "A" int)', /^renamed: A is "a_2" in Iceberg/],
])('warns of: %s', async (_what, sql, expected) => {
  await run(sql)
  expect(await warnings('shop.*')).toEqual([expect.stringMatching(expected)])
})

test('nothing to warn of: full identity, identity by the key index', async () => {
  await run(`CREATE TABLE t (id int PRIMARY KEY, big text); ALTER TABLE t REPLICA IDENTITY FULL;
    CREATE TABLE u (id int PRIMARY KEY); ALTER TABLE u REPLICA IDENTITY USING INDEX u_pkey`)
  expect(await warnings('shop.*')).toEqual([])
  const { tables } = await discover('shop.*')
  expect(tables.map(({ name, replicaIdentity }) => [name, replicaIdentity])).toEqual([
    ['t', 'full'],
    ['u', 'default'],
  ])
})

test('what cannot be captured is skipped with the reason', async () => {
  await run(`CREATE TABLE f (id float8 PRIMARY KEY); CREATE VIEW v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
    CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1)`)
  const { tables, skipped } = await discover('shop.*')
  expect(tables.map(({ name }) => name)).toEqual(['f', 'p'])
  // Iceberg allows no floating-point identifier.
  expect(tables[0]?.columns[0]?.iceberg.type).toBe('string')
  expect(skipped.map(({ name }) => name)).toEqual(['m', 'v'])
  expect((await discover('shop.p,shop.p_1')).skipped).toEqual([
    expect.objectContaining({ name: 'p_1', why: expect.stringContaining('capture the partitioned table') }),
  ])
})

test('patterns that name nothing are named, with the name in another case', async () => {
  await run('CREATE TABLE "Mixed" (id int PRIMARY KEY)')
  await expect(discover('shop.nothing*,shop.Mixed,shop.*')).rejects.toThrow(
    'shop.nothing*\n  shop.Mixed (there is "shop"."Mixed": write it in double quotes)',
  )
})

test('a written file is read back as it was declared', async () => {
  await run('CREATE TABLE a (id int PRIMARY KEY, "Weird ""n" text)')
  const { declarations } = await discover('shop.*')
  const directory = mkdtempSync(join(tmpdir(), 'tables-file-'))
  const file = join(directory, 'tables.json')
  expect(readTablesFile(file)).toBeUndefined()
  writeTablesFile(file, declarations)
  expect(readTablesFile(file)?.written.tables).toEqual(declarations)
  rmSync(directory, { recursive: true })
})
