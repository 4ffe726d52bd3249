import { type OperatedRun, operate, samples } from './operated-run.ts'

let operated: OperatedRun
beforeAll(async () => {
  operated = await operate()
}, 400_000)
afterAll(() => operated?.end(), 300_000)

const atSource = (sql: string) => operated.current.atSource((client) => client.query(sql))
const count = async (table: string) => Number((await operated.current.query(`SELECT count(*)::INT FROM $.${table}`))[0]?.[0])
const unequal = async () =>
  (await operated.current.verify()).tables.filter(
    ({ differences, problem }) => problem ?? Object.values(differences).some((one) => one > 0),
  )

/** How few rows a reader sees at worst, until told to stop. */
function watchRows(table: string): { stop(): Promise<number> } {
  let fewest = Number.POSITIVE_INFINITY
  const stopped = new AbortController()
  const watching = (async () => {
    while (!stopped.signal.aborted) fewest = Math.min(fewest, await count(table))
  })()
  return {
    async stop() {
      stopped.abort()
      await watching
      return fewest
    },
  }
}

test('a table that missed changes is made equal again, and its readers never see it without the rows that stay', async () => {
  await atSource(`INSERT INTO public.orders (order_id, status) SELECT n, 'kept' FROM generate_series(10001, 12500) AS n`)
  await operated.current.awaitCaughtUp(120_000)
  // Nobody is told of what happens to a table that is not published.
  await atSource('ALTER PUBLICATION dbz_publication DROP TABLE public.orders')
  await atSource(`DELETE FROM public.orders WHERE order_id BETWEEN 10001 AND 10400;
    UPDATE public.orders SET status = 'changed unseen' WHERE order_id BETWEEN 10401 AND 10500;
    INSERT INTO public.orders (order_id, status) VALUES (20001, 'inserted unseen')`)
  await atSource('ALTER PUBLICATION dbz_publication ADD TABLE public.orders')
  await operated.current.awaitCaughtUp(120_000)
  expect(await count('orders WHERE order_id BETWEEN 10001 AND 10400')).toBe(400)

  const readers = watchRows('orders WHERE order_id BETWEEN 10401 AND 12500')
  const input = { resync: ['public.orders'] }
  await operated.interrupt(input, ['Look for tables to snapshot', 'Have Debezium snapshot the tables'])
  expect(operated.told).toContain('asked for a snapshot: public.orders is to be re-synced')
  // Asked for again it is the one that is under way.
  const { status, output, cause } = await operated.execute(input)
  expect({ status, cause }).toEqual({ status: 'SUCCEEDED' })
  const { did }: { did: string[] } = JSON.parse(output ?? '')
  expect(did).toContainEqual(expect.stringMatching(/^removed 4\d\d rows of public\.orders that the source has no longer/))
  expect(did).not.toContainEqual(expect.stringContaining('asked for a snapshot'))
  expect(await readers.stop()).toBe(2100)
  expect(await count('orders WHERE order_id BETWEEN 10001 AND 10400')).toBe(0)
  expect(await unequal()).toEqual([])
}, 400_000)

test('a table that was out of capture is made equal when it is captured again', async () => {
  const without = samples.map((table) => (table.name === 'products' ? { ...table, capture: false } : table))
  await operated.redeploy(without)
  expect(operated.report.did).toContainEqual(expect.stringContaining('took out "public"."products"'))
  const kept = await count('products')
  expect(kept).toBeGreaterThan(0)
  await atSource(`DELETE FROM public.products WHERE product_id = 100; UPDATE public.products SET category = 'unseen' WHERE product_id = 101;
    INSERT INTO public.products (product_id, product_name) VALUES (5001, 'unseen')`)
  await operated.redeploy(samples, ['Look for tables to snapshot', 'Remove rows that the source has no longer'])
  expect(operated.told).toContain('asked for a snapshot: public.products is captured again')
  expect(operated.told).toMatch(/removed [\d,]+ rows? of public\.products that the source has no longer/)
  expect(operated.report.did).not.toContainEqual(expect.stringContaining('asked for a snapshot'))
  expect(await count('products WHERE product_id = 100')).toBe(0)
  await operated.writer.stop()
  expect(await unequal()).toEqual([])
}, 600_000)

test.each<[string, string[], string]>([
  [
    'of a table that is not captured',
    ['public.nothing'],
    'public.nothing, which is not captured; captured are public.orders, public.products',
  ],
  ["of the pipeline's own", ['cdc.canary'], 'cdc.canary, which is not captured'],
])(
  'a re-sync %s is refused by name',
  async (_what, resync, says) => {
    expect(await operated.execute({ resync })).toMatchObject({
      status: 'FAILED',
      error: 'InvalidRequest',
      cause: expect.stringContaining(says),
    })
  },
  60_000,
)
