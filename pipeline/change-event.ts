/**
 * Facts of Debezium's change events as they leave the connector with {@link wireSettings}: JSON without schemas, keys in the order
 * `before, after, source, transaction, op, ts_ms, ts_us, ts_ns` (`op` comes after the row images).
 */

/**
 * The connector's settings that decide how values look in a change event. The transform decodes these forms and no others.
 * https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types
 */
export const wireSettings = {
  'decimal.handling.mode': 'string',
  'time.precision.mode': 'microseconds',
  'interval.handling.mode': 'string',
  'hstore.handling.mode': 'json',
  'binary.handling.mode': 'bytes',
  'unavailable.value.placeholder': '__debezium_unavailable_value',
} as const

/** What stands in place of a value that PostgreSQL did not write to the WAL, because it is stored out of line and did not change. */
export const unavailableValuePlaceholder = wireSettings['unavailable.value.placeholder']

/** Debezium's operations on a row, each with Firehose's operation by default. */
export const operationOf = { c: 'update', r: 'update', u: 'update', d: 'delete' } as const

export type RowOp = keyof typeof operationOf
/** Firehose's three operations. `update` is an upsert: it deletes the key and inserts the row. */
export type FirehoseOperation = 'insert' | 'update' | 'delete'

/** `source.snapshot` of a row that an incremental snapshot read: it may be in the table already, so it is never an insert. */
export const incrementalSnapshot = 'incremental'

/** Why a change event is dropped on purpose. The names are those of the metrics. */
export const dropReasons = {
  Superseded: 'a later change of the same row is delivered in the same batch',
  Tombstone: 'no value: Kafka deletes the key',
  Heartbeat: "the connector's heartbeat",
  LogicalMessage: 'written by pg_logical_emit_message',
  SignalTable: "a row of the connector's own signal table",
  NotCaptured: 'the table is declared with "capture": false',
  Truncate: 'a truncate, which the setting says to drop',
} as const

export type DropReason = keyof typeof dropReasons
