import { canaryTable, ownSchema, publication, replicationSlot, signalTable, snapshotsTable, vanishedKeysTable } from './names.ts'

/** A table at the source. */
export interface SourceTable {
  readonly schema: string
  readonly name: string
}

/**
 * The mark on what the pipeline creates at the source (a comment on the schema and on the publication): only what bears it is ever altered or removed.
 * A replication slot can bear none; it is the pipeline's when the marked schema is in the slot's database.
 */
export const ownershipMark = 'aurora-cdc-s3-tables'

/** A PostgreSQL identifier, quoted always: any name is one name. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A PostgreSQL string literal, whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/** `"schema"."table"` */
export function quoteTable({ schema, name }: SourceTable): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}

/** What the publication holds: the captured tables, then the signal table and the canary. */
export function publishedTables(captured: readonly SourceTable[]): SourceTable[] {
  return [...captured.filter(({ schema }) => schema !== ownSchema), signalTable, canaryTable]
}

/** The pipeline's own tables at the source. */
export const ownTables: readonly SourceTable[] = [signalTable, canaryTable, snapshotsTable, vanishedKeysTable]

/** Creates the schema `cdc` with the pipeline's own tables; each statement may be run again. One statement an entry. */
export function ownSchemaStatements(): string[] {
  return [
    `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(ownSchema)}`,
    `COMMENT ON SCHEMA ${quoteIdentifier(ownSchema)} IS ${quoteLiteral(ownershipMark)}`,
    // The three columns that Debezium expects, in its documentation's lengths.
    `CREATE TABLE IF NOT EXISTS ${quoteTable(signalTable)} (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048))`,
    `CREATE TABLE IF NOT EXISTS ${quoteTable(canaryTable)} (name text PRIMARY KEY, value bigint, touched_at timestamptz)`,
    `CREATE TABLE IF NOT EXISTS ${quoteTable(snapshotsTable)} (table_schema text, table_name text, columns text NOT NULL, reason text NOT NULL,
      signal_id varchar(42), requested_at timestamptz NOT NULL, scanned_at timestamptz, completed_at timestamptz, PRIMARY KEY (table_schema, table_name))`,
    // A key is a JSON list of texts, in the order of the primary key.
    `CREATE TABLE IF NOT EXISTS ${quoteTable(vanishedKeysTable)} (table_schema text, table_name text, key text,
      found_at timestamptz NOT NULL DEFAULT clock_timestamp(), removed_at timestamptz, came_back boolean NOT NULL DEFAULT false)`,
    `CREATE UNIQUE INDEX IF NOT EXISTS vanished_keys_key ON ${quoteTable(vanishedKeysTable)} (table_schema, table_name, md5(key))`,
  ]
}

// `ONLY` leaves inheritance children out (they are tables of their own); partitions belong to their parent all the same.
const tableList = (tables: readonly SourceTable[]) => tables.map((table) => `ONLY ${quoteTable(table)}`).join(', ')

// A partitioned table's changes come under its own name; for others the option changes nothing.
const publicationOptions = "publish = 'insert, update, delete, truncate', publish_via_partition_root = true"

/** Creates the publication of exactly these tables. */
export function createPublicationStatements(tables: readonly SourceTable[]): string[] {
  const name = quoteIdentifier(publication)
  return [
    `CREATE PUBLICATION ${name} FOR TABLE ${tableList(tables)} WITH (${publicationOptions})`,
    `COMMENT ON PUBLICATION ${name} IS ${quoteLiteral(ownershipMark)}`,
  ]
}

/** Makes an existing publication one of exactly these tables. */
export function alterPublicationStatements(tables: readonly SourceTable[]): string[] {
  const name = quoteIdentifier(publication)
  return [`ALTER PUBLICATION ${name} SET TABLE ${tableList(tables)}`, `ALTER PUBLICATION ${name} SET (${publicationOptions})`]
}

/** What the publication holds and publishes, as text: no row when there is none, else one row. */
export const publicationQuery = `
  SELECT (p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND p.pubviaroot)::text AS publishes_everything,
         coalesce(obj_description(p.oid, 'pg_publication') = ${quoteLiteral(ownershipMark)}, false)::text AS ours,
         coalesce((SELECT json_agg(json_build_object('schema', n.nspname, 'name', c.relname) ORDER BY n.nspname, c.relname)
                     FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE r.prpubid = p.oid), '[]')::text AS tables
    FROM pg_publication p
   WHERE p.pubname = ${quoteLiteral(publication)}`

/** Writes whole rows to the WAL on update and delete. */
export function replicaIdentityFullStatement(table: SourceTable): string {
  return `ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY FULL`
}

/** Lets a role replicate; only a superuser, or on RDS the master user, may. */
export function replicationGrant(role: string, isRds: boolean): string {
  const name = quoteIdentifier(role)
  return isRds ? `GRANT rds_replication TO ${name}` : `ALTER ROLE ${name} REPLICATION`
}

/**
 * Several statements as one, which is done whole or not at all; a table in use by a long transaction is reported after ten seconds, rather than
 * every later query on it made to wait behind this one. The Data API takes one statement a call, and a transaction over several calls would
 * hold its locks for minutes where the caller dies.
 */
export function atomically(statements: readonly string[]): string {
  const body = [`PERFORM set_config('lock_timeout', '10s', true)`, ...statements].map((statement) => `  ${statement};`).join('\n')
  let tag = '$cdc$'
  while (body.includes(tag)) tag = tag.replace(/\$$/, '_$')
  return `DO ${tag} BEGIN\n${body}\nEND ${tag}`
}

/**
 * Rights of the role that Debezium connects as. `replication` is how the server grants replication: Amazon RDS and Aurora by membership in
 * `rds_replication`, a plain PostgreSQL by the role's attribute; or it has been granted.
 */
export function grantStatements(role: string, tables: readonly SourceTable[], replication: 'rds' | 'attribute' | 'granted'): string[] {
  const to = quoteIdentifier(role)
  const schemas = [...new Set([...tables.map(({ schema }) => schema), ownSchema])]
  return [
    ...(replication === 'granted' ? [] : [replicationGrant(role, replication === 'rds')]),
    ...schemas.map((schema) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${to}`),
    ...tables.map((table) => `GRANT SELECT ON TABLE ${quoteTable(table)} TO ${to}`),
    // Incremental snapshots write their watermarks into the signal table.
    `GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE ${quoteTable(signalTable)} TO ${to}`,
    // The snapshot of keys that came back selects by them.
    `GRANT SELECT ON TABLE ${quoteTable(vanishedKeysTable)} TO ${to}`,
  ]
}

/** Which of the rights of `grantStatements` a role lacks, as text: one row, or none where there is no such role. Parameters: role, tables (JSON). */
export const missingRightsQuery = `
  SELECT (NOT (r.rolsuper OR r.rolreplication OR EXISTS (
            SELECT FROM pg_roles g WHERE g.rolname = 'rds_replication' AND pg_has_role(r.oid, g.oid, 'MEMBER'))))::text AS replication,
         EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_replication')::text AS rds,
         (EXISTS (SELECT FROM json_to_recordset(:tables::json) AS t(schema text, name text)
                    JOIN pg_namespace n ON n.nspname = t.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
                   WHERE NOT (has_schema_privilege(r.oid, n.oid, 'USAGE') AND has_table_privilege(r.oid, c.oid, 'SELECT')))
          OR NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                          WHERE n.nspname = ${quoteLiteral(signalTable.schema)} AND c.relname = ${quoteLiteral(signalTable.name)}
                            AND has_table_privilege(r.oid, c.oid, 'INSERT') AND has_table_privilege(r.oid, c.oid, 'DELETE'))
          OR NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                          WHERE n.nspname = ${quoteLiteral(vanishedKeysTable.schema)} AND c.relname = ${quoteLiteral(vanishedKeysTable.name)}
                            AND has_table_privilege(r.oid, c.oid, 'SELECT')))::text AS tables
    FROM pg_roles r WHERE r.rolname = :role::text`

/** Writes a value into the canary's row: what the source committed before is delivered once the value is seen in Iceberg. Parameters: name, value. */
export const touchCanaryStatement = `INSERT INTO ${quoteTable(canaryTable)} (name, value, touched_at) VALUES ($1, $2, clock_timestamp())
  ON CONFLICT (name) DO UPDATE SET value = excluded.value, touched_at = excluded.touched_at`

/** Whether the schema `cdc` exists and is the pipeline's own: no row when there is none, else one row. */
export const ownSchemaQuery = `
  SELECT coalesce(obj_description(oid, 'pg_namespace') = ${quoteLiteral(ownershipMark)}, false)::text AS ours
    FROM pg_namespace WHERE nspname = ${quoteLiteral(ownSchema)}`

/** The replication slot, as text: no row when there is none, else one row. `reader` is the role whose walsender reads it, as far as the asking role sees that. */
export const slotQuery = `
  SELECT plugin::text AS plugin, database::text AS database, active::text AS active,
         coalesce(database = current_database(), false)::text AS here, coalesce(wal_status = 'lost', false)::text AS lost,
         confirmed_flush_lsn::text AS confirmed, (SELECT a.usename::text FROM pg_stat_activity a WHERE a.pid = active_pid) AS reader
    FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(replicationSlot)}`

/** Ends the walsender that still reads the slot, so that the slot can be dropped. */
export const endSlotReaderStatement = `
  SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
   WHERE slot_name = ${quoteLiteral(replicationSlot)} AND database = current_database() AND active_pid IS NOT NULL`

/** Drops the slot; nothing when it is gone already. */
export const dropSlotStatement = `
  SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
   WHERE slot_name = ${quoteLiteral(replicationSlot)} AND database = current_database()`

/** The slot's removal for a person to run. */
export const dropSlotSql = `SELECT pg_drop_replication_slot(${quoteLiteral(replicationSlot)})`

export const dropPublicationStatement = `DROP PUBLICATION IF EXISTS ${quoteIdentifier(publication)}`

/** Removes the schema `cdc` with the pipeline's tables. Without CASCADE: what a user put there stops it, rather than going with it. */
export function dropOwnSchemaStatements(): string[] {
  return [`DROP TABLE IF EXISTS ${ownTables.map(quoteTable).join(', ')}`, `DROP SCHEMA IF EXISTS ${quoteIdentifier(ownSchema)}`]
}
