import { setTimeout as sleep } from 'node:timers/promises'
import type { RunOptions } from '../../../local/run/run-options.ts'
import { textReport } from '../../../local/verification/text-report.ts'
import { deploymentFile } from './deployment-file.ts'
import { type StartedRun, startRun } from './started-run.ts'
import { throwAway, throwawayFolder } from './throwaway.ts'
import { sampleChanges } from './workload.ts'

/** Stands in every row; no report may show it. */
const content = 'confidential'
const dataDirectory = throwawayFolder()
const settingsFolder = throwawayFolder()
let started: StartedRun | undefined

afterEach(async () => {
  await started?.stop()
}, 300_000)

afterAll(() => {
  throwAway(dataDirectory)
  throwAway(settingsFolder)
})

async function start(disorder: NonNullable<RunOptions['disorder']>): Promise<StartedRun> {
  // As small as Firehose allows, so that there are many batches of the function in one of the delivery.
  const file = deploymentFile(settingsFolder, { transform: { bufferMiB: 0.2, bufferIntervalSeconds: 0 } })
  started = await startRun(dataDirectory, { deploymentFile: file, disorder })
  return started
}

/** Only two batches can be in another order: change events that the function drops make the second one. */
async function keepTopicBusy(shop: StartedRun, until: AbortSignal): Promise<void> {
  await shop.atSource(async (client) => {
    while (!until.aborted) {
      await client.query("INSERT INTO cdc.debezium_signal VALUES (gen_random_uuid(), 'log', '{}')")
      await sleep(300)
    }
  })
}

test('records in another order inside a batch of the function change nothing', async () => {
  const shop = await start({ shuffleWithinBatch: 7 })
  await shop.atSource(async (client) => {
    const transactions = sampleChanges(2, 2000, 20)
    for (let count = 0; count < 400; count += 1) {
      await client.query('BEGIN')
      for (const { text, values } of transactions.next().value) await client.query(text, [...values])
      await client.query('COMMIT')
    }
  })
  expect(await shop.verify()).toMatchObject({ equal: true })
}, 240_000)

test('batches in another order are noticed: verify names the keys that differ, and no value', async () => {
  const shop = await start({ reorderBatches: 7 })
  await shop.atSource(async (client) => {
    await client.query('INSERT INTO public.orders (order_id, status) SELECT 4000 + n, $1 FROM generate_series(1, 20) n', [content])
    // Each round is some fifteen of the smallest batches, all about the same rows.
    for (let round = 0; round < 3; round += 1) {
      for (let count = 1; count <= 150; count += 1) {
        const status = `${content} ${round}.${count}`
        await client.query('UPDATE public.orders SET status = $1, total_amount = $2 WHERE order_id > 4000', [status, count])
      }
    }
  })
  const verified = new AbortController()
  const [report] = await Promise.all([shop.verify().finally(() => verified.abort()), keepTopicBusy(shop, verified.signal)])
  expect(report).toMatchObject({ equal: false, settled: true })
  const orders = report.tables.find(({ iceberg }) => iceberg === 'orders')
  expect(orders?.differences.stale).toBeGreaterThan(0)
  for (const { kind, key, columns } of orders?.first ?? []) {
    expect({ kind, key: Object.keys(key) }).toEqual({ kind: 'stale', key: ['order_id'] })
    expect(columns).toEqual(expect.arrayContaining(['status', 'total_amount']))
  }
  expect(`${JSON.stringify(report)}${textReport(report)}`).not.toContain(content)
}, 240_000)
