import type { DuckDBConnection } from '@duckdb/node-api'
import type { IcebergTable } from '../../iceberg/catalog.ts'
import { duckdbType, quoteIdentifier, quoteText } from '../../iceberg/iceberg-type.ts'
import { type Offsets } from '../source/partition-source.ts'
import type { BatchTable } from './batch.ts'
import { offsetsOf } from './checkpoint.ts'
import { operations, stagedColumn } from './staged-rows.ts'

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

/** True where the rows, staged for the columns of then, still fit the table as it is now. Columns added since do not matter: they are null. */
export function stillFits(table: IcebergTable, batch: BatchTable): boolean {
  const now = new Map(table.columns.map((column) => [column.name, duckdbType(column.type)]))
  return batch.columns.every((column) => now.get(column.name) === duckdbType(column.type))
}

const inserts = operations.indexOf('insert')
const updates = operations.indexOf('update')

export interface TableCommit {
  readonly connection: DuckDBConnection
  readonly catalogName: string
  readonly streamId: string
  readonly nextOffsets: Readonly<Record<string, string>>
}

/**
 * Commits a table's share of a batch in one Iceberg commit. For each key the operations count in their order: what is left is the row of
 * the last update, unless a delete came after it, and the inserts after that; an insert by itself only appends.
 */
export async function commitTable(table: BatchTable, { connection, catalogName, streamId, nextOffsets }: TableCommit): Promise<void> {
  const target = [catalogName, table.namespace, table.table].map(quoteIdentifier).join('.')
  const staged = `memory.main.${quoteIdentifier(table.stagedName)}`
  const columns = table.columns.map((column) => quoteIdentifier(column.name)).join(', ')
  const values = table.columns.map((_, index) => stagedColumn(index)).join(', ')
  const keys = keyColumns(table)
  const rows = table.hasKeyOperations ? `(${netRows(staged, keys)})` : staged
  await connection.run('BEGIN')
  if (table.hasKeyOperations) await connection.run(`DELETE FROM ${target} WHERE ${await isChangedKey(connection, staged, keys)}`)
  // An empty append would be a snapshot that changes nothing.
  if (!table.hasKeyOperations || (await count(connection, rows)) > 0n) {
    await connection.run(`INSERT INTO ${target} (${columns}) SELECT ${values} FROM ${rows}`)
  }
  const property = `{${quoteText(offsetsProperty(streamId))}: ${quoteText(JSON.stringify(nextOffsets))}}`
  await connection.run(`CALL set_iceberg_table_properties(${target}, ${property})`)
  await connection.run('COMMIT')
}

interface KeyColumn {
  readonly name: string
  readonly staged: string
}

function keyColumns(table: BatchTable): KeyColumn[] {
  return table.keys.map((name) => ({
    name: quoteIdentifier(name),
    staged: stagedColumn(table.columns.findIndex((column) => column.name === name)),
  }))
}

/** The condition for rows whose key has an update or a delete in the batch. */
async function isChangedKey(connection: DuckDBConnection, staged: string, keys: readonly KeyColumn[]): Promise<string> {
  const changed = `FROM ${staged} WHERE _operation <> ${inserts}`
  const anyNull = keys.map((key) => `${key.staged} IS NULL`).join(' OR ')
  if ((await count(connection, `(SELECT 1 ${changed} AND (${anyNull}))`)) > 0n) {
    // Iceberg's deletes by key take null as equal to null; SQL's IN does not.
    const same = keys.map((key) => `${key.name} IS NOT DISTINCT FROM changed.${key.staged}`).join(' AND ')
    return `EXISTS (SELECT 1 FROM (SELECT * ${changed}) changed WHERE ${same})`
  }
  const stagedKeys = keys.map((key) => key.staged).join(', ')
  return `(${keys.map((key) => key.name).join(', ')}) IN (SELECT ${keys.length > 1 ? `(${stagedKeys})` : stagedKeys} ${changed})`
}

function netRows(staged: string, keys: readonly KeyColumn[]): string {
  const key = keys.map((column) => column.staged).join(', ')
  const last = `max(CASE WHEN _operation <> ${inserts} THEN _ordinal END) OVER (PARTITION BY ${key})`
  return `SELECT * FROM (SELECT *, ${last} AS _last FROM ${staged}) WHERE _last IS NULL OR _ordinal > _last OR (_ordinal = _last AND _operation = ${updates})`
}

async function count(connection: DuckDBConnection, from: string): Promise<bigint> {
  const reader = await connection.runAndReadAll(`SELECT count(*) FROM ${from}`)
  return BigInt(String(reader.getRows()[0]?.[0]))
}
