import { replicationSlot } from './names.ts'
import { type SourceRow, textOf } from './source-query.ts'
import { quoteLiteral } from './source-sql.ts'

/** The pipeline's replication slot, as PostgreSQL sees it. Sizes are bytes of WAL. */
export interface SlotStatus {
  readonly active: boolean
  /** `reserved`, `extended`, `unreserved` or `lost`. https://www.postgresql.org/docs/current/view-pg-replication-slots.html */
  readonly walStatus: string
  /** What the connector has not confirmed. */
  readonly lagBytes: number
  /** What the server has to keep for the slot. */
  readonly heldBytes: number
}

/** Asks for {@link SlotStatus}, as text: no row when there is no slot. */
export const slotStatusQuery = `
  SELECT active::text AS active, coalesce(wal_status, 'lost')::text AS wal_status,
         coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn), 0)::bigint::text AS lag,
         coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint::text AS held
    FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(replicationSlot)}`

/** Of the rows of {@link slotStatusQuery}. */
export function slotStatus([row]: readonly SourceRow[]): SlotStatus | undefined {
  if (!row) return undefined
  return {
    active: row['active'] === 'true',
    walStatus: textOf(row, 'wal_status'),
    lagBytes: Number(textOf(row, 'lag')),
    heldBytes: Number(textOf(row, 'held')),
  }
}
