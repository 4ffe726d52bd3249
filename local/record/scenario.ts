import { quoteIdentifier, quoteTable, type SourceTable } from '../../pipeline/source-sql.ts'

/** A table whose change events are recorded, and everything that happens to it. */
export interface Scenario extends SourceTable {
  /** Creates the table and what it needs. */
  readonly create: readonly string[]
  /** Fills it before the connector starts: these rows come by the initial snapshot. */
  readonly initially: readonly string[]
  /** While streaming, in this order. */
  readonly changes: readonly Change[]
}

/** A statement that changes one row; or one that changes the table otherwise, and whose events carry no row image of their own. */
export type Change = string | { readonly wholeTable: string }

/** A column and the values, as SQL expressions, that it takes in turn. */
export type ColumnValues = readonly [name: string, type: string, ...values: string[]]

/**
 * A table of typed columns after the key `id`: each row of values comes by the initial snapshot, is inserted, becomes the next row by an
 * update, and is deleted. One row more holds nothing but nulls.
 */
export function typesScenario(
  name: string,
  columns: readonly ColumnValues[],
  options: { identity?: 'FULL'; atMost?: number } = {},
): Scenario {
  const table = { schema: 'public', name }
  const rows = rowsOf(columns).slice(-(options.atMost ?? Infinity))
  const insert = (id: number, row: readonly string[]) => `INSERT INTO ${quoteTable(table)} VALUES (${[id, ...row].join(', ')})`
  const update = (id: number, row: readonly string[]) => {
    const assignments = columns.map(([column], index) => `${quoteIdentifier(column)} = ${row[index]}`)
    return `UPDATE ${quoteTable(table)} SET ${assignments.join(', ')} WHERE id = ${id}`
  }
  const definitions = columns.map(([column, type]) => `${quoteIdentifier(column)} ${type}`)
  return {
    ...table,
    create: [
      `CREATE TABLE ${quoteTable(table)} (${['id integer PRIMARY KEY', ...definitions].join(', ')})`,
      ...(options.identity ? [`ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY ${options.identity}`] : []),
    ],
    initially: rows.map((row, index) => insert(index + 1, row)),
    changes: [
      ...rows.map((row, index) => insert(index + 101, row)),
      ...rows.map((_, index) => update(index + 101, rows[(index + 1) % rows.length] ?? [])),
      ...rows.map((_, index) => `DELETE FROM ${quoteTable(table)} WHERE id = ${index + 101}`),
    ],
  }
}

function rowsOf(columns: readonly ColumnValues[]): string[][] {
  const count = Math.max(...columns.map((column) => column.length - 2))
  const rows = Array.from({ length: count }, (_, index) =>
    columns.map(([, , ...values]) => {
      const value = values[index % values.length]
      if (value === undefined) throw new Error('a column without values')
      return value
    }),
  )
  return [...rows, columns.map(() => 'NULL')]
}
