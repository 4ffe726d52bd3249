import { VARCHAR } from '@duckdb/node-api'
import type { Client } from 'pg'
import type { QuerySession } from '../query/session.ts'
import { valueText } from '../query/values.ts'
import { type Answer, besideEachOther, isSameAnswer } from './beside.ts'

/** What the walkthrough shows of each sample table; `from` is what stands behind FROM. */
const views = [
  { table: 'orders', sql: (from: string) => `SELECT order_id, status, total_amount FROM ${from} ORDER BY order_id` },
  { table: 'products', sql: (from: string) => `SELECT product_id, product_name, price, stock_quantity FROM ${from} ORDER BY product_id` },
] as const

/** PostgreSQL's answers for all views, in their order. */
export async function sourceAnswers(client: Client): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const { table, sql } of views) {
    const { fields, rows } = await client.query<(string | null)[]>({ text: sql(`public.${table}`), rowMode: 'array' })
    answers.push({ columns: fields.map(({ name }) => name), rows })
  }
  return answers
}

/**
 * Prints every view's answer from Iceberg beside PostgreSQL's.
 * @param sources PostgreSQL's answers, of now or remembered
 * @param asOf as in `FOR TIMESTAMP AS OF`; undefined: now
 * @returns whether all are the same
 */
export async function showViews(session: QuerySession, sources: readonly Answer[], asOf?: Date): Promise<boolean> {
  let same = true
  for (const [index, { table, sql }] of views.entries()) {
    const timestamp = asOf && `TIMESTAMP '${asOf.toISOString().replace('T', ' ').replace('Z', ' UTC')}'`
    const query = sql(timestamp ? `${table} FOR TIMESTAMP AS OF ${timestamp}` : table)
    const source = sources[index] ?? { columns: [], rows: [] }
    const iceberg = await ask(session, query)
    same &&= isSameAnswer(source, iceberg)
    const left = { title: `PostgreSQL ${asOf ? 'then' : 'now'}`, answer: source }
    console.log(`\n${query}\n${besideEachOther(left, { title: 'Iceberg', answer: iceberg }, process.stdout.columns)}`)
  }
  return same
}

function ask(session: QuerySession, sql: string): Promise<Answer> {
  return session.query(sql, async (result) => {
    const types = result.columnTypes()
    const rows = await result.getRows()
    return {
      columns: result.columnNames(),
      rows: rows.map((row) => row.map((value, index) => valueText(value, types[index] ?? VARCHAR))),
    }
  })
}
