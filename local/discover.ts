import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { PipelineError } from '../pipeline/errors.ts'
import { runCommand } from './command.ts'
import { checkoutDirectory } from './engines/paths.ts'
import { connectSource, sourceAddress } from './source/connection.ts'
import { type Discovery, discoverTables } from './source/discover.ts'
import { parsePatterns } from './source/patterns.ts'
import { readTablesFile, writeTablesFile } from './source/tables-file.ts'

const help = `npm run discover -- postgres://user@host:port/database --tables PATTERNS [--output FILE] [--add PATTERNS] [--json]

Reads the source's catalogs and writes tables.json, the declaration of the captured tables. What the file declares already stays: names and types
set by hand, "capture": false, dropped columns. New columns of a declared table are marked "added", vanished ones "dropped". A changed type or
primary key is refused, since an Iceberg table cannot follow it. Run again on an unchanged source, it changes nothing. Reads only.

  --tables PATTERNS   tables to declare: schema.table, schema.*, schema."Odd Name", several separated by commas; a name alone is in public.
                      Unquoted names are lower case, as in SQL, and may hold *; quoted ones are taken as they are
  --add PATTERNS      more tables for a file that exists (the same as --tables, and refused where there is no file)
  --output FILE       file to write (default: tables.json of the checkout)
  --json              the findings as JSON on standard output

Without --tables and --add, the declared tables are brought up to date. The password comes from the URL, PGPASSWORD or ~/.pgpass.

Exit code: 0 written or nothing to change, 1 refused (the file is left as it is), 2 anything else.
`

await runCommand({
  help,
  options: { tables: { type: 'string' }, add: { type: 'string' }, output: { type: 'string' }, json: { type: 'boolean' } },
  async run({ values, positionals }) {
    const [url, ...others] = positionals
    if (url === undefined || others.length > 0)
      throw new PipelineError('InvalidUsage', 'One source is needed: postgres://user@host:port/database. See --help')
    const file = resolve(values.output ?? join(checkoutDirectory, 'tables.json'))
    if (values.add !== undefined && !existsSync(file))
      throw new PipelineError('InvalidUsage', `--add adds to a file that exists, and ${file} does not: use --tables`)
    const declared = readTablesFile(file)?.written.tables ?? []
    const patterns = [values.tables, values.add].flatMap((list) => (list === undefined ? [] : parsePatterns(list)))
    if (patterns.length === 0 && declared.length === 0)
      throw new PipelineError('InvalidUsage', '--tables is needed: which tables to capture. See --help')
    const client = await connectSource(url)
    let discovery: Discovery
    try {
      discovery = await discoverTables(client, patterns, declared)
    } catch (error) {
      if (!(error instanceof PipelineError) || error.name !== 'InvalidTables') throw error
      process.stderr.write(`${error.name}: ${error.message}\n${file} is left as it is.\n`)
      return 1
    } finally {
      await client.end()
    }
    const isNew = !existsSync(file)
    if (isNew || discovery.changes.length > 0) writeTablesFile(file, discovery.declarations)
    process.stdout.write(values.json ? jsonReport(discovery, file) : textReport(discovery, file, sourceAddress(url)))
    return 0
  },
})

function jsonReport({ tables, changes, warnings, skipped, gone }: Discovery, file: string): string {
  const reports = tables.map(({ schema, name, iceberg, columns, capture }) => ({
    schema,
    name,
    iceberg,
    columns: columns.length,
    capture,
    warnings: warnings.find((found) => found.schema === schema && found.name === name)?.warnings ?? [],
  }))
  return `${JSON.stringify({ file, changes, tables: reports, skipped, gone }, null, 2)}\n`
}

function textReport({ tables, changes, warnings, skipped, gone }: Discovery, file: string, source: string): string {
  const lines = warnings.flatMap(({ schema, name, warnings: found }) => {
    const table = tables.find((candidate) => candidate.schema === schema && candidate.name === name)
    return [`${schema}.${name} → ${table?.iceberg} (${table?.columns.length} columns)`, ...found.map(({ text }) => `  ! ${text}`)]
  })
  lines.push(...skipped.map(({ schema, name, why }) => `${schema}.${name} skipped: ${why}`))
  lines.push(
    ...gone.map(
      ({ schema, name }) =>
        `${schema}.${name} is declared and no longer at the source: remove its entry if it was never deployed, else set "capture": false for it`,
    ),
  )
  const count = warnings.reduce((sum, table) => sum + table.warnings.length, 0)
  lines.push('', `${tables.length} tables of ${source} declared, ${count === 0 ? 'nothing to warn about' : `${count} warnings`}`)
  if (changes.length > 0) lines.push(...changes.map((change) => `  ${change}`), `written: ${file}`)
  else lines.push(`nothing changed: ${file}`)
  return `${lines.join('\n')}\n`
}
