import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { PipelineError } from '../pipeline/errors.ts'
import { runCommand } from './command.ts'
import { openTables } from './query/open.ts'
import { type OutputFormat, writeResult } from './query/output.ts'
import { prompt } from './query/prompt.ts'
import { openQuerySession } from './query/session.ts'
import { hasContent, splitStatements } from './query/tokens.ts'
import { defaultDataDirectory } from './run/state.ts'

const help = `npm run sql -- ["SELECT …"] [--json | --csv] [--data DIR]

Queries the Iceberg tables of the local run as Athena does, while npm start runs and after it stopped. Without a query: a prompt, or the
statements on standard input.

  SELECT * FROM orders                                          the current rows
  SELECT * FROM "s3tablescatalog/<bucket>"."aurora_cdc"."orders"   the same, in full
  SELECT * FROM orders FOR TIMESTAMP AS OF current_timestamp - interval '10' minute
  SELECT * FROM orders FOR VERSION AS OF 4622031232222
  SELECT * FROM "orders$snapshots"                              also $history, $files, $refs

  --json      an array of objects; bigint, decimal, dates and times are text, so that no reader rounds them
  --csv       with a header line; null is empty, an empty text is ""
  --data DIR  the data folder of the run (default: .data)

Only queries are answered. Time travel sees whole batches only. Exit code: 0 answered, 2 refused or failed.
`

await runCommand({
  help,
  options: { json: { type: 'boolean' }, csv: { type: 'boolean' }, data: { type: 'string' } },
  async run({ values, positionals }) {
    if (values.json && values.csv) throw new PipelineError('InvalidUsage', '--json and --csv exclude each other')
    const format: OutputFormat = values.json ? 'json' : values.csv ? 'csv' : 'table'
    const interactive = positionals.length === 0 && process.stdin.isTTY
    const statements = interactive ? [] : givenStatements(positionals.length > 0 ? positionals.join(';') : await text(process.stdin))
    const dataDirectory = resolve(values.data ?? defaultDataDirectory)
    const tables = await openTables(dataDirectory)
    try {
      const session = await openQuerySession(tables)
      const run = async (statement: string) => {
        await session.query(statement, (result) => writeResult(result, format, process.stdout))
      }
      for (const statement of statements) await run(statement)
      if (interactive) await prompt({ historyFile: join(dataDirectory, 'sql-history'), run })
      session.close()
    } finally {
      await tables.close()
    }
    return 0
  },
})

function givenStatements(sql: string): string[] {
  const { statements, rest } = splitStatements(sql)
  const all = hasContent(rest) ? [...statements, rest] : statements
  if (all.length === 0) throw new PipelineError('InvalidUsage', 'There is no query. See --help')
  return all
}
