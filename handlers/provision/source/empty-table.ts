import { type SourceQuery, textOf } from '../../../pipeline/source-query.ts'
import { quoteTable, type SourceTable } from '../../../pipeline/source-sql.ts'

/** Whether the source has no row of a table. */
export async function isEmptyTable(query: SourceQuery, table: SourceTable): Promise<boolean> {
  const [row] = await query(`SELECT (NOT EXISTS (SELECT FROM ${quoteTable(table)}))::text AS empty`)
  if (!row) throw new Error('the source answered nothing')
  return textOf(row, 'empty') === 'true'
}
