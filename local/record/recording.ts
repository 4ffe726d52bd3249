import { z } from 'zod'
import type { SourceTable } from '../../pipeline/source-sql.ts'
import type { RecordedMessage } from './messages.ts'
import type { ChangedRow, RowImage } from './row-images.ts'

/** A change event with the row images that the source had. */
export interface RecordedEvent extends RecordedMessage {
  /** Null where no row is concerned: truncate, logical message, heartbeat, the signal table's own rows. */
  readonly truth: { readonly before: RowImage | null; readonly after: RowImage | null } | null
}

/** What the source knows of the rows behind the change events. */
export interface SourceTruth {
  /** By {@link tableId}: the rows that the initial snapshot and the incremental one read, in the order of reading. */
  readonly initial: ReadonlyMap<string, readonly RowImage[]>
  readonly incremental: ReadonlyMap<string, readonly RowImage[]>
  /** By {@link tableId} and transaction. */
  readonly changes: ReadonlyMap<string, ChangedRow>
}

const envelope = z.object({
  op: z.enum(['c', 'u', 'd', 'r', 't', 'm']),
  before: z.record(z.string(), z.unknown()).nullish(),
  after: z.record(z.string(), z.unknown()).nullish(),
  source: z.object({ schema: z.string(), table: z.string(), snapshot: z.string().nullable(), txId: z.number().nullable() }),
})

export type Envelope = z.infer<typeof envelope>

/** The envelope in a message's value, or undefined for one that has none (a heartbeat). */
export function envelopeOf({ value }: RecordedMessage): Envelope | undefined {
  return value === null ? undefined : envelope.safeParse(JSON.parse(value)).data
}

export const tableId = ({ schema, name }: SourceTable) => JSON.stringify([schema, name])
export const changeId = (table: SourceTable, transaction: string) => JSON.stringify([table.schema, table.name, transaction])

/**
 * The messages about a table, each with its truth: a snapshot's rows by their order, changes by their transaction.
 * @throws Error when a change event is about a row that the source knows nothing of, or a row is missing
 */
export function recordedEvents(table: SourceTable, messages: readonly RecordedMessage[], truth: SourceTruth): RecordedEvent[] {
  const initial = [...(truth.initial.get(tableId(table)) ?? [])]
  const incremental = [...(truth.incremental.get(tableId(table)) ?? [])]
  const events = messages.flatMap((message) => {
    const event = envelopeOf(message)
    if (event?.source.schema !== table.schema || event.source.table !== table.name) return []
    return [{ ...message, truth: truthOf(table, event, event.source.snapshot === 'incremental' ? incremental : initial, truth) }]
  })
  const left = initial.length + incremental.length
  if (left > 0) throw new Error(`${left} rows of ${table.schema}.${table.name} came by no snapshot`)
  const arrived = new Set(events.map((event) => changeId(table, String(envelopeOf(event)?.source.txId))))
  const missing = [...truth.changes.keys()].filter((id) => id.startsWith(`${tableId(table).slice(0, -1)},`) && !arrived.has(id))
  if (missing.length > 0) throw new Error(`${missing.length} changes of ${table.schema}.${table.name} came as no event`)
  return events
}

function truthOf(table: SourceTable, event: Envelope, snapshotRows: RowImage[], { changes }: SourceTruth): RecordedEvent['truth'] {
  if (event.op === 't' || event.op === 'm') return null
  const change = changes.get(changeId(table, String(event.source.txId)))
  const row = event.op === 'r' ? snapshotRows.shift() : undefined
  const before = event.op === 'u' || event.op === 'd' ? change?.before : undefined
  const after = event.op === 'r' ? row : event.op === 'd' ? undefined : change?.after
  if (!before && !after) throw new Error(`Nothing is known of the row of an event "${event.op}" of ${table.schema}.${table.name}`)
  sameId(table, event, event.op === 'd' ? before : after)
  return { before: before ?? null, after: after ?? null }
}

/** That an event and its truth are about the same row, where a column `id` can tell. */
function sameId(table: SourceTable, event: Envelope, image: RowImage | undefined): void {
  const id = (event.after ?? event.before)?.['id']
  // Under REPLICA IDENTITY USING INDEX a delete's key is invented.
  if (typeof id !== 'number' || table.name === 'identity_index') return
  if (String(id) !== image?.['id']) throw new Error(`An event of ${table.schema}.${table.name} was matched to the wrong row`)
}
