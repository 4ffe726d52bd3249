import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { connectorProperties } from '../../pipeline/connector.ts'
import { canaryTable, changeEventTopic, connectorName, replicationSlot, signalTable, topicPrefix } from '../../pipeline/names.ts'
import {
  createPublicationStatements,
  grantStatements,
  ownSchemaStatements,
  publishedTables,
  quoteLiteral,
  type SourceTable,
} from '../../pipeline/source-sql.ts'
import type { TableDeclaration } from '../../pipeline/tables-file.ts'
import { type Capture, startCapture } from '../engines/capture.ts'
import { awaitInitialSnapshot, awaitRunning, putConnector } from '../engines/connector.ts'
import { ensureTopic } from '../engines/kafka.ts'
import { connectPlugins, kafkaJars } from '../engines/paths.ts'
import { readTables } from '../source/catalog.ts'
import { declareTables } from '../source/declare.ts'
import { clearFixtures, fixtureName, writeFixture, writeProvenance } from './fixture-files.ts'
import { keyScenarios } from './key-scenarios.ts'
import { type MessageReader, type RecordedMessage, readMessages } from './messages.ts'
import { changeId, envelopeOf, recordedEvents, type SourceTruth, tableId } from './recording.ts'
import { type ChangedRow, type RowImage, readRowImages, runChange } from './row-images.ts'
import type { Scenario } from './scenario.ts'
import { tableScenarios } from './table-scenarios.ts'
import { typeScenarios, typeStatements } from './type-values.ts'

const scenarios: readonly Scenario[] = [...typeScenarios, ...keyScenarios, ...tableScenarios]
const messageTopic = `${topicPrefix}.message`
const heartbeatTopic = `__debezium-heartbeat.${topicPrefix}`
const incrementalTable = { schema: 'public', name: 'incremental' }

/** The connector as the product configures it. */
const properties = (hostname: string, port: number) =>
  connectorProperties({
    tables: scenarios,
    database: { hostname, port, name: 'recording', sslmode: 'disable', secretName: 'recording' },
    topics: { replicationFactor: 1, retentionHours: 168 },
  })

/**
 * Runs every scenario on fresh engines in `dataDirectory` and writes what Debezium made of it, beside what PostgreSQL itself says, to `folder`.
 * Returns the bytes written.
 */
export async function recordChangeEvents(dataDirectory: string, folder: string, say: (what: string) => void): Promise<number> {
  const capture = await startCapture({ dataDirectory, database: 'recording', secretName: 'recording' })
  try {
    say('engines are up')
    const source = new Client({ connectionString: capture.postgres.url })
    await source.connect()
    const { truth, declarations, reader } = await play(capture, source, say)
    const { rows } = await source.query<{ version: string }>(`SELECT current_setting('server_version') AS version`)
    await reader.close()
    await source.end()
    clearFixtures(folder)
    writeProvenance(folder, provenance(rows[0]?.version ?? ''))
    return writeAll(folder, declarations, reader.messages, truth)
  } finally {
    await capture.stop()
  }
}

async function play(capture: Capture, source: Client, say: (what: string) => void) {
  const published = publishedTables(scenarios)
  const statements = [
    ...typeStatements,
    ...scenarios.flatMap(({ create, initially }) => [...create, ...initially]),
    ...ownSchemaStatements(),
    ...createPublicationStatements(published),
    ...grantStatements('debezium', published, 'attribute'),
  ]
  for (const statement of statements) await source.query(statement)
  const { tables: declarations } = declareTables([], await readTables(source, [...scenarios, canaryTable]))
  const initial = new Map<string, RowImage[]>()
  for (const scenario of scenarios) initial.set(tableId(scenario), await readRowImages(source, scenario))

  await ensureTopic(capture.kafka.bootstrap, { name: changeEventTopic, partitions: 1, retentionHours: 168 })
  await putConnector(capture.connect.uri, connectorName, properties('127.0.0.1', capture.postgres.port))
  await awaitRunning(capture.connect.uri, connectorName)
  await awaitInitialSnapshot(capture.connect.uri, connectorName, async () => {
    const { rows } = await source.query('SELECT 1 FROM pg_replication_slots WHERE slot_name = $1 AND active', [replicationSlot])
    return rows.length > 0
  })
  say('the initial snapshot is read')

  const changes = new Map<string, ChangedRow>()
  const change = async (table: SourceTable, statement: Scenario['changes'][number]): Promise<void> => {
    const changed = await runChange(source, table, statement)
    if (changed) changes.set(changeId(table, changed.transaction), changed)
  }
  for (const scenario of scenarios) {
    for (const statement of scenario.changes) await change(scenario, statement)
  }
  await source.query(`SELECT pg_logical_emit_message(true, 'app', 'in a transaction'), pg_logical_emit_message(false, 'app', 'by itself')`)

  const reader = await readMessages(capture.kafka.bootstrap, [changeEventTopic, messageTopic, heartbeatTopic])
  const incremental = new Map([[tableId(incrementalTable), await readRowImages(source, incrementalTable, 'ORDER BY id')]])
  await source.query(
    `INSERT INTO cdc.debezium_signal VALUES ('ad-hoc-1', 'execute-snapshot', ${quoteLiteral('{"data-collections":["public.incremental"],"type":"incremental"}')})`,
  )
  const incrementalRows = () => reader.messages.filter((message) => envelopeOf(message)?.source.snapshot === 'incremental').length
  await reader.until(() => incrementalRows() === 5, 'the incremental snapshot')
  await change(canaryTable, `INSERT INTO cdc.canary VALUES ('recording', 1, '2024-02-29 12:34:56.123456Z')`)
  await reader.until(() => reader.messages.some(isCanary), 'the last change')
  await reader.until(() => reader.messages.some(({ topic }) => topic === heartbeatTopic), 'a heartbeat')
  await reader.until(
    () => reader.messages.some(({ topic, key }) => topic === messageTopic && key?.includes('heartbeat') === true),
    "a heartbeat's message",
  )
  say(`${reader.messages.length} messages are read`)
  const truth: SourceTruth = { initial, incremental, changes }
  return { truth, declarations, reader }
}

const isCanary = (message: RecordedMessage) => envelopeOf(message)?.source.table === canaryTable.name

function writeAll(
  folder: string,
  declarations: readonly TableDeclaration[],
  messages: MessageReader['messages'],
  truth: SourceTruth,
): number {
  const tables = declarations.map((table) => writeFixture(folder, fixtureName(table), table, recordedEvents(table, messages, truth)))
  const others = messages.filter((message) => {
    const event = envelopeOf(message)
    return event === undefined || event.op === 'm' || event.source.table === signalTable.name
  })
  const rest = writeFixture(
    folder,
    'without-a-row.jsonl',
    undefined,
    others.map((message) => ({ ...message, truth: null })),
  )
  return tables.reduce((sum, bytes) => sum + bytes, rest)
}

function provenance(postgres: string) {
  return {
    command: 'npm run record',
    postgresql: postgres,
    kafka: versionOf(kafkaJars, /^kafka-clients-(.*)\.jar$/),
    debezium: versionOf(join(connectPlugins, 'debezium-postgres'), /^debezium-connector-postgres-(.*)\.jar$/),
    connector: properties('127.0.0.1', 5432),
  }
}

/** From the name of a jar in the folder: what really ran. */
function versionOf(folder: string, jar: RegExp): string | undefined {
  return readdirSync(folder)
    .map((file) => jar.exec(file)?.[1])
    .find((version) => version !== undefined)
}
