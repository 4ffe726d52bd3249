import { tablePattern } from './connector.ts'
import { signalTable, snapshotsTable } from './names.ts'
import { quoteTable, type SourceTable } from './source-sql.ts'
import type { CapturedTable } from './tables.ts'

/** What the signal table's column `data` holds. */
const signalCharacters = 2048

const parsedName = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Whether Debezium can snapshot the table beside the stream: it pages by the key, and keeps `schema.table` in its offsets without quotes, so that a name
 * that is none without them would end its task, and every later one at its start.
 */
export function isSnapshottable({ schema, name, primaryKey }: Pick<CapturedTable, 'schema' | 'name' | 'primaryKey'>): boolean {
  return primaryKey.length > 0 && parsedName.test(schema) && parsedName.test(name)
}

/** Why a table cannot be snapshotted beside the stream, as it stands after "a table". */
export function unreadable({ primaryKey }: Pick<CapturedTable, 'primaryKey'>): string {
  return primaryKey.length === 0 ? 'without primary key' : 'with a name of other characters than letters, digits and _'
}

const collection = (table: SourceTable) => `^${tablePattern(table)}$`

/** `data` of a signal that has Debezium read these tables beside the stream. */
export function snapshotSignal(tables: readonly SourceTable[]): string {
  return JSON.stringify({ 'data-collections': tables.map(collection), type: 'incremental' })
}

/** `data` of a signal that has it read the rows of one table under a condition; all of them where `data` cannot hold the condition. */
export function filteredSignal(table: SourceTable, filter: string): string {
  const conditions = [{ 'data-collection': collection(table), filter }]
  const data = JSON.stringify({ 'data-collections': [collection(table)], type: 'incremental', 'additional-conditions': conditions })
  return data.length <= signalCharacters ? data : snapshotSignal([table])
}

/** As many of the tables, from the first one, as one signal can name. */
export function firstSignal<Table extends SourceTable>(tables: readonly Table[]): Table[] {
  let count = 1
  while (count < tables.length && snapshotSignal(tables.slice(0, count + 1)).length <= signalCharacters) count += 1
  return tables.slice(0, count)
}

/**
 * Sends the signal, whole or not at all, for those of the tables that wait for one; none where none does, or where another signal's end was not seen:
 * Debezium tells of what it reads under the id of the signal that came last. Parameters: id, data, tables.
 */
export const sendSignalStatement = `
  WITH due AS (
    UPDATE ${quoteTable(snapshotsTable)} AS s SET signal_id = :id::text, requested_at = clock_timestamp()
     WHERE s.signal_id IS NULL AND s.completed_at IS NULL
       AND EXISTS (SELECT FROM json_to_recordset(:tables::json) AS w(schema text, name text) WHERE w.schema = s.table_schema AND w.name = s.table_name)
       AND NOT EXISTS (SELECT FROM ${quoteTable(snapshotsTable)} AS o WHERE o.signal_id IS NOT NULL AND o.scanned_at IS NULL AND o.completed_at IS NULL)
    RETURNING 1)
  INSERT INTO ${quoteTable(signalTable)} (id, type, data) SELECT :id::text, 'execute-snapshot', :data::text WHERE EXISTS (SELECT FROM due)`

/** Sends a signal that no record asks for. Parameters: id, data. */
export const sendPlainSignalStatement = `
  INSERT INTO ${quoteTable(signalTable)} (id, type, data) VALUES (:id::text, 'execute-snapshot', :data::text)`

/** A line of the connector's log about an incremental snapshot. */
export interface SnapshotNotification {
  readonly id: string
  readonly type: string
  /** `schema.table` of the table that was read. */
  readonly scanned: string
  readonly rows: number
  readonly status: string
}

/** Matches the lines that are understood, in CloudWatch Logs' filter syntax. */
export const incrementalFilter = `?"aggregateType='Incremental Snapshot'" ?"Task threw an uncaught and unrecoverable exception"`

/** A line after which the connector's task does nothing more. */
export function isTaskEnd(text: string): boolean {
  return text.includes('Task threw an uncaught and unrecoverable exception')
}

const line = /\{id='([^']*)', aggregateType='Incremental Snapshot', type='([A-Z_]+)'/
/** Of `additionalData={a=1, b=2}`, in no order; the names of tables that are snapshotted hold no separators. */
const member = (text: string, name: string) => new RegExp(`[{ ]${name}=([^,}]*)[,}]`).exec(text)?.[1] ?? ''

/** The notification that a line is. */
export function snapshotNotification(text: string): SnapshotNotification | undefined {
  const [, id, type] = line.exec(text) ?? []
  if (id === undefined || type === undefined) return undefined
  return {
    id,
    type,
    scanned: member(text, 'scanned_collection'),
    rows: Number(member(text, 'total_rows_scanned')),
    status: member(text, 'status'),
  }
}
