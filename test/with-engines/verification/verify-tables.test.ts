import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { connectSource } from '../../../local/source/connection.ts'
import { discoverTables } from '../../../local/source/discover.ts'
import { parsePatterns } from '../../../local/source/patterns.ts'
import { prepareSource } from '../../../local/source/prepare.ts'
import { textReport } from '../../../local/verification/text-report.ts'
import { type VerificationReport, verdictOf, verifyTables } from '../../../local/verification/verify-tables.ts'
import { icebergSchema, restSchema } from '../../../pipeline/iceberg-schema.ts'
import { type CapturedTable, capturedTables } from '../../../pipeline/tables.ts'
import { startTestSource, type TestSource } from '../../with-postgres/source/server.ts'
import { startTestLake, type TestLake } from '../lake.ts'

const namespace = '"s3tablescatalog/test-bucket"."aurora_cdc"'
let source: TestSource
let lake: TestLake
let tables: CapturedTable[]
let canary: { stop(): Promise<void> }

/** Delivers the canary as a pipeline would; what else is delivered first is the test's. */
function deliverCanary(client: Client, deliverBefore: () => Promise<void>): { stop(): Promise<void> } {
  const ending = new AbortController()
  let delivered = ''
  const done = (async () => {
    const connection = await lake.lake.connect()
    while (!ending.signal.aborted) {
      const { rows } = await client.query<{ value: string; at: string }>(
        "SELECT value::text AS value, touched_at::text AS at FROM cdc.canary WHERE name = 'verify'",
      )
      const row = rows[0]
      if (row && row.value !== delivered) {
        await deliverBefore()
        await connection.run(
          `BEGIN; DELETE FROM ${namespace}.cdc_canary; INSERT INTO ${namespace}.cdc_canary VALUES ('verify', ${row.value}, TIMESTAMPTZ '${row.at}'); COMMIT`,
        )
        delivered = row.value
      }
      await sleep(50)
    }
    connection.closeSync()
  })()
  return {
    async stop() {
      ending.abort()
      await done
    },
  }
}

const verify = (): Promise<VerificationReport> =>
  verifyTables({ source: source.url, lake: lake.lake, namespace: 'aurora_cdc', tables, timeoutMs: 20_000 })
const lakeRun = (sql: string) => lake.connection.run(sql)

beforeAll(async () => {
  source = await startTestSource()
  lake = await startTestLake()
}, 300_000)
afterAll(async () => {
  await lake.stop()
  await source.stop()
  lake.remove()
})

let pump: Client
let pending: (() => Promise<void>) | undefined
beforeEach(async () => {
  await source.client.query(`DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;
    CREATE TABLE shop.item (id bigint, region text, price numeric(10,2), weight float8, tags text[], area box[], PRIMARY KEY (id, region));
    CREATE TABLE shop.log (line text);
    INSERT INTO shop.item SELECT 9007199254740990 + i, 'eu', i / 4.0, i / 3.0, ARRAY['a', NULL] FROM generate_series(1, 3000) i;
    INSERT INTO shop.log VALUES ('a'), ('a'), (NULL)`)
  tables = [...(await discoverTables(source.client, parsePatterns('shop.*'))).tables]
  await prepareSource(source.client, tables, { announce: () => undefined })
  for (const table of capturedTables(tables)) {
    if (await lake.catalog.loadTable('aurora_cdc', table.iceberg)) await lake.catalog.dropTable('aurora_cdc', table.iceberg)
    await lake.catalog.createTable('aurora_cdc', table.iceberg, restSchema(icebergSchema(table)))
  }
  await lakeRun(
    `INSERT INTO ${namespace}.shop_item SELECT 9007199254740990 + i, 'eu', i / 4.0, i::DOUBLE / 3, ['a', NULL], NULL FROM range(1, 3001) t(i)`,
  )
  await lakeRun(`INSERT INTO ${namespace}.shop_log VALUES ('a'), (NULL), ('a')`)
  pump = await connectSource(source.url)
  pending = undefined
  canary = deliverCanary(pump, async () => pending?.())
}, 60_000)
afterEach(async () => {
  await canary.stop()
  await pump.end()
})

test('equal tables are equal', async () => {
  const report = await verify()
  expect(report).toMatchObject({ equal: true, settled: true, lsn: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/) })
  expect(report.tables.map(({ table, sourceRows, icebergRows }) => [table, sourceRows, icebergRows])).toEqual([
    ['shop.item', 3000, 3000],
    ['shop.log', 3, 3],
    ['cdc.canary', 1, 1],
  ])
  expect(report.tables[0]?.notCompared).toEqual([
    { column: 'area', why: expect.stringContaining('Debezium does not send columns of this type') },
  ])
  expect(textReport(report)).toContain('✓ shop.item → shop_item: 3000 rows, 3000 in Iceberg: equal')
}, 60_000)

test('every kind of difference is found, and told by keys alone', async () => {
  await lakeRun(`DELETE FROM ${namespace}.shop_item WHERE id = 9007199254740992`)
  await lakeRun(`UPDATE ${namespace}.shop_item SET weight = weight + 1e-9, tags = ['secret'] WHERE id = 9007199254740993`)
  await lakeRun(`INSERT INTO ${namespace}.shop_item SELECT * FROM ${namespace}.shop_item WHERE id = 9007199254740994`)
  await lakeRun(`INSERT INTO ${namespace}.shop_item (id, region) VALUES (9007199254740991, 'us')`)
  await lakeRun(`DELETE FROM ${namespace}.shop_log WHERE line IS NULL`)
  const report = await verify()
  expect(report).toMatchObject({ equal: false, settled: true })
  expect(verdictOf(report)).toBe('different')
  const [item, log] = report.tables
  expect(item).toMatchObject({
    sourceRows: 3000,
    icebergRows: 3001,
    differences: { missing: 1, extra: 1, stale: 1, duplicate: 1 },
    complete: true,
  })
  expect(item?.first).toEqual([
    { kind: 'extra', key: { id: '9007199254740991', region: 'us' }, columns: [] },
    { kind: 'missing', key: { id: '9007199254740992', region: 'eu' }, columns: [] },
    { kind: 'stale', key: { id: '9007199254740993', region: 'eu' }, columns: ['weight', 'tags'] },
    { kind: 'duplicate', key: { id: '9007199254740994', region: 'eu' }, columns: [] },
  ])
  expect(log).toMatchObject({ differences: { missing: 1, extra: 0, stale: 0, duplicate: 0 }, first: [] })
  expect(textReport(report)).toContain('stale in Iceberg: id = 9007199254740993, region = eu (in weight, tags)')
  expect(JSON.stringify(report)).not.toContain('secret')
}, 60_000)

test('a row that is delivered late is no difference', async () => {
  await source.client.query('UPDATE shop.item SET price = 7 WHERE id = 9007199254740995')
  let deliveries = 0
  // Other tables of the batch that brings the canary may be committed after it.
  pending = async () => {
    deliveries += 1
    if (deliveries === 2) await lakeRun(`UPDATE ${namespace}.shop_item SET price = 7 WHERE id = 9007199254740995`)
  }
  expect(await verify()).toMatchObject({ equal: true, settled: true })
  expect(deliveries).toBe(2)
}, 60_000)

test('a row that changes all the time is neither equal nor different', async () => {
  let changes = 0
  pending = async () => {
    changes += 1
    await source.client.query(`UPDATE shop.item SET price = ${changes} WHERE id = 9007199254740995`)
  }
  const report = await verify()
  expect(report).toMatchObject({ equal: false, settled: false })
  expect(verdictOf(report)).toBe('undecided')
  expect(report.tables[0]).toMatchObject({ differences: { stale: 0 }, unsettled: 1 })
}, 60_000)

test('a column that the Iceberg table does not have is a difference', async () => {
  await source.client.query('ALTER TABLE shop.log ADD COLUMN at timestamptz')
  tables = [...(await discoverTables(source.client, parsePatterns('shop.*'))).tables]
  const report = await verify()
  expect(report.equal).toBe(false)
  expect(report.tables[1]?.problem).toBe('its Iceberg table has no column for at')
}, 60_000)

test('a missing Iceberg table is a difference', async () => {
  await lake.catalog.dropTable('aurora_cdc', 'shop_log')
  const report = await verify()
  expect(report.equal).toBe(false)
  expect(report.tables[1]?.problem).toBe('there is no Iceberg table shop_log')
}, 60_000)

test('tables that do not catch up say at which hop', async () => {
  await canary.stop()
  await expect(
    verifyTables({
      source: source.url,
      lake: lake.lake,
      namespace: 'aurora_cdc',
      tables,
      timeoutMs: 500,
      deliveryUri: 'http://127.0.0.1:1',
    }),
  ).rejects.toThrow(
    /is not in Iceberg after 0\.5 s .* There is no replication slot debezium_slot: the connector does not run, or the source was detached .*\. The delivery does not answer/,
  )
}, 60_000)
