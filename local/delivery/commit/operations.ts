import type { DuckDBConnection } from '@duckdb/node-api'
import { quoteIdentifier } from '../../iceberg/iceberg-type.ts'
import type { BatchTable } from './batch.ts'
import { operations, stagedColumn } from './staged-rows.ts'

const inserts = operations.indexOf('insert')
const updates = operations.indexOf('update')

/**
 * Applies a table's staged operations, in the transaction that is open. For each key they count in their order: what is left is the row
 * of the last update, unless a delete came after it, and the inserts after that; an insert by itself only appends.
 */
export async function applyOperations(
  connection: DuckDBConnection,
  target: string,
  { stagedName, columns, keys: keyNames, hasKeyOperations }: Pick<BatchTable, 'stagedName' | 'columns' | 'keys' | 'hasKeyOperations'>,
): Promise<void> {
  const staged = `memory.main.${quoteIdentifier(stagedName)}`
  const names = columns.map((column) => quoteIdentifier(column.name)).join(', ')
  const values = columns.map((_, index) => stagedColumn(index)).join(', ')
  const keys = keyNames.map(
    (name): KeyColumn => ({ name: quoteIdentifier(name), staged: stagedColumn(columns.findIndex((column) => column.name === name)) }),
  )
  const rows = hasKeyOperations ? `(${netRows(staged, keys)})` : staged
  if (hasKeyOperations) await connection.run(`DELETE FROM ${target} WHERE ${await isChangedKey(connection, staged, keys)}`)
  // An empty append would be an Iceberg snapshot that changes nothing.
  if (!hasKeyOperations || (await count(connection, rows)) > 0n)
    await connection.run(`INSERT INTO ${target} (${names}) SELECT ${values} FROM ${rows}`)
}

interface KeyColumn {
  readonly name: string
  readonly staged: string
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
