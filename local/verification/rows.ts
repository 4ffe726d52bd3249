import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import type { ClientBase } from 'pg'
import { type ComparedColumn } from './forms.ts'

type Row = readonly (string | null)[]

/** Rows fetched at a time from the source: a few hundred kilobytes to a few megabytes. */
const fetchSize = 2000

/** The source's rows as one consistent state, streamed. `table` and `condition` are SQL. The client is used by nothing else meanwhile. */
export async function* sourceRows(
  client: ClientBase,
  table: string,
  columns: readonly ComparedColumn[],
  condition = 'true',
): AsyncGenerator<Row> {
  await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
  try {
    await client.query(
      `DECLARE verified NO SCROLL CURSOR FOR SELECT ${columns.map(({ source }) => source).join(', ')} FROM ${table} WHERE ${condition}`,
    )
    for (;;) {
      const { rows } = await client.query<(string | null)[]>({ text: `FETCH ${fetchSize} FROM verified`, rowMode: 'array' })
      yield* rows
      if (rows.length < fetchSize) break
    }
  } finally {
    await client.query('ROLLBACK')
  }
}

/** Names of an Iceberg table's columns; undefined where there is no such table. `table` is quoted SQL. */
export async function icebergColumns(connection: DuckDBConnection, table: string): Promise<string[] | undefined> {
  try {
    return (await connection.run(`SELECT * FROM ${table} LIMIT 0`)).columnNames()
  } catch (error) {
    if (/Table with name .+ does not exist/.test(String(error))) return undefined
    throw error
  }
}

/** The rows of an Iceberg table's current snapshot, streamed. `table` and `condition` are SQL. The connection is used by nothing else meanwhile. */
export async function* icebergRows(
  connection: DuckDBConnection,
  table: string,
  columns: readonly ComparedColumn[],
  condition = 'true',
): AsyncGenerator<Row> {
  const result = await connection.stream(`SELECT ${columns.map(({ iceberg }) => iceberg).join(', ')} FROM ${table} WHERE ${condition}`)
  for await (const rows of result.yieldRows()) for (const row of rows) yield row.map(text)
}

function text(value: DuckDBValue): string | null {
  if (value === null || typeof value === 'string') return value
  throw new Error('a compared column of an Iceberg table is not text')
}
