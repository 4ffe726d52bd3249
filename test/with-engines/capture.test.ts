import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EachMessageHandler, Kafka, logLevel } from 'kafkajs'
import { Client } from 'pg'
import { type Capture, startCapture } from '../../local/engines/capture.ts'
import { awaitInitialSnapshot, awaitRunning, putConnector } from '../../local/engines/connector.ts'
import { postgresCredentials } from '../../local/engines/credentials.ts'
import { ensureTopic } from '../../local/engines/kafka.ts'
import { connectorProperties } from '../../pipeline/connector.ts'
import { changeEventTopic, connectorName, replicationSlot } from '../../pipeline/names.ts'
import { createPublicationStatements, grantStatements, ownSchemaStatements, publishedTables } from '../../pipeline/source-sql.ts'

const tables = [
  { schema: 'public', name: 'item' },
  { schema: 'Shop Floor', name: 'Order,Line' },
]
const secretName = 'aurora/debezium'

let dataDirectory: string
let capture: Capture
let source: Client

async function connectSource(): Promise<Client> {
  const client = new Client({ connectionString: capture.postgres.url })
  client.on('error', () => {})
  await client.connect()
  return client
}

async function slotIsActive(): Promise<boolean> {
  const { rows } = await source.query('SELECT active FROM pg_replication_slots WHERE slot_name = $1', [replicationSlot])
  return rows[0]?.active === true
}

async function startConnector(): Promise<void> {
  const properties = connectorProperties({
    tables,
    database: { hostname: '127.0.0.1', port: capture.postgres.port, name: 'app', sslmode: 'disable', secretName },
    topics: { replicationFactor: 1, retentionHours: 168 },
  })
  await putConnector(capture.connect.uri, connectorName, properties)
  await awaitRunning(capture.connect.uri, connectorName)
  await awaitInitialSnapshot(capture.connect.uri, connectorName, slotIsActive)
}

/** Reads the topic from its start until `enough`. */
async function changeEvents(enough: (events: string[]) => boolean): Promise<string[]> {
  const kafka = new Kafka({ clientId: 'test', brokers: [capture.kafka.bootstrap], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: `test-${Math.random()}` })
  const events: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic: changeEventTopic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    const eachMessage: EachMessageHandler = async ({ message }) => {
      const { op, source: origin, after, before } = JSON.parse(String(message.value))
      events.push(`${op} ${origin.schema}.${origin.table} ${JSON.stringify(after ?? before)}`)
      if (enough(events)) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  await consumer.disconnect()
  return events
}

const missing = (events: string[]) => [11, 12, 13].filter((id) => !events.some((event) => event.includes(`public.item {"id":${id},`)))

beforeAll(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'capture-'))
  chmodSync(dataDirectory, 0o755)
  capture = await startCapture({ dataDirectory, database: 'app', secretName })
  source = await connectSource()
  await ensureTopic(capture.kafka.bootstrap, { name: changeEventTopic, partitions: 1, retentionHours: 168 })
  const statements = [
    'CREATE TABLE public.item (id integer PRIMARY KEY, name text)',
    `INSERT INTO public.item VALUES (1, 'one'), (2, 'two')`,
    'CREATE SCHEMA "Shop Floor"',
    'CREATE TABLE "Shop Floor"."Order,Line" ("Id" integer PRIMARY KEY, "Amount" numeric(10,2))',
    // A table that differs in case only is not captured.
    'CREATE TABLE public."ITEM" (id integer PRIMARY KEY)',
    'INSERT INTO public."ITEM" VALUES (9)',
    ...ownSchemaStatements(),
    ...createPublicationStatements(publishedTables(tables)),
    ...grantStatements('debezium', publishedTables(tables), 'attribute'),
  ]
  for (const statement of statements) await source.query(statement)
}, 300_000)

afterAll(async () => {
  await source?.end()
  await capture?.stop()
  rmSync(dataDirectory, { recursive: true })
}, 60_000)

test('the initial snapshot and later changes of the captured tables reach the topic', async () => {
  await startConnector()
  await source.query(`UPDATE public.item SET name = 'zwei' WHERE id = 2`)
  await source.query(`INSERT INTO "Shop Floor"."Order,Line" VALUES (7, 1.10)`)
  await source.query(`INSERT INTO cdc.canary (name, value) VALUES ('smoke', 1)`)
  await source.query(`DELETE FROM public.item WHERE id = 1`)
  expect(await changeEvents((events) => events.length === 6)).toEqual([
    'r public.item {"id":1,"name":"one"}',
    'r public.item {"id":2,"name":"two"}',
    'u public.item {"id":2,"name":"zwei"}',
    'c Shop Floor.Order,Line {"Id":7,"Amount":"1.10"}',
    'c cdc.canary {"name":"smoke","value":1,"touched_at":null}',
    'd public.item {"id":1,"name":null}',
  ])
}, 60_000)

test('the role of the connector is no superuser, and its password stands in no file of the engines', async () => {
  const { rows } = await source.query(`SELECT usename, usesuper FROM pg_stat_replication JOIN pg_user USING (usename)`)
  expect(rows).toEqual([{ usename: 'debezium', usesuper: false }])
  const { password } = postgresCredentials(dataDirectory).debezium
  const files = ['logs', 'connect', 'kafka'].flatMap((folder) =>
    readdirSync(join(dataDirectory, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  expect(files.length).toBeGreaterThan(10)
  expect(files.filter((file) => readFileSync(file).includes(password))).toEqual([])
})

test('killed engines come back and no change is lost', async () => {
  for (const [id, engine] of [
    [11, capture.connect],
    [12, capture.kafka],
    [13, capture.postgres],
  ] as const) {
    if (engine.pid === undefined) throw new Error(`${engine.name} does not run`)
    const before = engine.restarts
    process.kill(engine.pid, 'SIGKILL')
    while (engine.restarts === before) await new Promise((resolve) => setTimeout(resolve, 20))
    for (;;) {
      try {
        source = await connectSource()
        await source.query('INSERT INTO public.item VALUES ($1)', [id])
        break
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
  // A killed worker may send a row again, as a change or by another snapshot; it must not leave one out.
  expect(missing(await changeEvents((events) => missing(events).length === 0))).toEqual([])
}, 300_000)

test('stop leaves no process', async () => {
  await source.end()
  await capture.stop()
  const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  expect(processes.split('\n').filter((line) => line.includes(dataDirectory))).toEqual([])
}, 60_000)
