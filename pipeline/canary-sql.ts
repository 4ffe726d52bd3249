import { canaryTable } from './names.ts'
import { quoteLiteral, quoteTable } from './source-sql.ts'

/** What the smoke test does to its row, in this order. */
export const canaryChanges = ['insert', 'update', 'delete'] as const
export type CanaryChange = (typeof canaryChanges)[number]

/** The value of the row after a change; none once it is deleted. */
export const canaryValues = { insert: '1', update: '2', delete: undefined } as const satisfies Record<CanaryChange, string | undefined>

const prefix = 'smoke-'

/** The smoke test's row: an execution has one of its own, so that two at once do not meet. */
export function canaryName(executionName: string): string {
  return `${prefix}${executionName}`
}

const canary = quoteTable(canaryTable)

/** The row at the source: no row when there is none. `touched` is in milliseconds since 1970. Parameter: name. */
export const canaryRowQuery = `
  SELECT value::text AS value, (extract(epoch FROM touched_at) * 1000)::bigint::text AS touched FROM ${canary} WHERE name = :name::text`

/** Inserts the row or gives it another value; changes nothing where it has that value. Parameters: name, value. */
export const writeCanaryStatement = `
  INSERT INTO ${canary} AS c (name, value, touched_at) VALUES (:name::text, :value::bigint, clock_timestamp())
  ON CONFLICT (name) DO UPDATE SET value = excluded.value, touched_at = excluded.touched_at WHERE c.value IS DISTINCT FROM excluded.value`

/** Parameter: name. */
export const deleteCanaryStatement = `DELETE FROM ${canary} WHERE name = :name::text`

/** Removes the rows of executions that ended before their own removal. Parameter: name (of the row that stays). */
export const deleteLeftoversStatement = `
  DELETE FROM ${canary} WHERE starts_with(name, ${quoteLiteral(prefix)}) AND name <> :name::text AND touched_at < now() - interval '1 hour'`

/** Where the WAL ends: what was committed before lies before it. */
export const walEndQuery = 'SELECT pg_current_wal_lsn()::text AS lsn'

/** Whether the slot's reader has confirmed everything up to an LSN: no row when there is no slot. Parameter: lsn. */
export const confirmedQuery = (slot: string) => `
  SELECT active::text AS active, coalesce(confirmed_flush_lsn >= :lsn::pg_lsn, false)::text AS confirmed
    FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(slot)}`
