import type { Client } from 'pg'
import { quoteTable, type SourceTable } from '../../pipeline/source-sql.ts'
import type { Change } from './scenario.ts'

/** A row in PostgreSQL's own text, as psql prints it: by column, null for NULL. */
export type RowImage = Readonly<Record<string, string | null>>

/** What a change did to its row: undefined where there was or is none. */
export interface ChangedRow {
  readonly transaction: string
  readonly before: RowImage | undefined
  readonly after: RowImage | undefined
}

/** All rows of a table as they lie on disk, which is the order in which an initial snapshot reads them. */
export async function readRowImages(client: Client, table: SourceTable, orderBy = ''): Promise<RowImage[]> {
  const { rows, fields } = await client.query<(string | null)[]>({
    text: `SELECT * FROM ${quoteTable(table)} ${orderBy}`,
    rowMode: 'array',
    // The server's text, untouched: a JavaScript number or Date would lose some of it.
    types: { getTypeParser: () => (text: string) => text },
  })
  return rows.map((row) => Object.fromEntries(fields.map(({ name }, index) => [name, row[index] ?? null])))
}

/** Runs a change in a transaction of its own and answers what it did; undefined for one that concerns the table and no row. */
export async function runChange(client: Client, table: SourceTable, change: Change): Promise<ChangedRow | undefined> {
  if (typeof change !== 'string') {
    await client.query(change.wholeTable)
    return undefined
  }
  await client.query('BEGIN')
  const earlier = await readRowImages(client, table)
  await client.query(change)
  const later = await readRowImages(client, table)
  const { rows } = await client.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id')
  await client.query('COMMIT')
  const removed = without(earlier, later)
  const added = without(later, earlier)
  const transaction = rows[0]?.id
  if (transaction === undefined || removed.length > 1 || added.length > 1 || removed.length + added.length === 0) {
    throw new Error(`This does not change exactly one row of ${table.schema}.${table.name}: ${change.slice(0, 100)}`)
  }
  return { transaction, before: removed[0], after: added[0] }
}

/** The rows of the one list that are not in the other, each as often as it is there more often. */
function without(rows: readonly RowImage[], others: readonly RowImage[]): RowImage[] {
  const left = others.map((row) => JSON.stringify(row))
  return rows.filter((row) => {
    const index = left.indexOf(JSON.stringify(row))
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
}
