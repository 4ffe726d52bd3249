import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { discoverTables } from '../../../local/source/discover.ts'
import type { TableDeclaration } from '../../../pipeline/tables-file.ts'
import { filesBelow } from '../whole-path/throwaway.ts'
import { type OperatedRun, operate, samples } from './operated-run.ts'

let operated: OperatedRun
beforeAll(async () => {
  operated = await operate()
}, 400_000)
afterAll(() => operated?.end(), 300_000)

const atSource = (sql: string) => operated.current.atSource((client) => client.query(sql))
const discover = (declared: readonly TableDeclaration[]) => operated.current.atSource((client) => discoverTables(client, [], declared))
const unequal = async () =>
  (await operated.current.verify()).tables.filter(
    ({ differences, problem }) => problem ?? Object.values(differences).some((count) => count > 0),
  )
const value = async (sql: string) => (await operated.current.query(sql))[0]?.[0]

const changeEvent = z.object({ source: z.object({ table: z.string() }), after: z.record(z.string(), z.unknown()) })

let declared: readonly TableDeclaration[]

test('discover says what became of the columns, declares what Iceberg follows, and refuses the rest with the way out', async () => {
  await atSource(`
    ALTER TABLE public.orders ADD COLUMN channel text NOT NULL DEFAULT 'web', ADD COLUMN seen_at timestamptz DEFAULT '2026-01-02 03:04:05.678901+00',
      ADD COLUMN "Weight" numeric(8,3) DEFAULT 1.250, ADD COLUMN tags text[] DEFAULT '{a,NULL}', DROP COLUMN created_at,
      ALTER COLUMN order_id TYPE bigint, ALTER COLUMN total_amount TYPE numeric(14,2);
    ALTER TABLE public.products ALTER COLUMN stock_quantity TYPE numeric(12,0)`)
  // Nobody declared it yet, and the transform knows no such key.
  await atSource(`INSERT INTO public.orders (order_id, total_amount, channel) VALUES (3000000001, 999999999999.99, 'shop')`)
  await operated.current.awaitCaughtUp(120_000)
  await expect(discover(samples)).rejects.toThrow(
    /public\.products\.stock_quantity is declared as integer and is now numeric\(12,0\).*set "capture": false/,
  )
  const beside = samples.flatMap((table) => {
    if (table.name !== 'products') return [table]
    const columns = table.columns.map((column) => (column.name === 'stock_quantity' ? { ...column, type: 'numeric(12,0)' } : column))
    return [
      { ...table, capture: false },
      { ...table, columns, iceberg: { name: 'products_2' } },
    ]
  })
  const { declarations, changes } = await discover(beside)
  expect(changes).toEqual([
    'public.orders.order_id was integer and is now bigint',
    'public.orders.total_amount was numeric(12,2) and is now numeric(14,2)',
    'public.orders.created_at was dropped at the source',
    'public.orders.channel was added at the source',
    'public.orders.seen_at was added at the source: as string, since Athena adds no columns of the type timestamptz',
    'public.orders.Weight was added at the source',
    'public.orders.tags was added at the source',
    expect.stringMatching(
      /^public\.orders: a column that was renamed is one that was dropped \(created_at: .* \(channel, seen_at, Weight, tags: /,
    ),
  ])
  declared = declarations
}, 200_000)

test('the columns come into Iceberg, also where executions are cut off before and right after', async () => {
  await operated.redeploy(declared, [
    'Look for columns to add or widen',
    'Wait until rows without the new columns are delivered',
    'Ensure the columns of the Iceberg tables',
    'Look for tables to snapshot',
  ])
  expect(operated.told).toContain('widened public.orders.order_id from int to bigint')
  expect(operated.told).toContain('asked for a snapshot: public.orders has new columns')
  expect(operated.report.already).toContain('every Iceberg table has the declared columns')
  expect(operated.told).toContain('asked for a snapshot: public.products has another Iceberg table')
  expect(operated.report.did.join()).toMatch(/snapshotted 2 tables beside the stream/)
  await atSource(`INSERT INTO public.orders (order_id, total_amount) VALUES (3000000002, -999999999999.99);
    UPDATE public.orders SET "Weight" = NULL, tags = '{}' WHERE order_id = 101`)
  expect(await unequal()).toEqual([])
  // Written before the columns were there, and not since.
  const before = `SELECT concat_ws(' ', channel, seen_at, weight, tags::VARCHAR) FROM $.orders WHERE order_id = 102`
  expect(await value(before)).toBe('web 2026-01-02 03:04:05.678901+00 1.250 [a, NULL]')
  expect(await value('SELECT count(*)::INT FROM $.orders WHERE order_id > 3000000000')).toBe(2)
  expect(await value('SELECT count(*)::INT FROM $.products WHERE product_id = 106')).toBe(1)
}, 600_000)

test('an execution with nothing new goes around the columns', async () => {
  expect(await operated.execute({})).toMatchObject({ status: 'SUCCEEDED' })
  expect(operated.entered).toContain('Are columns of Iceberg tables to be changed?')
  expect(operated.entered).not.toContain('Ensure the columns of the Iceberg tables')
  expect(operated.entered).not.toContain('Have Debezium snapshot the tables')
}, 200_000)

test('every row is equal in the end, and nothing failed but the values that the former columns could not hold', async () => {
  await operated.writer.stop()
  expect(await unequal()).toEqual([])
  const failed = filesBelow(operated.current.run.state.failedRecords).flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
  const events = failed.map((line) =>
    changeEvent.parse(JSON.parse(Buffer.from(z.object({ rawData: z.string() }).parse(JSON.parse(line)).rawData, 'base64').toString())),
  )
  const keysOf = (table: string) => [
    ...new Set(events.filter(({ source }) => source.table === table).map(({ after }) => after['order_id'])),
  ]
  expect(keysOf('orders')).toEqual([3000000001])
  // The retyped column of the other table, until its new Iceberg table was there.
  expect(events.filter(({ source }) => source.table !== 'orders').every(({ source }) => source.table === 'products')).toBe(true)
}, 300_000)
