import { z } from 'zod'
import { creationType, isWidening } from './column-changes.ts'
import type { Deployment } from './deployment.ts'
import { PipelineError } from './errors.ts'
import { deliveryStreamIdentity, deliveryStreamName } from './resource-names.ts'
import type { CapturedTable } from './tables.ts'

const recordedColumn = z.strictObject({ name: z.string(), type: z.string() })
const recordedTable = z.strictObject({
  /** `schema.table` at the source. */
  source: z.string(),
  /** Names of Iceberg columns, in the key's order. */
  primaryKey: z.array(z.string()),
  /** Of the Iceberg table's creation, in its order. */
  columns: z.array(recordedColumn),
  /** Added to it later. */
  added: z.array(recordedColumn),
})
const recordShape = z.strictObject({
  version: z.literal(1),
  about: z.string(),
  tableBucket: z.string(),
  namespace: z.string(),
  deliveryStream: z.string(),
  /** By the name of the Iceberg table. */
  tables: z.record(z.string(), recordedTable),
})

/**
 * What was synthesized for a deployment, and so may be deployed: synthesis asks nobody what is, so this is how it knows what cannot be changed any more.
 * It is kept in a file beside the deployment's own.
 */
export type DeploymentRecord = z.output<typeof recordShape>
type RecordedTable = z.output<typeof recordedTable>
type RecordedColumn = z.output<typeof recordedColumn>

const about =
  'What was synthesized for this deployment. Keep it beside the deployment file and under version control: with it, edits are refused that CloudFormation would answer by replacing a table or a stream.'

/** The record of a deployment as it is declared now. */
export function deploymentRecord(deployment: Deployment, tables: readonly CapturedTable[]): DeploymentRecord {
  return {
    version: 1,
    about,
    tableBucket: deployment.tableBucket.name,
    namespace: deployment.namespace.name,
    deliveryStream: deliveryStreamName(deployment, deliveryStreamIdentity(deployment)),
    tables: Object.fromEntries(
      tables.map((table) => [
        table.iceberg,
        {
          source: `${table.schema}.${table.name}`,
          primaryKey: table.primaryKey.map((key) => table.columns.find(({ name }) => name === key)?.iceberg.name ?? key),
          columns: columnsOf(table, false),
          added: columnsOf(table, true),
        },
      ]),
    ),
  }
}

function columnsOf(table: CapturedTable, added: boolean): RecordedColumn[] {
  return table.columns
    .filter((column) => column.added === added)
    .map((column) => ({ name: column.iceberg.name, type: creationType(column) }))
}

/** @throws PipelineError `InvalidDeployment` where a file holds no such record. */
export function parseDeploymentRecord(json: unknown, where: string): DeploymentRecord {
  const parsed = recordShape.safeParse(json)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`)
  throw new PipelineError(
    'InvalidDeployment',
    `${where} is not what a synthesis wrote (${faults.join('; ')}): take it from version control again`,
  )
}

/**
 * Refuses what AWS could only follow by replacing an Iceberg table, which loses its rows, or by reading the topic twice into tables that keep both.
 * @param where the record's file, for the way out
 * @throws PipelineError `InvalidTables`, `InvalidDeployment` with every fault
 */
export function refuseReplacements(before: DeploymentRecord, now: DeploymentRecord, deployment: Deployment, where: string): void {
  const place = placeFaults(before, now, deployment)
  if (place.length > 0)
    throw new PipelineError('InvalidDeployment', faultsText(`${where} records a deployment that cannot become this one`, place))
  const faults = Object.entries(before.tables).flatMap(([iceberg, table]) => tableFaults(iceberg, table, now.tables[iceberg]))
  if (faults.length === 0) return
  throw new PipelineError(
    'InvalidTables',
    `${faultsText(`${where} records Iceberg tables that cannot become what is declared now`, faults)}\n` +
      `  A table that was never deployed has nothing to lose: remove its entry from ${where}.`,
  )
}

function placeFaults(before: DeploymentRecord, now: DeploymentRecord, { creates, readFrom }: Deployment): string[] {
  const moved = (['tableBucket', 'namespace'] as const)
    .filter((name) => before[name] !== now[name])
    .map(
      (name) =>
        `${name}: the tables are in ${before[name]} and would be created empty in ${now[name]}: give the new place a deployment file and a prefix of its own`,
    )
  // An upsert that comes again changes nothing; an insert that comes again is a second row.
  const again = creates === 'insert' && readFrom === undefined && before.deliveryStream !== now.deliveryStream
  if (moved.length > 0 || !again) return moved
  return [
    `readFrom: the delivery stream ${before.deliveryStream} would be replaced by ${now.deliveryStream}, which reads the topic from its start, and with "creates": "insert" every ` +
      'row that is created there would be delivered a second time: say from when on the new one reads, an instant shortly before the old one stops, or set "creates" to "update"',
  ]
}

function tableFaults(iceberg: string, before: RecordedTable, now: RecordedTable | undefined): string[] {
  if (!now) return [`${iceberg}: ${before.source} is not declared any more: keep its entry, with "capture": false`]
  const beside = `declare it under another iceberg.name (${iceberg}_2), a new Iceberg table beside this one, whose entry stays with "capture": false and which keeps its rows`
  if (now.source !== before.source) return [`${iceberg}: it was created for ${before.source}, not for ${now.source}: ${beside}`]
  const faults: string[] = []
  if (before.primaryKey.join() !== now.primaryKey.join())
    faults.push(`${iceberg}: the primary key was (${before.primaryKey.join(', ')}) and is (${now.primaryKey.join(', ')}) now: ${beside}`)
  for (const column of [...before.columns, ...before.added]) faults.push(...columnFaults(iceberg, column, before, now, beside))
  const known = new Set([...before.columns, ...before.added].map(({ name }) => name))
  for (const { name } of now.columns)
    if (!known.has(name)) faults.push(`${iceberg}.${name}: it came after the table was created: mark the column with "added": true`)
  const order = (columns: readonly RecordedColumn[]) => columns.filter(({ name }) => known.has(name)).map(({ name }) => name)
  if (faults.length === 0 && order(now.columns).join() !== order(before.columns).join())
    faults.push(
      `${iceberg}: the columns of its creation stand in another order now: put them back into ${order(before.columns).join(', ')}`,
    )
  return faults
}

function columnFaults(iceberg: string, column: RecordedColumn, before: RecordedTable, now: RecordedTable, beside: string): string[] {
  const where = `${iceberg}.${column.name}`
  const isAdded = before.added.includes(column)
  const same = [...now.columns, ...now.added].find(({ name }) => name === column.name)
  if (!same) return [`${where}: it is not declared any more: keep the column and mark it with "dropped": true`]
  // An added column is in no template: the state machine makes it what it is declared to be.
  const follows = isAdded && now.added.includes(same)
  if (isWidening(column.type, same.type)) {
    return follows
      ? []
      : [
          `${where}: its Iceberg type was ${column.type} and is ${same.type} now, which it can become in place: say so by "iceberg": { "createdAs": "${column.type}" }`,
        ]
  }
  if (same.type !== column.type)
    return [
      `${where}: its Iceberg type was ${column.type} and is ${same.type} now: keep it by "iceberg": { "type": "${column.type}" } where that holds the values, or ${beside}`,
    ]
  if (isAdded && !now.added.includes(same)) return [`${where}: it was added after the table was created: keep "added": true`]
  if (!isAdded && now.added.includes(same)) return [`${where}: the table was created with it: remove "added"`]
  return []
}

function faultsText(heading: string, faults: readonly string[]): string {
  return `${heading}:\n  ${faults.join('\n  ')}`
}
