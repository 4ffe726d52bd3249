import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DeliverySettingsFile } from '../../../local/delivery/settings.ts'
import { type LosingProxy, losingProxy } from '../../../local/faults/losing-proxy.ts'
import { createTables, errorLines, kill, makePlace, type Place, startProcess, streamSettings } from './stream.ts'

let place: Place

beforeAll(async () => {
  place = await makePlace()
  await createTables(place.catalog)
}, 60_000)
afterAll(() => place.close(), 60_000)

const main = join('test', 'with-engines', 'delivery', 'file-delivery.ts')
const recordCount = 12_000
const keyCount = 50

/** A mixture by number: appends, changes and deletes of few keys, failures of both kinds, drops. */
function record(n: number): object {
  const at = 1_700_000_000_000_000 + n
  if (n % 97 === 0) return { fail: n }
  if (n % 89 === 0) return { table: 'nowhere', operation: 'update', row: { n } }
  if (n % 83 === 0) return { drop: true }
  if (n % 3 === 0) return { table: 'log', row: { n, text: 'x' } }
  const id = (n * 7919) % keyCount
  return { table: 'orders', operation: n % 11 === 0 ? 'delete' : 'update', row: { id, amount: `${n}.00`, at } }
}

interface Expected {
  readonly log: string[]
  readonly orders: Map<number, number>
  readonly failed: number
  readonly refused: number
}

function expectedAfter(count: number): Expected {
  const orders = new Map<number, number>()
  const log: string[] = []
  let failed = 0
  let refused = 0
  for (let n = 0; n < count; n += 1) {
    const { table, operation, row, fail } = record(n) as { table?: string; operation?: string; row?: { id: number }; fail?: number }
    if (fail !== undefined) failed += 1
    else if (table === 'nowhere') refused += 1
    else if (table === 'log') log.push(String(n))
    else if (row) {
      if (operation === 'update') orders.set(row.id, n)
      else orders.delete(row.id)
    }
  }
  return { log, orders, failed, refused }
}

async function check(settings: DeliverySettingsFile): Promise<void> {
  const expected = expectedAfter(recordCount)
  const lake = await place.openLake()
  const connection = await lake.connect()
  const log = (await connection.runAndReadAll('SELECT n FROM "s3tablescatalog/tables".shop.log ORDER BY n')).getRowsJson()
  const orders = (
    await connection.runAndReadAll('SELECT id, amount::BIGINT FROM "s3tablescatalog/tables".shop.orders ORDER BY id')
  ).getRowsJson()
  lake.close()
  expect(log.flat()).toEqual(expected.log)
  expect(orders).toEqual([...expected.orders].sort(([one], [other]) => one - other).map((row) => row.map(String)))
  const lines = await errorLines(settings)
  const distinct = (code: string) => {
    const found = lines.filter(({ errorCode }) => errorCode === code)
    return { lines: found.length, records: new Set(found.map(({ rawData }) => rawData)).size }
  }
  expect(distinct('Lambda.ProcessingFailedStatus')).toEqual({ lines: expected.failed, records: expected.failed })
  expect(distinct('Iceberg.NoSuchTable')).toEqual({ lines: expected.refused, records: expected.refused })
  expect(lines).toHaveLength(expected.failed + expected.refused)
}

async function prepare(name: string): Promise<{ settings: DeliverySettingsFile; finished: () => boolean }> {
  for (const table of ['orders', 'log']) await place.catalog.dropTable('shop', table)
  await createTables(place.catalog)
  const settings = streamSettings(place, { name, topic: 'file', bufferSeconds: 0, transformBufferMB: '0.2' })
  await mkdir(join(place.directory, name), { recursive: true })
  await writeFile(
    join(place.directory, name, 'records'),
    Array.from({ length: recordCount }, (_, n) => JSON.stringify(record(n))).join('\n'),
  )
  return { settings, finished: () => existsSync(join(place.directory, name, 'finished')) }
}

describe('a delivery that is killed', () => {
  it('loses and repeats nothing, at whichever effect it dies', async () => {
    const { settings, finished } = await prepare('effects')
    let deaths = 0
    // Each run dies a little later in its life than the one before, so that every step of a batch and of the recovery has its turn.
    for (let effect = 6; deaths < 24 && !finished(); effect += 1) {
      const process = await startProcess(settings, main, { DIE_AT_EFFECT: String(effect) })
      expect(process).toBeUndefined()
      if (!finished()) deaths += 1
    }
    await startProcess(settings, main)
    expect(finished()).toBe(true)
    expect(deaths).toBe(24)
    await check(settings)
  }, 300_000)

  it('loses and repeats nothing, whenever it is killed', async () => {
    // How far a process comes before its kill depends on the machine: as many deliveries are run as three kills need.
    const kills: number[] = []
    for (let round = 0; kills.length < 3; round += 1) {
      expect(round).toBeLessThan(10)
      const { settings, finished } = await prepare(`instants-${round}`)
      // Each process has longer than the one before: on a slow machine the first may not live to do anything.
      for (let longer = 0; !finished(); longer += 300) {
        const abort = new AbortController()
        await startProcess(settings, main, {}, (pid) => {
          void sleep(700 + longer + Math.random() * 1500, undefined, { signal: abort.signal }).then(
            () => {
              kills.push(pid)
              return kill(pid)
            },
            () => {},
          )
        })
        abort.abort()
      }
      await check(settings)
    }
  }, 300_000)
})

describe('a catalog whose answers are lost', () => {
  let proxy: LosingProxy
  beforeAll(async () => {
    proxy = await losingProxy(place.catalog.uri)
  })
  afterAll(() => proxy.close())

  it('leaves each row once, and every file of a commit that happened', async () => {
    const { settings, finished } = await prepare('lost-answers')
    await startProcess({ ...settings, catalogUri: proxy.uri }, main)
    expect(finished()).toBe(true)
    expect(proxy.lost).toBeGreaterThan(1)
    await check(settings)
  }, 60_000)
})
