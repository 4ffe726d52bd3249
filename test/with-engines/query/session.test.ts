import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DuckDBResult } from '@duckdb/node-api'
import { openTables } from '../../../local/query/open.ts'
import { openQuerySession, type QuerySession } from '../../../local/query/session.ts'
import { jsonValue } from '../../../local/query/values.ts'
import { startTestLake, type TestLake } from '../lake.ts'

let lakeUnderTest: TestLake
let session: QuerySession
const orders = '"s3tablescatalog/test-bucket"."aurora_cdc"."orders"'
/** Instants between the commits, as Athena is given them. */
const instants: string[] = []

const schema = {
  type: 'struct',
  'schema-id': 0,
  'identifier-field-ids': [1],
  fields: [
    { id: 1, name: 'order_id', type: 'int', required: true },
    { id: 2, name: 'status', type: 'string', required: false },
    { id: 3, name: 'total_amount', type: 'decimal(12,2)', required: false },
  ],
}

async function rows(sql: string): Promise<unknown[][]> {
  return session.query(sql, async (result: DuckDBResult) => {
    const types = result.columnTypes()
    const all: unknown[][] = []
    for await (const chunk of result.yieldRows()) {
      for (const row of chunk)
        all.push(
          row.map((value, index) => {
            const type = types[index]
            return type ? jsonValue(value, type) : value
          }),
        )
    }
    return all
  })
}

async function pauseBetweenCommits(): Promise<void> {
  await sleep(20)
  instants.push(new Date().toISOString().replace('T', ' ').replace('Z', ' UTC'))
  await sleep(20)
}

beforeAll(async () => {
  lakeUnderTest = await startTestLake()
  await lakeUnderTest.catalog.createTable('aurora_cdc', 'orders', schema)
  await lakeUnderTest.catalog.createTable('aurora_cdc', 'untouched', schema)
  await pauseBetweenCommits()
  await lakeUnderTest.connection.run(`INSERT INTO ${orders} VALUES (1, 'NEW', 10.50), (2, 'NEW', 20), (3, 'NEW', 30)`)
  await pauseBetweenCommits()
  // One batch, of which DuckDB makes two snapshots.
  await lakeUnderTest.connection.run(
    `BEGIN; DELETE FROM ${orders} WHERE order_id IN (1, 2); INSERT INTO ${orders} VALUES (1, 'SHIPPED', 10.50); COMMIT`,
  )
  await pauseBetweenCommits()
  session = await openQuerySession({ lake: lakeUnderTest.lake, catalogUri: lakeUnderTest.catalog.uri, namespace: 'aurora_cdc' })
}, 60_000)
afterAll(async () => {
  session.close()
  await lakeUnderTest.stop()
  lakeUnderTest.remove()
})

test.each(['orders', '"aurora_cdc"."orders"', orders, 'AURORA_CDC.Orders'])('%s names the table', async (name) => {
  expect(await rows(`SELECT order_id, status, total_amount FROM ${name} ORDER BY order_id`)).toEqual([
    [1, 'SHIPPED', '10.50'],
    [3, 'NEW', '30.00'],
  ])
})

test('time travel by timestamp sees the table as it was, with and without an alias', async () => {
  expect(
    await rows(
      `SELECT orders.order_id, status FROM orders FOR TIMESTAMP AS OF TIMESTAMP '${instants[1]}' WHERE orders.order_id < 3 ORDER BY 1`,
    ),
  ).toEqual([
    [1, 'NEW'],
    [2, 'NEW'],
  ])
  expect(
    await rows(
      `SELECT before.order_id, now.status FROM orders FOR TIMESTAMP AS OF TIMESTAMP '${instants[1]}' AS before LEFT JOIN orders now ON now.order_id = before.order_id ORDER BY 1`,
    ),
  ).toEqual([
    [1, 'SHIPPED'],
    [2, null],
    [3, 'NEW'],
  ])
  expect(await rows("SELECT count(*) FROM orders FOR TIMESTAMP AS OF current_timestamp + interval '1' day")).toEqual([['2']])
})

test('time travel knows whole batches only: one snapshot for each', async () => {
  const snapshots = await rows('SELECT snapshot_id, operation FROM "orders$snapshots" ORDER BY committed_at')
  expect(snapshots).toHaveLength(2)
  const counts: unknown[] = []
  for (const [id] of snapshots) counts.push((await rows(`SELECT count(*) FROM orders FOR VERSION AS OF ${String(id)}`))[0]?.[0])
  expect(counts).toEqual(['3', '2'])
})

test('the metadata tables have Athena’s columns, and snapshot ids are exact', async () => {
  const [snapshot] = await rows(
    'SELECT s.snapshot_id, s.parent_id, s.committed_at, s.operation, s.summary FROM "aurora_cdc"."orders$snapshots" s ORDER BY s.committed_at DESC LIMIT 1',
  )
  const [history] = await rows(
    'SELECT snapshot_id, parent_id, made_current_at, is_current_ancestor FROM "orders$history" ORDER BY made_current_at DESC LIMIT 1',
  )
  expect(history).toEqual([snapshot?.[0], snapshot?.[1], snapshot?.[2], true])
  const current = (await lakeUnderTest.catalog.loadTable('aurora_cdc', 'orders'))?.currentSnapshot?.id
  expect(snapshot?.[0]).toBe(current)
  expect(await rows('SELECT name, type, snapshot_id FROM "orders$refs"')).toEqual([['main', 'BRANCH', current]])
  expect(await rows('SELECT content, record_count FROM "orders$files" ORDER BY 1, 2')).toEqual([
    [0, '1'],
    [0, '3'],
    [1, '2'],
  ])
  expect(await rows('SELECT * FROM "untouched$snapshots"')).toEqual([])
})

test('two metadata tables of one statement do not get into each other’s way', async () => {
  expect(
    await rows(
      'SELECT count(*) FROM "orders$snapshots" JOIN "orders$history" USING (snapshot_id) JOIN "orders$snapshots" third USING (snapshot_id)',
    ),
  ).toEqual([['2']])
})

test('what does not exist is said, with what does', async () => {
  await expect(rows('SELECT * FROM nope')).rejects.toThrow('There is no table nope. Tables of aurora_cdc: orders, untouched')
  await expect(rows('SELECT * FROM nope FOR VERSION AS OF 1')).rejects.toThrow(
    'There is no table nope. Tables of aurora_cdc: orders, untouched',
  )
  await expect(rows('SELECT * FROM "orders$nope"')).rejects.toThrow('of each, $snapshots, $history, $refs, $files')
  await expect(rows('SELECT * FROM "orders$manifests"')).rejects.toThrow('"orders$manifests" is not answered here')
  await expect(rows('SELECT * FROM "s3tablescatalog/other"."aurora_cdc"."orders"')).rejects.toThrow(
    'There is no catalog "s3tablescatalog/other" here',
  )
  await expect(rows(`SELECT * FROM orders FOR TIMESTAMP AS OF TIMESTAMP '${instants[0]}'`)).rejects.toThrow(
    /orders has no snapshot as of .*: its earliest is of /,
  )
  await expect(rows('SELECT * FROM orders FOR VERSION AS OF 1')).rejects.toThrow('orders has no snapshot 1')
  await expect(rows('SELECT * FROM untouched FOR TIMESTAMP AS OF current_timestamp')).rejects.toThrow('untouched has no data yet')
  await expect(rows('SELECT nope FROM orders')).rejects.toThrow('Referenced column "nope" not found')
})

test.each(['SELECT (', "SELECT 'never closed", 'SELECT FROM FROM'])('what does not parse is refused as such: %s', async (sql) => {
  await expect(rows(sql)).rejects.toMatchObject({ name: 'QueryRefused', message: expect.stringMatching(/^Parser Error: /) })
})

test.each([
  'INSERT INTO orders SELECT * FROM orders',
  'DELETE FROM orders',
  'UPDATE orders SET status = NULL',
  'WITH a AS (SELECT 1) DELETE FROM orders',
  'CREATE TABLE t (a int)',
  'DROP TABLE orders',
  "ATTACH 'x.db'",
  "COPY orders TO '/tmp/never.csv'",
  'SET memory_limit = 1',
  'EXPLAIN ANALYZE DELETE FROM orders',
  '/* SELECT */ DELETE FROM orders',
])('refused, and nothing is changed: %s', async (sql) => {
  await expect(rows(sql)).rejects.toThrow(/is refused: only queries are answered/)
  expect(await rows('SELECT count(*) FROM orders')).toEqual([['2']])
})

test('after the run stopped, the tables are opened with a catalog of their own', async () => {
  writeFileSync(join(lakeUnderTest.directory, 'delivery.json'), JSON.stringify({ tableBucket: 'test-bucket' }))
  const tables = await openTables(lakeUnderTest.directory)
  const other = await openQuerySession(tables)
  const count = await other.query(`SELECT count(*) FROM ${orders}`, async (result) => (await result.getRows())[0]?.[0])
  other.close()
  await tables.close()
  expect(count).toBe(2n)
  await expect(fetch(`${tables.catalogUri}/v1/config`)).rejects.toThrow('fetch failed')
  await expect(openTables(join(lakeUnderTest.directory, 'nothing'))).rejects.toThrow('run npm start first')
}, 30_000)
