import { createHash } from 'node:crypto'
import { ownSchema, replicationSlot, snapshotsTable } from './names.ts'
import { type SourceQuery, textOf } from './source-query.ts'
import { quoteLiteral, quoteTable, type SourceTable } from './source-sql.ts'
import type { CapturedTable } from './tables.ts'

/** Why a table is to be snapshotted: what its record says. `not captured` marks a table that is out of capture now. */
export type SnapshotReason = 'initial' | 'added' | 'columns' | 'other table' | 'resync' | 'captured again' | 'lost slot' | 'not captured'

/** Reasons after which the Iceberg table may hold rows that vanished at the source while nobody followed it. */
const removals = ['resync', 'captured again', 'other table', 'lost slot'] as const satisfies SnapshotReason[]

/** Whether rows are to be removed from the Iceberg table that the source has no longer. */
export function removesRows({ reason }: Pick<SnapshotRecord, 'reason'>): boolean {
  return removals.some((removing) => removing === reason)
}

/** What `cdc.snapshots` says of a captured table. */
export interface SnapshotRecord extends SourceTable {
  /** Undefined: it has no record. */
  readonly reason: string | undefined
  /** Whether the snapshot had all columns that are captured now; and whether they are the very same. */
  readonly covers: boolean
  readonly same: boolean
  /** Whether the snapshot went to the Iceberg table of now. */
  readonly sameTable: boolean
  /** Of the signal that asked for it; undefined: none was sent. */
  readonly signalId: string | undefined
  /** In milliseconds since 1970. */
  readonly requestedAt: number
  readonly scanned: boolean
  readonly completed: boolean
}

/** The tables that have snapshots: the pipeline's own are not among them. */
export function snapshottedTables(tables: readonly CapturedTable[]): CapturedTable[] {
  return tables.filter(({ capture, schema }) => capture && schema !== ownSchema)
}

/**
 * The Iceberg table and the columns that a snapshot has, a word each, the table's first. A column that is dropped takes its word with it and asks for nothing. A widened one has another word:
 * until Iceberg follows, values that need the wider type fail, and are read again afterwards.
 */
export function columnWords(table: CapturedTable): string {
  const live = table.columns.filter(({ dropped }) => !dropped)
  const words = live.map(({ name, iceberg }) => word(name, iceberg.name, iceberg.type))
  return [word(table.iceberg), ...words.toSorted()].join(' ')
}

function word(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 10)
}

/** Why a table is to be snapshotted now; undefined: it need not be, or is about to be already. */
export function neededReason(record: SnapshotRecord, isResynced: boolean): SnapshotReason | undefined {
  if (record.reason === undefined) return 'added'
  if (record.reason === 'not captured') return 'captured again'
  const pending = record.completed ? undefined : removals.find((reason) => reason === record.reason)
  if (!record.covers) return pending ?? (isResynced ? 'resync' : record.sameTable ? 'columns' : 'other table')
  return isResynced && pending === undefined ? 'resync' : undefined
}

/** Whether a signal is to be sent for it. */
export function isDue({ reason, signalId, scanned, completed }: SnapshotRecord): boolean {
  return reason !== undefined && reason !== 'initial' && reason !== 'not captured' && signalId === undefined && !scanned && !completed
}

/** Whether a signal was sent, and the end of its snapshot was not seen yet. */
export function isOutstanding({ signalId, scanned, completed }: SnapshotRecord): boolean {
  return signalId !== undefined && !scanned && !completed
}

const records = quoteTable(snapshotsTable)

/** Tables with their columns, as a parameter of type JSON. */
export function tableWords(tables: readonly CapturedTable[]): string {
  return JSON.stringify(tables.map((table) => ({ schema: table.schema, name: table.name, columns: columnWords(table) })))
}

const given = 'json_to_recordset(:tables::json) AS w(schema text, name text, columns text)'
const named =
  'EXISTS (SELECT FROM json_to_recordset(:tables::json) AS w(schema text, name text) WHERE w.schema = s.table_schema AND w.name = s.table_name)'

/** The records of these tables, in their order. One without columns was noted by hand: the table is followed from then on, wherever. */
export async function readRecords(query: SourceQuery, tables: readonly CapturedTable[]): Promise<SnapshotRecord[]> {
  const rows = await query(recordsQuery, { tables: tableWords(tables) })
  return rows.map((row) => ({
    schema: textOf(row, 'schema'),
    name: textOf(row, 'name'),
    reason: row['reason'] ?? undefined,
    covers: row['covers'] === 'true',
    same: row['same'] === 'true',
    sameTable: row['same_table'] === 'true',
    signalId: row['signal'] ?? undefined,
    requestedAt: Number(row['requested'] ?? 0),
    scanned: row['scanned'] === 'true',
    completed: row['completed'] === 'true',
  }))
}

const recordsQuery = `
  SELECT w.schema AS schema, w.name AS name, s.reason AS reason, s.signal_id::text AS signal,
         coalesce(string_to_array(w.columns, ' ') <@ string_to_array(s.columns, ' '), false)::text AS covers,
         coalesce(s.columns = w.columns, false)::text AS same,
         coalesce(split_part(s.columns, ' ', 1) IN ('', split_part(w.columns, ' ', 1)), true)::text AS same_table,
         (extract(epoch FROM s.requested_at) * 1000)::bigint::text AS requested,
         (s.scanned_at IS NOT NULL)::text AS scanned, (s.completed_at IS NOT NULL)::text AS completed
    FROM ROWS FROM (json_to_recordset(:tables::json) AS (schema text, name text, columns text)) WITH ORDINALITY AS w(schema, name, columns, position)
    LEFT JOIN ${records} s ON s.table_schema = w.schema AND s.table_name = w.name
   ORDER BY w.position`

/** Whether the table of records is there, and whether the connector's own initial snapshot is still to read every table: one row. */
export const recordsThereQuery = `
  SELECT (to_regclass(${quoteLiteral(records)}) IS NOT NULL)::text AS there,
         EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(replicationSlot)})::text AS slot`

/** Whether there is any record: one row. */
export const anyRecordQuery = `SELECT EXISTS (SELECT FROM ${records})::text AS any`

/** Whether there has been a slot, as far as is known, or one was lost: one row. */
export const everCapturedQuery = `
  SELECT EXISTS (SELECT FROM ${records} WHERE scanned_at IS NOT NULL OR completed_at IS NOT NULL OR reason = 'lost slot')::text AS captured`

/**
 * Notes that there is a slot, from which the tables' initial snapshot begins: rows of it may have been delivered, so that deletions are missed where the slot
 * goes before the snapshot is over.
 */
export const slotMadeStatement = `
  UPDATE ${records} AS s SET scanned_at = clock_timestamp()
   WHERE s.reason = 'initial' AND s.scanned_at IS NULL AND s.completed_at IS NULL
     AND EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(replicationSlot)})`

/**
 * Records the tables that the connector's initial snapshot is going to read. Where there is a record already, a connector may be at work that does not
 * know the others: those are snapshotted by a signal. Parameter: tables.
 */
export const recordInitialStatement = `
  INSERT INTO ${records} (table_schema, table_name, columns, reason, requested_at)
  SELECT w.schema, w.name, w.columns, 'initial', clock_timestamp() FROM ${given}
   WHERE NOT EXISTS (SELECT FROM ${records})
     AND NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(replicationSlot)})
  ON CONFLICT DO NOTHING`

/** Marks tables that are out of capture: changes of theirs are missed from now on. Parameter: tables (those that are captured). */
export const markNotCapturedStatement = `
  UPDATE ${records} AS s SET reason = 'not captured', signal_id = NULL, scanned_at = NULL, completed_at = NULL
   WHERE s.reason <> 'not captured' AND NOT ${named}`

/**
 * Notes that changes of these tables are missing, until a new connector's initial snapshot of all of them has arrived, and rows that vanished meanwhile are removed.
 * Parameter: tables.
 */
export const lostSlotStatement = `
  INSERT INTO ${records} AS s (table_schema, table_name, columns, reason, requested_at, scanned_at)
  SELECT w.schema, w.name, w.columns, 'lost slot', clock_timestamp(), clock_timestamp() FROM ${given}
  ON CONFLICT (table_schema, table_name) DO UPDATE
  SET columns = excluded.columns, reason = excluded.reason, requested_at = excluded.requested_at, signal_id = NULL,
      scanned_at = excluded.scanned_at, completed_at = NULL`

/** Asks for snapshots, before any signal is sent. Parameters: tables (with `columns`), reasons (JSON object by quoted name). */
export const requestStatement = `
  INSERT INTO ${records} AS s (table_schema, table_name, columns, reason, requested_at)
  SELECT w.schema, w.name, w.columns, w.reason, clock_timestamp()
    FROM json_to_recordset(:tables::json) AS w(schema text, name text, columns text, reason text)
  ON CONFLICT (table_schema, table_name) DO UPDATE
  SET columns = excluded.columns, reason = excluded.reason, requested_at = excluded.requested_at, signal_id = NULL, scanned_at = NULL, completed_at = NULL`

/** Notes that tables have fewer columns than before. Parameter: tables. */
export const forgetColumnsStatement = `
  UPDATE ${records} AS s SET columns = w.columns FROM ${given}
   WHERE s.table_schema = w.schema AND s.table_name = w.name AND s.columns <> w.columns`

/** Notes that the end of a table's snapshot was seen. Parameters: tables, id (of the signal). */
export const scannedStatement = `
  UPDATE ${records} AS s SET scanned_at = clock_timestamp() WHERE s.signal_id = :id::text AND ${named}`

/** Notes that a table had nothing to be read. Parameter: tables. */
export const nothingToScanStatement = `
  UPDATE ${records} AS s SET scanned_at = clock_timestamp() WHERE s.signal_id IS NULL AND s.completed_at IS NULL AND ${named}`

/** Has the signal of a table's snapshot be sent again. Parameters: tables, id (of the one that came to nothing). */
export const sendAgainStatement = `
  UPDATE ${records} AS s SET signal_id = NULL WHERE s.signal_id = :id::text AND s.scanned_at IS NULL AND ${named}`

/** Notes that snapshots have been delivered: the initial ones, and those whose end was seen. Parameter: tables. */
export const completedStatement = `
  UPDATE ${records} AS s SET completed_at = clock_timestamp()
   WHERE s.completed_at IS NULL AND (s.reason = 'initial' OR s.scanned_at IS NOT NULL) AND ${named}`
