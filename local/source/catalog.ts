import type { ClientBase } from 'pg'
import { ownSchema } from '../../pipeline/names.ts'
import { type CatalogTable, readTables as readCatalogTables } from '../../pipeline/source-catalog.ts'
import type { SourceTable } from '../../pipeline/source-sql.ts'
import { sourceQuery } from './query.ts'

export type { CatalogTable } from '../../pipeline/source-catalog.ts'

export type RelationKind = 'table' | 'partitioned table' | 'partition' | 'view' | 'materialized view' | 'foreign table'

/** Anything in the catalog that a pattern may name. */
export interface Relation extends SourceTable {
  readonly oid: string
  readonly kind: RelationKind
  /** Belongs to an extension, such as PostGIS's `spatial_ref_sys`. */
  readonly ofExtension: boolean
}

const relationKinds: Record<string, RelationKind> = { p: 'partitioned table', v: 'view', m: 'materialized view', f: 'foreign table' }
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
export function readTables(client: ClientBase, tables: readonly SourceTable[]): Promise<CatalogTable[]> {
  return readCatalogTables(sourceQuery(client), tables)
}
