import { createHash } from 'node:crypto'
import { ownSchema } from './names.ts'
import type { CapturedTable } from './tables.ts'

/** Where the Iceberg tables are. */
export interface IcebergPlace {
  readonly tableBucket: string
  readonly namespace: string
}

/** The catalog of a table bucket, as Athena's API and its SQL name it. */
export function athenaCatalog(tableBucket: string): string {
  return `s3tablescatalog/${tableBucket}`
}

/** `"s3tablescatalog/bucket"."namespace"."table"` */
export function athenaTable({ tableBucket, namespace }: IcebergPlace, table: string): string {
  return [athenaCatalog(tableBucket), namespace, table].map((name) => `"${name}"`).join('.')
}

/** Tables that one query counts. Each is two stages of a query, of which Trino allows 150 (`query.max-stage-count`). */
export const tablesACount = 50

/** Counts rows: a row for each table, in the columns `name` and `count`. At most `tablesACount` tables. */
export function rowCountQuery(place: IcebergPlace, tables: readonly Pick<CapturedTable, 'iceberg'>[]): string {
  return tables
    .map(({ iceberg }) => `SELECT '${iceberg}' AS name, count(*) AS count FROM ${athenaTable(place, iceberg)}`)
    .join('\nUNION ALL\n')
}

/** A query for people, to run next: rows of the first captured table; null where there is none. */
export function nextQuery(place: IcebergPlace, tables: readonly Pick<CapturedTable, 'capture' | 'schema' | 'iceberg'>[]): string | null {
  const captured = tables.filter(({ capture }) => capture)
  const table = captured.find(({ schema }) => schema !== ownSchema) ?? captured[0]
  return table ? `SELECT * FROM ${athenaTable(place, table.iceberg)} LIMIT 10` : null
}

/** When each table was committed to last: a row for each table, in the columns `name` and `at`; null where it never was. At most `tablesACount` tables. */
export function lastCommitQuery(place: IcebergPlace, tables: readonly Pick<CapturedTable, 'iceberg'>[]): string {
  return tables
    .map(({ iceberg }) => `SELECT '${iceberg}' AS name, max(committed_at) AS at FROM ${athenaTable(place, `${iceberg}$snapshots`)}`)
    .join('\nUNION ALL\n')
}

/** A canary's row as the Iceberg table has it: `value` and `touched`, in milliseconds since 1970. */
export function canaryIcebergQuery(place: IcebergPlace, table: string, name: string): string {
  const literal = `'${name.replaceAll("'", "''")}'`
  return `SELECT value, touched_at FROM ${athenaTable(place, table)} WHERE name = ${literal}`
}

/** Athena's ClientRequestToken (32 to 128 characters): the same request made again joins the first one. */
export function requestToken(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
