import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { PipelineError } from '../../pipeline/errors.ts'
import { type CapturedTable, parseTables } from '../../pipeline/tables.ts'
import { type ColumnDeclaration, type TableDeclaration, type TablesFile, tablesFileShape } from '../../pipeline/tables-file.ts'
import { errorCode } from '../engines/error-code.ts'
import { checkoutDirectory } from '../engines/paths.ts'

/**
 * A `tables.json`, as written and as understood; undefined when there is none.
 * @throws PipelineError `InvalidTables`
 */
export function readTablesFile(file: string): { written: TablesFile; tables: CapturedTable[] } | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new PipelineError('InvalidTables', `${file} cannot be read: ${String(error)}`, { cause: error })
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new PipelineError('InvalidTables', `${file} is not JSON: ${String(error)}`, { cause: error })
  }
  return { tables: parseTables(json, file), written: tablesFileShape.parse(json) }
}

/** Replaces a `tables.json` as a whole: another process sees the old file or the new one. */
export function writeTablesFile(file: string, tables: readonly TableDeclaration[]): void {
  const directory = dirname(resolve(file))
  mkdirSync(directory, { recursive: true })
  const schema = relative(directory, join(checkoutDirectory, 'tables.schema.json'))
  const temporary = `${file}.new`
  writeFileSync(temporary, tablesFileText(tables, schema.startsWith('.') ? schema : `./${schema}`))
  renameSync(temporary, file)
}

/** The text of a `tables.json`: a line a column, so that a diff shows the column that changed. */
export function tablesFileText(tables: readonly TableDeclaration[], schema: string): string {
  const entries = tables.map(({ columns, ...table }) => {
    const lines = Object.entries({ ...table, columns }).map(([key, value]) =>
      key === 'columns'
        ? `      "columns": [\n${columns.map((column) => `        ${columnText(column)}`).join(',\n')}\n      ]`
        : `      "${key}": ${spaced(value)}`,
    )
    // schema, name, columns, then the rest.
    lines.splice(2, 0, ...lines.splice(-1))
    return `    {\n${lines.join(',\n')}\n    }`
  })
  return `{\n  "$schema": ${JSON.stringify(schema)},\n  "tables": [${entries.length > 0 ? `\n${entries.join(',\n')}\n  ` : ''}]\n}\n`
}

const columnText = (column: ColumnDeclaration) => spaced(column)

/** JSON on one line, with spaces inside braces. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{ ${Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${JSON.stringify(key)}: ${spaced(item)}`)
    .join(', ')} }`
}
