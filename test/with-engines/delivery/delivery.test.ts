import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import type { DeliveryStatus } from '../../../local/delivery/status.ts'
import { ensureTopic, type RunningKafka, startKafka } from '../../../local/engines/kafka.ts'
import type { Lake } from '../../../local/iceberg/duckdb.ts'
import { createTables, type DeliveryProcess, errorLines, kill, makePlace, type Place, startProcess, streamSettings } from './stream.ts'

let place: Place
let kafka: RunningKafka
let producer: Producer
let lake: Lake
const started: DeliveryProcess[] = []

beforeAll(async () => {
  place = await makePlace()
  kafka = await startKafka({
    dataDirectory: join(place.directory, 'kafka'),
    logFile: join(place.directory, 'kafka.log'),
    port: place.port('kafka'),
    controllerPort: place.port('controller'),
    retentionHours: 24,
  })
  producer = new Kafka({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 1000, maxRetryTime: 1000 } }).producer()
  await producer.connect()
  await createTables(place.catalog)
  lake = await place.openLake()
}, 300_000)

afterAll(async () => {
  await Promise.all(started.map((process) => process.end()))
  lake.close()
  await producer.disconnect()
  await kafka.stop()
  await place.close()
}, 60_000)

async function start(options: Parameters<typeof streamSettings>[1]) {
  const settings = streamSettings(place, options)
  const process = await startProcess(settings)
  if (!process) throw new Error('the delivery did not start')
  started.push(process)
  return { settings, process }
}

async function status({ uri }: DeliveryProcess): Promise<DeliveryStatus> {
  const response = await fetch(`${uri}/status`)
  const found: DeliveryStatus = JSON.parse(await response.text())
  return found
}

async function delivered(process: DeliveryProcess, offset: number): Promise<DeliveryStatus> {
  for (;;) {
    const now = await status(process)
    if (now.partitions.some((partition) => Number(partition.deliveredOffset) >= offset)) return now
    await sleep(100)
  }
}

async function query(sql: string): Promise<unknown[][]> {
  const connection = await lake.connect()
  const rows = (await connection.runAndReadAll(sql.replaceAll('$', '"s3tablescatalog/tables".shop.'))).getRowsJson()
  connection.closeSync()
  return rows
}

const send = (topic: string, values: readonly (object | string | null)[]) =>
  producer.send({
    topic,
    messages: values.map((value) => ({ value: value === null || typeof value === 'string' ? value : JSON.stringify(value) })),
  })
const order = (operation: string, id: number, amount: string | null = '1.50') => ({
  table: 'orders',
  operation,
  row: { id, amount, at: 1_725_476_175_099_001 },
})

describe('the delivery of a topic', () => {
  it('brings rows into tables, and each bad record into the error bucket under its name', async () => {
    await ensureTopic(kafka.bootstrap, { name: 'mixed', partitions: 1, retentionHours: 24 })
    await send('mixed', [
      order('update', 1),
      'no JSON',
      order('insert', 2, '12345678.9'),
      null,
      { table: 'orders', operation: 'update', row: { id: 3, amount: '1' } },
      { table: 'orders', operation: 'update', row: { id: 'x', amount: null, at: null } },
      { table: 'orders', operation: 'replace', row: {} },
      { table: 'Orders', operation: 'update', row: {} },
      { table: 'log', operation: 'update', row: { n: 1, text: 'x' } },
      { table: 'log', operation: 'insert', text: '{"n":1}{"n":2}' },
      { drop: true },
      { table: 'log', text: '{"n":9007199254740993,"text":"last","more":1}' },
    ])
    const { settings, process } = await start({ name: 'mixed', topic: 'mixed', bufferSeconds: 1 })
    const now = await delivered(process, 12)

    expect(await query('SELECT id, amount::VARCHAR, "at" FROM $orders ORDER BY id')).toEqual([
      ['1', '1.50', '2024-09-04 18:56:15.099001+00'],
      ['2', '12345678.90', '2024-09-04 18:56:15.099001+00'],
    ])
    expect(await query('SELECT * FROM $log')).toEqual([['9007199254740993', 'last']])
    const lines = await errorLines(settings)
    const folders = lines.map(({ object, errorCode }) => `${object.replace(/[^/]*$/, '').replaceAll(/\d/g, 'n')} ${errorCode}`)
    expect(folders.sort()).toEqual([
      'failed/iceberg-failed/ DataFormatConversion.MalformedData',
      'failed/iceberg-failed/ Iceberg.NoSuchTable',
      'failed/iceberg-failed/ Iceberg.UniqueKeysNotFound',
      'failed/processing-failed/ Lambda.ProcessingFailedStatus',
      'failed/processing-failed/ Lambda.ProcessingFailedStatus',
      'orders-iceberg-failed/nnnn/nn/nn/nn/ Iceberg.InvalidOperation',
      'orders-iceberg-failed/nnnn/nn/nn/nn/ Iceberg.MissingColumnWithinRecord',
      'orders-iceberg-failed/nnnn/nn/nn/nn/ Iceberg.SchemaTypeMismatch',
    ])
    expect(lines.find(({ rawData }) => rawData === 'no JSON')?.errorCode).toBe('Lambda.ProcessingFailedStatus')
    expect(now).toMatchObject({
      state: 'ACTIVE',
      partitions: [{ partition: 0, deliveredOffset: '12', endOffset: '12' }],
      sourceReachable: true,
      metrics: {
        'DataReadFromSource.Records': 12,
        'DeliveryToIceberg.SuccessfulRowCount': 3,
        'DeliveryToIceberg.FailedRowCount': 6,
        'SucceedProcessing.Records': 10,
        KafkaOffsetLag: 0,
      },
    })
    expect(now.functionPid).toBeGreaterThan(0)
    expect(await process.end()).toBe(0)
  }, 60_000)

  it('shows whole batches to time travel', async () => {
    await ensureTopic(kafka.bootstrap, { name: 'batches', partitions: 1, retentionHours: 24 })
    const { process } = await start({ name: 'batches', topic: 'batches', bufferSeconds: 1 })
    await send('batches', [
      order('delete', 1),
      order('delete', 2),
      ...Array.from({ length: 50 }, (_, id) => order('update', 100 + id, '1')),
    ])
    await delivered(process, 52)
    const before = await place.catalog.loadTable('shop', 'orders')
    await send(
      'batches',
      Array.from({ length: 50 }, (_, id) => order('update', 100 + id, '2')),
    )
    await delivered(process, 102)
    const after = await place.catalog.loadTable('shop', 'orders')
    expect((after?.snapshotTimesMs.length ?? 0) - (before?.snapshotTimesMs.length ?? 0)).toBe(1)
    const sums = 'SELECT count(*), sum(amount)::VARCHAR FROM $orders'
    expect(await query(`${sums} AT (VERSION => ${before?.currentSnapshot?.id})`)).toEqual([['50', '50.00']])
    expect(await query(sums)).toEqual([['50', '100.00']])
    expect(await process.end()).toBe(0)
  }, 60_000)

  it.each([
    ['in-order', {}, true],
    ['shuffled', { shuffleWithinBatch: 7 }, false],
    ['reordered', { reorderBatches: 7 }, false],
  ])(
    'applies Lambda batches %s',
    async (name, disorder, inOrder) => {
      const count = 600
      await ensureTopic(kafka.bootstrap, { name, partitions: 1, retentionHours: 24 })
      await send(
        name,
        Array.from({ length: count }, (_, n) => ({ table: 'log', row: { n, text: name } })),
      )
      const { process } = await start({ name, topic: name, bufferSeconds: 1, transformBufferMB: '0.01', disorder })
      await delivered(process, count)
      expect(await process.end()).toBe(0)
      // In the order of the file: DuckDB keeps the order of what is inserted.
      const found = (await query(`SELECT n FROM $log WHERE text = '${name}'`)).map(([n]) => Number(n))
      const sorted = [...found].sort((one, other) => one - other)
      expect(sorted).toEqual(Array.from({ length: count }, (_, n) => n))
      expect(isDeepStrictEqual(found, sorted)).toBe(inOrder)
    },
    60_000,
  )

  it('goes on where a killed process stopped, also when broker, catalog or function are killed', async () => {
    await ensureTopic(kafka.bootstrap, { name: 'kills', partitions: 2, retentionHours: 24 })
    const options = { name: 'kills', topic: 'kills', bufferSeconds: 0, transformBufferMB: '0.2' }
    let { process } = await start(options)
    let sent = 0
    const sendMore = async (): Promise<void> => {
      for (let batch = 0; batch < 10; batch += 1, await sleep(50)) {
        await producer.send({
          topic: 'kills',
          messages: Array.from({ length: 300 }, () => ({
            partition: sent % 2,
            value: JSON.stringify({ table: 'log', row: { n: 1_000_000 + sent++, text: 'kill' } }),
          })),
        })
      }
    }
    const kills: (() => Promise<void>)[] = [
      async () => kill((await status(process)).functionPid),
      async () => {
        kill(process.pid)
        expect(await process.exited).toBe('SIGKILL')
        process = (await start(options)).process
      },
      async () => kill(place.catalogPid),
      async () => kill(kafka.pid),
    ]
    for (const killOne of kills) {
      const sending = sendMore()
      await sleep(400)
      while ((await status(process)).functionPid === null) await sleep(20)
      await killOne()
      await sending
    }
    for (;;) {
      const { partitions } = await status(process)
      if (
        partitions.length === 2 &&
        partitions.every(({ deliveredOffset, endOffset }) => Number(endOffset) >= sent / 2 && deliveredOffset === endOffset)
      )
        break
      await sleep(200)
    }
    // A broker that was killed may have a message twice, since the producer sends again what was not acknowledged.
    const inTopic = (await status(process)).partitions.reduce((sum, { endOffset }) => sum + Number(endOffset), 0)
    const rows = await query("SELECT count(*), count(DISTINCT n), min(n), max(n) FROM $log WHERE text = 'kill'")
    expect(rows).toEqual([[String(inTopic), String(sent), '1000000', String(999_999 + sent)]])
    expect(await process.end()).toBe(0)
  }, 300_000)

  it('waits for a catalog that is not there yet, and ends in time when the broker is gone', async () => {
    await ensureTopic(kafka.bootstrap, { name: 'late', partitions: 1, retentionHours: 24 })
    await send('late', [order('update', 7)])
    await place.stopCatalog()
    const starting = start({ name: 'late', topic: 'late', bufferSeconds: 0 })
    await sleep(3000)
    await place.startCatalog()
    const { process } = await starting
    await delivered(process, 1)
    await producer.disconnect()
    await kafka.stop()
    const askedAt = performance.now()
    expect(await process.end()).toBe(0)
    expect(performance.now() - askedAt).toBeLessThan(8_000)
  }, 300_000)
})
