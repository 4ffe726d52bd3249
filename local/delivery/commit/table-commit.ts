import type { DuckDBConnection } from '@duckdb/node-api'
import type { IcebergTable } from '../../iceberg/catalog.ts'
import { duckdbType, type IcebergTypeTree, quoteIdentifier, quoteText } from '../../iceberg/iceberg-type.ts'
import { type Offsets } from '../source/partition-source.ts'
import type { BatchTable } from './batch.ts'
import { offsetsOf } from './checkpoint.ts'
import { applyOperations } from './operations.ts'

/** The table property that holds the stream's next offsets: it is set in the same commit as the rows. */
export function offsetsProperty(streamId: string): string {
  return `firehose.${streamId}.next-offsets`
}

/** The offsets up to which the table has everything of the stream; empty where the stream never wrote to it. */
export function storedOffsets(table: IcebergTable, streamId: string): Offsets {
  const property = table.properties[offsetsProperty(streamId)]
  return property === undefined ? new Map() : offsetsOf(JSON.parse(property))
}

/** True where the table already has a batch that ends at these offsets. */
export function isApplied(table: IcebergTable, streamId: string, nextOffsets: Readonly<Record<string, string>>): boolean {
  const stored = storedOffsets(table, streamId)
  return [...offsetsOf(nextOffsets)].every(([partition, next]) => (stored.get(partition) ?? 0n) >= next)
}

/**
 * True where the rows, staged for the columns of then, still fit the table as it is now. Columns added since do not matter: they are null; nor does one
 * that was widened.
 */
export function stillFits(table: IcebergTable, batch: BatchTable): boolean {
  const now = new Map(table.columns.map((column) => [column.name, column.type]))
  return batch.columns.every(({ name, type }) => {
    const current = now.get(name)
    return current !== undefined && (duckdbType(current) === duckdbType(type) || isWider(current, type))
  })
}

/** https://iceberg.apache.org/spec/#schema-evolution */
function isWider(current: IcebergTypeTree, then: IcebergTypeTree): boolean {
  if (current.kind === 'decimal') return then.kind === 'decimal' && then.scale === current.scale && then.precision <= current.precision
  return (current.kind === 'long' && then.kind === 'int') || (current.kind === 'double' && then.kind === 'float')
}

export interface TableCommit {
  readonly connection: DuckDBConnection
  readonly catalogName: string
  readonly streamId: string
  readonly nextOffsets: Readonly<Record<string, string>>
}

/** Commits a table's share of a batch in one Iceberg commit, together with the offsets that it ends at. */
export async function commitTable(table: BatchTable, { connection, catalogName, streamId, nextOffsets }: TableCommit): Promise<void> {
  const target = [catalogName, table.namespace, table.table].map(quoteIdentifier).join('.')
  await connection.run('BEGIN')
  await applyOperations(connection, target, table)
  const property = `{${quoteText(offsetsProperty(streamId))}: ${quoteText(JSON.stringify(nextOffsets))}}`
  await connection.run(`CALL set_iceberg_table_properties(${target}, ${property})`)
  await connection.run('COMMIT')
}
