import type { ClientBase } from 'pg'
import { ownSchema } from '../../pipeline/names.ts'
import type { SourceTable } from '../../pipeline/source-sql.ts'
import type { ReplicaIdentity } from '../../pipeline/tables.ts'

export type RelationKind = 'table' | 'partitioned table' | 'partition' | 'view' | 'materialized view' | 'foreign table'

/** Anything in the catalog that a pattern may name. */
export interface Relation extends SourceTable {
  readonly oid: string
  readonly kind: RelationKind
  /** Belongs to an extension, such as PostGIS's `spatial_ref_sys`. */
  readonly ofExtension: boolean
}

/** A table as PostgreSQL's catalogs describe it. */
export interface CatalogTable extends SourceTable {
  readonly partitioned: boolean
  readonly unlogged: boolean
  /** Columns of the primary key, in its order. */
  readonly primaryKey: readonly string[]
  readonly replicaIdentity: ReplicaIdentity
  /** Columns of the index under `REPLICA IDENTITY USING INDEX`. */
  readonly identityIndex: readonly string[]
  readonly owned: boolean
  readonly selectable: boolean
  readonly columns: readonly CatalogColumn[]
}

export interface CatalogColumn {
  readonly name: string
  /** `format_type`'s text; user-defined types with their schema. */
  readonly type: string
  readonly kind: 'base' | 'enum' | 'domain' | 'composite' | 'range' | 'multirange'
  /** For a domain, the type under it. */
  readonly baseType: string | undefined
  readonly nullable: boolean
  readonly generated: boolean
}

const relationKinds: Record<string, RelationKind> = { p: 'partitioned table', v: 'view', m: 'materialized view', f: 'foreign table' }
const replicaIdentities: Record<string, ReplicaIdentity> = { d: 'default', f: 'full', n: 'nothing', i: 'index' }
// A pseudo-type ("p") cannot be a column's.
const typeKinds: Record<string, CatalogColumn['kind']> = { b: 'base', e: 'enum', d: 'domain', c: 'composite', r: 'range', m: 'multirange' }

/** Whether the replica identity is an index over the primary key's columns, which writes to the WAL what the default does. */
export function isKeyIndex({ primaryKey, replicaIdentity, identityIndex }: CatalogTable): boolean {
  const covers = identityIndex.length === primaryKey.length && identityIndex.every((column) => primaryKey.includes(column))
  return replicaIdentity === 'index' && covers
}

/** Every table, view and foreign table of the database, except PostgreSQL's own and the pipeline's. Ordered by schema and name. */
export async function readRelations(client: ClientBase): Promise<Relation[]> {
  const { rows } = await client.query<Record<'oid' | 'schema' | 'name' | 'kind' | 'partition' | 'of_extension', string>>(
    `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.relispartition::text AS partition,
            (EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))::text AS of_extension
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
        AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', $1)
      ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
    [ownSchema],
  )
  return rows.map((row) => ({
    oid: row.oid,
    schema: row.schema,
    name: row.name,
    kind: row.partition === 'true' ? 'partition' : (relationKinds[row.kind] ?? 'table'),
    ofExtension: row.of_extension === 'true',
  }))
}

/** The named tables that exist, in the order of the names. */
export async function readTables(client: ClientBase, tables: readonly SourceTable[]): Promise<CatalogTable[]> {
  const wanted = JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })))
  const { rows } = await client.query<TableRow>(tablesQuery, [wanted])
  if (rows.length === 0) return []
  const columns = await readColumns(
    client,
    rows.map(({ oid }) => oid),
  )
  return rows.map((row) => ({
    schema: row.schema,
    name: row.name,
    partitioned: row.partitioned === 'true',
    unlogged: row.unlogged === 'true',
    primaryKey: nameList(row.primary_key),
    replicaIdentity: replicaIdentities[row.identity] ?? 'default',
    identityIndex: nameList(row.identity_index),
    owned: row.owned === 'true',
    selectable: row.selectable === 'true',
    columns: columns.get(row.oid) ?? [],
  }))
}

type TableRow = Record<
  'oid' | 'schema' | 'name' | 'partitioned' | 'unlogged' | 'primary_key' | 'identity' | 'identity_index' | 'owned' | 'selectable',
  string
>

function nameList(json: string): string[] {
  const names: unknown = JSON.parse(json)
  return Array.isArray(names) ? names.map(String) : []
}

const indexColumns = (condition: string) => `
  coalesce((SELECT json_agg(a.attname ORDER BY k.position)
              FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
             WHERE i.indrelid = c.oid AND ${condition} AND k.position <= i.indnkeyatts), '[]')::text`

const tablesQuery = `
  SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name,
         (c.relkind = 'p')::text AS partitioned, (c.relpersistence = 'u')::text AS unlogged,
         ${indexColumns('i.indisprimary')} AS primary_key,
         c.relreplident::text AS identity,
         ${indexColumns('i.indisreplident')} AS identity_index,
         pg_has_role(c.relowner, 'USAGE')::text AS owned,
         (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))::text AS selectable
    FROM ROWS FROM (json_to_recordset($1::json) AS (schema text, name text)) WITH ORDINALITY AS w(schema, name, position)
    JOIN pg_namespace n ON n.nspname = w.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p')
   ORDER BY w.position`

async function readColumns(client: ClientBase, oids: readonly string[]): Promise<Map<string, CatalogColumn[]>> {
  const { rows } = await client.query<
    { table: string } & Record<'name' | 'type' | 'kind' | 'nullable' | 'generated', string> & { base: string | null }
  >(
    // The kind of an array is that of its elements; a domain over a domain ends at the type under both.
    `WITH RECURSIVE base(domain, oid, typmod) AS (
       SELECT oid, typbasetype, typtypmod FROM pg_type WHERE typtype = 'd'
       UNION ALL
       SELECT b.domain, t.typbasetype, CASE WHEN b.typmod = -1 THEN t.typtypmod ELSE b.typmod END
         FROM base b JOIN pg_type t ON t.oid = b.oid WHERE t.typtype = 'd')
     SELECT a.attrelid::text AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, element.typtype::text AS kind,
            (NOT a.attnotnull)::text AS nullable, (a.attgenerated <> '')::text AS generated, format_type(under.oid, under.typmod) AS base
       FROM pg_attribute a
       JOIN pg_type t ON t.oid = a.atttypid
       JOIN pg_type element ON element.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
       LEFT JOIN LATERAL (
         SELECT b.oid, b.typmod FROM base b JOIN pg_type u ON u.oid = b.oid WHERE b.domain = element.oid AND u.typtype <> 'd') under ON true
      WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attrelid, a.attnum`,
    [oids],
  )
  const columns = new Map<string, CatalogColumn[]>()
  for (const row of rows) {
    const list = columns.get(row.table) ?? []
    columns.set(row.table, list)
    list.push({
      name: row.name,
      type: row.type,
      kind: typeKinds[row.kind] ?? 'base',
      baseType: row.base ?? undefined,
      nullable: row.nullable === 'true',
      generated: row.generated === 'true',
    })
  }
  return columns
}
