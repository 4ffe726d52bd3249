import { resolve } from 'node:path'
import { PipelineError } from '../pipeline/errors.ts'
import { runCommand } from './command.ts'
import { duckdbExtensions } from './engines/paths.ts'
import { openLake } from './iceberg/duckdb.ts'
import { defaultDataDirectory, readRun } from './run/state.ts'
import { readTablesFile } from './source/tables-file.ts'
import { textReport } from './verification/text-report.ts'
import { verdictOf, verifyTables } from './verification/verify-tables.ts'

const help = `npm run verify [-- --data DIR] [--timeout SECONDS] [--json]

Waits until the Iceberg tables have caught up with the source, then compares every captured table value for value. Rows in flight are not
differences: what differs is looked at again after another catch-up. Says which keys differ, never a value. npm start must run.

  --data DIR         the data folder of the run (default: .data)
  --timeout SECONDS  how long to wait for the tables to catch up (default: 120)
  --json             the report as JSON

Exit code: 0 equal, 1 different, 2 anything else (not caught up in time, rows that kept changing).
`

const exitCodes = { equal: 0, different: 1, undecided: 2 } as const

await runCommand({
  help,
  options: { data: { type: 'string' }, timeout: { type: 'string' }, json: { type: 'boolean' } },
  async run({ values, positionals }) {
    if (positionals.length > 0) throw new PipelineError('InvalidUsage', `verify takes no ${positionals[0]}. See --help`)
    const timeoutSeconds = Number(values.timeout ?? 120)
    if (!(timeoutSeconds > 0)) throw new PipelineError('InvalidUsage', `--timeout takes a number of seconds, not ${values.timeout}`)
    const dataDirectory = resolve(values.data ?? defaultDataDirectory)
    const run = readRun(dataDirectory)
    if (!run)
      throw new PipelineError(
        'InvalidUsage',
        `Nothing runs in ${dataDirectory}: verify compares what npm start keeps equal, so start that first (or give its --data DIR)`,
      )
    const file = readTablesFile(run.tablesFile)
    if (!file) throw new PipelineError('InvalidTables', `${run.tablesFile}, the declaration of the running pipeline, is gone: restore it`)
    const lake = await openLake({
      catalogUri: run.catalogUri,
      extensionDirectory: duckdbExtensions,
      bucket: run.tableBucket,
      memoryLimit: '1GB',
    })
    try {
      const report = await verifyTables({
        source: run.postgresUrl,
        lake,
        namespace: run.namespace,
        tables: file.tables,
        timeoutMs: timeoutSeconds * 1000,
        deliveryUri: run.deliveryUri,
        ...(values.json ? {} : { onProgress: (sentence: string) => process.stderr.write(`${sentence}\n`) }),
      })
      process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : textReport(report))
      return exitCodes[verdictOf(report)]
    } finally {
      lake.close()
    }
  },
})
