import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { bothSides } from '../../../local/verification/both-sides.ts'
import { compareAll, compareGroups } from '../../../local/verification/compare-table.ts'
import { comparedColumn } from '../../../local/verification/forms.ts'
import { parseTables } from '../../../pipeline/tables.ts'
import { startTestSource, type TestSource } from './server.ts'

let source: TestSource
let duckdb: DuckDBConnection
beforeAll(async () => {
  source = await startTestSource()
  duckdb = await (await DuckDBInstance.create(':memory:')).connect()
}, 60_000)
afterAll(async () => {
  duckdb.closeSync()
  await source.stop()
})

interface Compared {
  readonly found: readonly string[]
  readonly groups: number
  /** Rows of the source that were read. */
  readonly read: number
  readonly sourceRows: number
  readonly icebergRows: number
}

/** The table at both sides: `keys` is a query of PostgreSQL that DuckDB understands, too. */
async function tables(type: string, keys: string, key = ['K']): Promise<() => Promise<Compared>> {
  const [table] = parseTables({
    tables: [
      {
        schema: 'public',
        name: 'ranged',
        columns: [
          { name: 'K', type, nullable: false },
          { name: 'v', type: 'text' },
        ],
        primaryKey: key,
      },
    ],
  })
  if (!table) throw new Error('no table')
  const columns = table.columns.flatMap((column) => {
    const compared = comparedColumn(column, key.includes(column.name))
    return typeof compared === 'string' ? [] : [compared]
  })
  await source.client.query(
    `DROP TABLE IF EXISTS public.ranged; CREATE TABLE public.ranged AS SELECT k::${type} AS "K", 'v, ' || k AS v FROM (${keys}) AS t(k)`,
  )
  await duckdb.run(`CREATE OR REPLACE TABLE ranged AS SELECT CAST(k AS ${type}) AS k, 'v, ' || k AS v FROM (${keys}) AS t(k)`)
  const sides = () => bothSides(table, 'public.ranged', 'ranged', columns, { client: source.client, connection: duckdb })
  return async () => {
    const now = await sides()
    expect(now.sums).toBeDefined()
    const { groups, sourceRows, icebergRows } = await compareAll(now)
    let read = 0
    const count = async function* (rows: AsyncIterable<readonly (string | null)[]>) {
      for await (const row of rows) {
        read += 1
        yield row
      }
    }
    const counted = { ...now, source: (names?: readonly string[]) => count(now.source(names)) }
    const differences = groups.size === 0 ? [] : [...(await compareGroups(counted, groups))]
    return {
      found: differences.map(([name, { kind }]) => `${kind} ${name}`).toSorted(),
      groups: groups.size,
      read,
      sourceRows,
      icebergRows,
    }
  }
}

const thousands = 'SELECT i * 3 FROM generate_series(-9999, 10000) AS s(i)'

test.each([
  ['integer', thousands],
  ['bigint', 'SELECT 4611686018427387000 + i FROM generate_series(1, 800) AS s(i)'],
  ['bigint', 'SELECT i * 1000000000000 FROM generate_series(-1000, 1000) AS s(i)'],
  ['smallint', 'SELECT i FROM generate_series(-5, 5) AS s(i)'],
  ['bigint', 'SELECT i FROM generate_series(1, 0) AS s(i)'],
  ['text', thousands],
])('equal tables with a key of type %s have equal sums (%s)', async (type, keys) => {
  const differing = await tables(type, keys)
  expect(await differing()).toMatchObject({ found: [], groups: 0 })
})

test.each(['integer', 'text'])(
  'only rows of ranges that differ are read, and every kind of difference is found by %s keys',
  async (type) => {
    const differing = await tables(type, thousands)
    const quoted = (key: number) => (type === 'text' ? `'${key}'` : String(key))
    await duckdb.run(`DELETE FROM ranged WHERE k = ${quoted(3)}`)
    await duckdb.run(`UPDATE ranged SET v = NULL WHERE k = ${quoted(300)}`)
    await duckdb.run(`INSERT INTO ranged SELECT * FROM ranged WHERE k = ${quoted(-300)}`)
    // Beyond all keys of the source, at both ends.
    await duckdb.run(`INSERT INTO ranged VALUES (${quoted(2_000_000)}, 'x'), (${quoted(-2_000_000)}, 'x')`)
    const { found, read, groups, sourceRows, icebergRows } = await differing()
    expect(found).toEqual(['duplicate ["-300"]', 'extra ["-2000000"]', 'extra ["2000000"]', 'missing ["3"]', 'stale ["300"]'])
    expect([sourceRows, icebergRows]).toEqual([20_000, 20_002])
    expect(groups).toBeLessThanOrEqual(5)
    expect(read).toBeLessThan(150)
  },
)

test('an emptied source differs from what Iceberg still has', async () => {
  const differing = await tables('integer', 'SELECT i FROM generate_series(1, 10) AS s(i)')
  await source.client.query('DELETE FROM public.ranged')
  expect((await differing()).found).toHaveLength(10)
})

test('texts that run into one another are not taken for the same', async () => {
  const differing = await tables('text', "SELECT '1' UNION ALL SELECT '12'", [])
  await source.client.query(`TRUNCATE public.ranged; INSERT INTO public.ranged VALUES ('a,b', 'c'), ('n', NULL)`)
  await duckdb.run(`DELETE FROM ranged; INSERT INTO ranged VALUES ('a', 'b,c'), (NULL, 'n')`)
  expect((await differing()).found).toHaveLength(4)
})
