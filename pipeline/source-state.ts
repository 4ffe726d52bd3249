import { replicationSlot } from './names.ts'
import { tableNames } from './source-catalog.ts'
import { type SourceQuery, textOf } from './source-query.ts'
import type { SourceTable } from './source-sql.ts'

/** Version, settings and rights of the server that is asked, all as text. */
export type ServerState = Awaited<ReturnType<typeof readServer>>

export async function readServer(query: SourceQuery) {
  const [row] = await query(serverQuery)
  if (!row) throw new Error('the server query answered no row')
  return {
    version: textOf(row, 'version'),
    release: textOf(row, 'release'),
    rds: textOf(row, 'rds'),
    standby: textOf(row, 'standby'),
    walLevel: textOf(row, 'wal_level'),
    maxSlots: textOf(row, 'max_slots'),
    otherSlots: textOf(row, 'other_slots'),
    maxSenders: textOf(row, 'max_senders'),
    otherSenders: textOf(row, 'other_senders'),
    role: textOf(row, 'role'),
    database: textOf(row, 'database'),
    creates: textOf(row, 'creates'),
  }
}

const serverQuery = `
  SELECT current_setting('server_version_num') AS version, current_setting('server_version') AS release,
         coalesce(current_setting('rds.logical_replication', true), '') AS rds, pg_is_in_recovery()::text AS standby,
         current_setting('wal_level') AS wal_level, current_setting('max_replication_slots') AS max_slots,
         (SELECT count(*) FROM pg_replication_slots WHERE slot_name <> '${replicationSlot}')::text AS other_slots,
         current_setting('max_wal_senders') AS max_senders,
         (SELECT count(*) FROM pg_stat_replication r WHERE NOT EXISTS (
            SELECT FROM pg_replication_slots s WHERE s.slot_name = '${replicationSlot}' AND s.active_pid = r.pid))::text AS other_senders,
         current_user::text AS role, current_database()::text AS database,
         has_database_privilege(current_database(), 'CREATE')::text AS creates`

/** What Debezium's role may do. */
export interface ReaderRights {
  readonly role: string
  readonly replicates: boolean
  readonly connects: boolean
  /** Quoted names of the tables that it may not read. */
  readonly unreadable: ReadonlySet<string>
}

export async function readRights(query: SourceQuery, tables: readonly SourceTable[]): Promise<ReaderRights> {
  const [row] = await query(rightsQuery, { tables: tableNames(tables) })
  if (!row) throw new Error('the rights query answered no row')
  const unreadable: unknown = JSON.parse(textOf(row, 'unreadable'))
  return {
    role: textOf(row, 'role'),
    replicates: row['replicates'] === 'true',
    connects: row['connects'] === 'true',
    unreadable: new Set(Array.isArray(unreadable) ? unreadable.map(String) : []),
  }
}

const rightsQuery = `
  SELECT current_user::text AS role, has_database_privilege(current_database(), 'CONNECT')::text AS connects,
         (SELECT rolsuper OR rolreplication OR EXISTS (
            SELECT FROM pg_roles g WHERE g.rolname = 'rds_replication' AND pg_has_role(current_user, g.oid, 'MEMBER'))
            FROM pg_roles WHERE rolname = current_user)::text AS replicates,
         coalesce((SELECT json_agg('"' || replace(t.schema, '"', '""') || '"."' || replace(t.name, '"', '""') || '"')
            FROM json_to_recordset(:tables::json) AS t(schema text, name text)
            JOIN pg_namespace n ON n.nspname = t.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
           WHERE NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))), '[]')::text AS unreadable`
