import type { TypeHint } from './column-type-text.ts'
import { parsePostgresType } from './column-types.ts'
import { PipelineError } from './errors.ts'
import { type SourceQuery, textOf } from './source-query.ts'
import type { SourceTable } from './source-sql.ts'
import type { ReplicaIdentity } from './tables.ts'

/** A table as PostgreSQL's catalogs describe it. */
export interface CatalogTable extends SourceTable {
  readonly partitioned: boolean
  readonly unlogged: boolean
  /** Columns of the primary key, in its order. */
  readonly primaryKey: readonly string[]
  readonly replicaIdentity: ReplicaIdentity
  /** Columns of the index under `REPLICA IDENTITY USING INDEX`. */
  readonly identityIndex: readonly string[]
  /** By the role that asks. */
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

const replicaIdentities: Record<string, ReplicaIdentity> = { d: 'default', f: 'full', n: 'nothing', i: 'index' }
// A pseudo-type ("p") cannot be a column's.
const typeKinds: Record<string, CatalogColumn['kind']> = { b: 'base', e: 'enum', d: 'domain', c: 'composite', r: 'range', m: 'multirange' }

/** Whether the replica identity is an index over the primary key's columns, which writes to the WAL what the default does. */
export function isKeyIndex({ primaryKey, replicaIdentity, identityIndex }: CatalogTable): boolean {
  const covers = identityIndex.length === primaryKey.length && identityIndex.every((column) => primaryKey.includes(column))
  return replicaIdentity === 'index' && covers
}

/** What a declaration must say beside the type's text: nothing for PostgreSQL's own types. */
export function typeHint({ type, kind, baseType }: CatalogColumn): TypeHint {
  if (kind === 'domain') return { kind, baseType: baseType !== undefined && isOwnType(baseType) ? baseType : 'text' }
  return isOwnType(type) ? {} : { kind }
}

/** Whether the text alone says what a type is. */
function isOwnType(text: string): boolean {
  try {
    parsePostgresType(text)
    return true
  } catch (error) {
    if (error instanceof PipelineError) return false
    throw error
  }
}

/** The named tables that exist, in the order of the names. */
export async function readTables(query: SourceQuery, tables: readonly SourceTable[]): Promise<CatalogTable[]> {
  const rows = await query(tablesQuery, { tables: tableNames(tables) })
  if (rows.length === 0) return []
  const columns = await readColumns(
    query,
    rows.map((row) => textOf(row, 'oid')),
  )
  return rows.map((row) => ({
    schema: textOf(row, 'schema'),
    name: textOf(row, 'name'),
    partitioned: row['partitioned'] === 'true',
    unlogged: row['unlogged'] === 'true',
    primaryKey: nameList(textOf(row, 'primary_key')),
    replicaIdentity: replicaIdentities[textOf(row, 'identity')] ?? 'default',
    identityIndex: nameList(textOf(row, 'identity_index')),
    owned: row['owned'] === 'true',
    selectable: row['selectable'] === 'true',
    columns: columns.get(textOf(row, 'oid')) ?? [],
  }))
}

/** Tables as a parameter of type JSON: `[{"schema", "name"}]`. */
export function tableNames(tables: readonly SourceTable[]): string {
  return JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })))
}

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
  SELECT c.oid::text AS oid, n.nspname::text AS schema, c.relname::text AS name,
         (c.relkind = 'p')::text AS partitioned, (c.relpersistence = 'u')::text AS unlogged,
         ${indexColumns('i.indisprimary')} AS primary_key,
         c.relreplident::text AS identity,
         ${indexColumns('i.indisreplident')} AS identity_index,
         pg_has_role(c.relowner, 'USAGE')::text AS owned,
         (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))::text AS selectable
    FROM ROWS FROM (json_to_recordset(:tables::json) AS (schema text, name text)) WITH ORDINALITY AS w(schema, name, position)
    JOIN pg_namespace n ON n.nspname = w.schema
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p')
   ORDER BY w.position`

/** A page of columns stays well under the Data API's answer of 1 MiB: a row of the longest names has 450 bytes. */
const columnsAPage = 2000

/** The type's name with its schema where it is none of PostgreSQL's own, whatever `search_path` is in the session. */
const typeText = (type: string, modifier: string) => `
  (SELECT CASE WHEN n.nspname <> 'pg_catalog' AND pg_type_is_visible(e.oid) THEN quote_ident(n.nspname) || '.' ELSE '' END
          || format_type(x.oid, ${modifier})
     FROM pg_type x
     JOIN pg_type e ON e.oid = CASE WHEN x.typcategory = 'A' AND x.typelem <> 0 THEN x.typelem ELSE x.oid END
     JOIN pg_namespace n ON n.oid = e.typnamespace
    WHERE x.oid = ${type})`

// The kind of an array is that of its elements; a domain over a domain ends at the type under both.
const columnsQuery = `
  WITH RECURSIVE base(domain, oid, typmod) AS (
    SELECT oid, typbasetype, typtypmod FROM pg_type WHERE typtype = 'd'
    UNION ALL
    SELECT b.domain, t.typbasetype, CASE WHEN b.typmod = -1 THEN t.typtypmod ELSE b.typmod END
      FROM base b JOIN pg_type t ON t.oid = b.oid WHERE t.typtype = 'd')
  SELECT a.attrelid::text AS table, a.attnum::text AS number, a.attname::text AS name, ${typeText('a.atttypid', 'a.atttypmod')} AS type,
         element.typtype::text AS kind, (NOT a.attnotnull)::text AS nullable, (a.attgenerated <> '')::text AS generated,
         ${typeText('under.oid', 'under.typmod')} AS base
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_type element ON element.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
    LEFT JOIN LATERAL (
      SELECT b.oid, b.typmod FROM base b JOIN pg_type u ON u.oid = b.oid WHERE b.domain = element.oid AND u.typtype <> 'd') under ON true
   WHERE a.attrelid IN (SELECT value::oid FROM json_array_elements_text(:tables::json) AS value)
     AND (a.attrelid, a.attnum) > (:table::oid, :number::smallint) AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attrelid, a.attnum
   LIMIT ${columnsAPage}`

async function readColumns(query: SourceQuery, oids: readonly string[]): Promise<Map<string, CatalogColumn[]>> {
  const columns = new Map<string, CatalogColumn[]>()
  let after = { table: '0', number: '0' }
  for (;;) {
    const page = await query(columnsQuery, { tables: JSON.stringify(oids), ...after })
    for (const row of page) {
      const table = textOf(row, 'table')
      const list = columns.get(table) ?? []
      columns.set(table, list)
      list.push({
        name: textOf(row, 'name'),
        type: textOf(row, 'type'),
        kind: typeKinds[textOf(row, 'kind')] ?? 'base',
        baseType: row['base'] ?? undefined,
        nullable: row['nullable'] === 'true',
        generated: row['generated'] === 'true',
      })
      after = { table, number: textOf(row, 'number') }
    }
    if (page.length < columnsAPage) return columns
  }
}
