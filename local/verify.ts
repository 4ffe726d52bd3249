import { resolve } from 'node:path'
import { PipelineError } from '../pipeline/errors.ts'
import { provisioningPlan } from '../pipeline/provisioning-plan.ts'
import { capturedTables } from '../pipeline/tables.ts'
import { runCommand } from './command.ts'
import { duckdbExtensions } from './engines/paths.ts'
import { readBucket } from './failed-records/error-objects.ts'
import { replayText } from './failed-records/listing.ts'
import { understanding } from './failed-records/understand.ts'
import { openLake } from './iceberg/duckdb.ts'
import { bringAgain, type DoubtedRows } from './repair/bring-again.ts'
import { defaultDataDirectory, readRun } from './run/state.ts'
import { readTablesFile } from './source/tables-file.ts'
import { statusClients } from './status/clients.ts'
import { namedAwsError, placeOf } from './status/place.ts'
import { type DifferingKeys, repairable, withCauses } from './verification/repair.ts'
import { textReport } from './verification/text-report.ts'
import { type VerificationReport, verdictOf, verifyTables } from './verification/verify-tables.ts'

// The clients say at their first use until when they support this Node.js, which is the package's own business.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

const help = `npm run verify [-- --repair] [--data DIR] [--timeout SECONDS] [--json]

Waits until the Iceberg tables have caught up with the source, then compares every captured table value for value, beside its writers: sums of
key ranges first, then the rows of ranges that differ. Rows in flight are not differences: what differs is looked at again after another catch-up.
Says how many keys are missing, stale, duplicate or extra, the first of them, never a value, and what most likely happened. npm start must run.

  --repair           brings the rows that differ again through the source, as npm run errors -- replay does, and compares once more
  --data DIR         the data folder of the run (default: .data)
  --timeout SECONDS  how long to wait for the tables to catch up (default: 120)
  --json             the report as JSON

Exit code: 0 equal (after the repair), 1 different, 2 anything else (not caught up in time, rows that kept changing).
`

const exitCodes = { equal: 0, different: 1, undecided: 2 } as const

await runCommand({
  help,
  options: { repair: { type: 'boolean' }, data: { type: 'string' }, timeout: { type: 'string' }, json: { type: 'boolean' } },
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
    const { deployment, address } = placeOf({ dataDirectory, deploymentFile: '', tablesFile: run.tablesFile })
    const tables = capturedTables(file.tables)
    const onProgress = (sentence: string) => void (values.json || process.stderr.write(`${sentence}\n`))
    const lake = await openLake({
      catalogUri: run.catalogUri,
      extensionDirectory: duckdbExtensions,
      bucket: run.tableBucket,
      memoryLimit: '1GB',
    })
    const verify = async (): Promise<{ report: VerificationReport; differing: DifferingKeys[] }> => {
      const differing: DifferingKeys[] = []
      const report = await verifyTables({
        source: run.postgresUrl,
        lake,
        namespace: run.namespace,
        tables: file.tables,
        timeoutMs: timeoutSeconds * 1000,
        deliveryUri: run.deliveryUri,
        onDiffering: (table, keys) => differing.push({ table, keys }),
        onProgress,
      })
      if (verdictOf(report) === 'equal') return { report, differing }
      const { creates, truncates, namespace } = deployment
      const understand = understanding(tables, { creates, truncates, namespace: namespace.name })
      const failed = readBucket(run.failedRecords).lines.map(understand)
      return { report: withCauses(report, differing, failed, creates === 'insert'), differing }
    }
    const repair = async (rows: readonly DoubtedRows[]) => {
      const clients = statusClients(address)
      try {
        const plan = provisioningPlan(deployment, tables)
        return await bringAgain({ clients, plan, timeoutMs: timeoutSeconds * 1000, onProgress }, rows)
      } catch (error) {
        throw namedAwsError(error)
      } finally {
        for (const client of Object.values(clients)) client.destroy()
      }
    }
    try {
      let { report, differing } = await verify()
      const { rows, left } = values.repair ? repairable(report, differing) : { rows: [], left: [] }
      if (rows.length > 0) {
        onProgress(textReport(report))
        const brought = await repair(rows)
        onProgress(replayText(brought.tables, [], false).join('\n'))
        ;({ report, differing } = await verify())
      }
      process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : textReport(report))
      for (const sentence of left) process.stderr.write(`not repaired: ${sentence}\n`)
      return exitCodes[verdictOf(report)]
    } finally {
      lake.close()
    }
  },
})
