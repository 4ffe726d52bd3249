import type { DuckDBConnection } from '@duckdb/node-api'
import type { ClientBase } from 'pg'
import type { CapturedTable } from '../../pipeline/tables.ts'
import type { TwoSides } from './compare-table.ts'
import type { ComparedColumn } from './forms.ts'
import { keyRanges } from './key-ranges.ts'
import { canSum, icebergSums, sourceSums } from './range-sums.ts'
import { icebergRows, sourceRows } from './rows.ts'

/** A table at both sides, with sums of its ranges where both databases can make them. `sourceTable`, `icebergTable`: quoted SQL. */
export async function bothSides(
  table: CapturedTable,
  sourceTable: string,
  icebergTable: string,
  columns: readonly ComparedColumn[],
  { client, connection }: { readonly client: ClientBase; readonly connection: DuckDBConnection },
): Promise<TwoSides> {
  if (!(await canSum(client, columns)))
    return {
      columns,
      source: () => sourceRows(client, sourceTable, columns),
      iceberg: () => icebergRows(connection, icebergTable, columns),
    }
  const ranges = await keyRanges(client, sourceTable, table, columns)
  return {
    columns,
    source: (names) => sourceRows(client, sourceTable, columns, names && ranges.within('source', names)),
    iceberg: (names) => icebergRows(connection, icebergTable, columns, names && ranges.within('iceberg', names)),
    sums: {
      source: () => sourceSums(client, sourceTable, columns, ranges),
      iceberg: () => icebergSums(connection, icebergTable, columns, ranges),
    },
  }
}
