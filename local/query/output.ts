import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { DuckDBResult } from '@duckdb/node-api'
import Table from 'cli-table3'
import { stringify } from 'csv-stringify/sync'
import { jsonValue, valueText } from './values.ts'

export type OutputFormat = 'table' | 'json' | 'csv'

/** A table on a terminal holds everything in memory to find its widths: beyond this many rows it is cut, and says so. */
const maximumTableRows = 1000

/** Writes a result; JSON and CSV stream. Answers the number of rows. */
export async function writeResult(result: DuckDBResult, format: OutputFormat, out: Writable): Promise<number> {
  return writers[format](result, out)
}

async function writeTable(result: DuckDBResult, out: Writable): Promise<number> {
  const types = result.columnTypes()
  const table = new Table({ head: result.columnNames(), style: { head: [], border: [], compact: true } })
  let count = 0
  for await (const rows of result.yieldRows()) {
    for (const row of rows) {
      count += 1
      if (count <= maximumTableRows) table.push(types.map((type, index) => printable(valueText(row[index] ?? null, type))))
    }
  }
  const shown =
    count > maximumTableRows
      ? `first ${maximumTableRows} of ${count} rows (--json and --csv give all)`
      : `${count} ${count === 1 ? 'row' : 'rows'}`
  await write(out, `${table.toString()}\n${shown}\n`)
  return count
}

/** On one line, without what would steer the terminal. */
function printable(text: string | null): string {
  return text === null ? 'NULL' : text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1))
}

/** An array with an object a line. Columns of one name are told apart by `:1`, `:2`. */
async function writeJson(result: DuckDBResult, out: Writable): Promise<number> {
  const types = result.columnTypes()
  const names = result.deduplicatedColumnNames()
  let count = 0
  for await (const rows of result.yieldRows()) {
    const lines = rows.map((row) =>
      JSON.stringify(Object.fromEntries(types.map((type, index) => [names[index], jsonValue(row[index] ?? null, type)]))),
    )
    if (lines.length > 0) await write(out, `${count === 0 ? '[\n' : ',\n'}${lines.join(',\n')}`)
    count += lines.length
  }
  await write(out, count === 0 ? '[]\n' : '\n]\n')
  return count
}

/** RFC 4180 with a header line; null is an empty field, an empty text is `""`. */
async function writeCsv(result: DuckDBResult, out: Writable): Promise<number> {
  const types = result.columnTypes()
  await write(out, stringify([result.columnNames()]))
  let count = 0
  for await (const rows of result.yieldRows()) {
    await write(
      out,
      stringify(
        rows.map((row) => types.map((type, index) => valueText(row[index] ?? null, type))),
        { cast: { string: quotedWhenEmpty } },
      ),
    )
    count += rows.length
  }
  return count
}

function quotedWhenEmpty(value: string): string | { value: string; quoted_empty: true } {
  return value === '' ? { value, quoted_empty: true } : value
}

const writers = { table: writeTable, json: writeJson, csv: writeCsv } as const satisfies Record<OutputFormat, typeof writeTable>

async function write(out: Writable, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain')
}
