import type { DuckDBConnection } from '@duckdb/node-api'
import type { ClientBase } from 'pg'
import type { ComparedColumn } from './forms.ts'
import { type KeyRanges, rowText } from './key-ranges.ts'

/** Rows of one range, counted and summed. */
export interface RangeSum {
  readonly rows: number
  /** Sum of 60 bits of each row's MD5, decimal: it does not depend on the order, and a row that is there twice counts twice. */
  readonly sum: string
}

export type RangeSums = ReadonlyMap<string, RangeSum>

/** Whether both databases can sum the rows themselves: each column's text is equal as it is, and it is UTF-8 at both. */
export async function canSum(client: ClientBase, columns: readonly ComparedColumn[]): Promise<boolean> {
  if (columns.some(({ inSql }) => inSql === undefined)) return false
  const { rows } = await client.query<{ server_encoding: string }>('SHOW server_encoding')
  return rows[0]?.server_encoding === 'UTF8'
}

/** Of the source, by its own aggregates; one statement, hence one consistent state. `table` is quoted SQL. */
export async function sourceSums(
  client: ClientBase,
  table: string,
  columns: readonly ComparedColumn[],
  ranges: KeyRanges,
): Promise<RangeSums> {
  const digest = `md5(${rowText('source', columns)})`
  const { rows } = await client.query<string[]>({
    text: `SELECT r, count(*)::text, sum(('x0' || substr(d, 4, 15))::bit(64)::bigint)::text
             FROM (SELECT ${ranges.range('source', digest)} AS r, ${digest} AS d FROM ${table}) AS t GROUP BY r`,
    rowMode: 'array',
  })
  return sums(rows)
}

/** Of the Iceberg table's current snapshot, by DuckDB's. `table` is quoted SQL. */
export async function icebergSums(
  connection: DuckDBConnection,
  table: string,
  columns: readonly ComparedColumn[],
  ranges: KeyRanges,
): Promise<RangeSums> {
  const digest = `md5(${rowText('iceberg', columns)})`
  const reader = await connection.runAndReadAll(
    `SELECT r, CAST(count(*) AS VARCHAR), CAST(sum(CAST('0x' || substr(d, 4, 15) AS BIGINT)) AS VARCHAR)
       FROM (SELECT ${ranges.range('iceberg', digest)} AS r, ${digest} AS d FROM ${table}) AS t GROUP BY r`,
  )
  return sums(reader.getRowsJson().map((row) => row.map(String)))
}

function sums(rows: readonly (readonly string[])[]): RangeSums {
  return new Map(rows.map(([range = '', count = '0', sum = '0']) => [range, { rows: Number(count), sum }]))
}

/** The ranges that hold other rows than those of the other side. */
export function differingRanges(one: RangeSums, other: RangeSums): string[] {
  const names = [...new Set([...one.keys(), ...other.keys()])]
  return names.filter((name) => one.get(name)?.rows !== other.get(name)?.rows || one.get(name)?.sum !== other.get(name)?.sum)
}

/** All rows of a side. */
export function rowCount(of: RangeSums): number {
  return [...of.values()].reduce((sum, { rows }) => sum + rows, 0)
}
