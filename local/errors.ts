import { PipelineError } from '../pipeline/errors.ts'
import { provisioningPlan } from '../pipeline/provisioning-plan.ts'
import { capturedTables } from '../pipeline/tables.ts'
import { runCommand } from './command.ts'
import { type ErrorObjects, readBucket, readErrorObjects } from './failed-records/error-objects.ts'
import { explainText, grouped, listText, replayText, rowsOf, selected } from './failed-records/listing.ts'
import { type ErrorsOptions, errorsFlags, errorsOptions, errorsUsage } from './failed-records/options.ts'
import { type FailedRecord, understanding } from './failed-records/understand.ts'
import { bringAgain, previewed, type RepairPlace } from './repair/bring-again.ts'
import { readTablesFile } from './source/tables-file.ts'
import { statusClients } from './status/clients.ts'
import { namedAwsError, type Place, placeOf } from './status/place.ts'

// The clients say at their first use until when they support this Node.js, which is the package's own business.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

await runCommand({
  help: errorsUsage,
  options: errorsFlags,
  async run({ values, positionals }) {
    const options = errorsOptions(values, positionals)
    const place = placeOf(options)
    const { deployment, tablesFile } = place
    const file = readTablesFile(tablesFile)
    if (!file)
      throw new PipelineError('InvalidTables', `There is no ${tablesFile}: name the declaration of the deployed tables with --tables.`)
    const tables = capturedTables(file.tables)
    const plan = provisioningPlan(deployment, tables)
    const { creates, truncates, namespace } = deployment
    const understand = understanding(tables, { creates, truncates, namespace: namespace.name })
    const read = () => errorObjects(options, place, plan.errorBucket)
    const objects = read()
    const records = selected(objects.lines.map(understand), options)
    if (options.act !== 'replay') {
      process.stdout.write(told(options, objects, records))
      return 0
    }
    const clients = statusClients(place.address)
    try {
      const failedAgain = (sinceMs: number) => selected(read().lines.map(understand), { ...options, sinceMs })
      return await replay(options, records, { clients, plan, timeoutMs: options.timeoutMs, onProgress }, failedAgain)
    } catch (error) {
      throw namedAwsError(error)
    } finally {
      for (const client of Object.values(clients)) client.destroy()
    }
  },
})

function onProgress(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}

function errorObjects({ objects }: ErrorsOptions, { run }: Place, bucket: string): ErrorObjects {
  if (objects !== undefined) return readErrorObjects(objects)
  if (run) return readBucket(run.failedRecords)
  throw new PipelineError(
    'InvalidUsage',
    `Copy the error objects first, and say where they are: aws s3 sync s3://${bucket}/failed/ failed-records, then --aws --objects failed-records`,
  )
}

function told({ act, json, name }: ErrorsOptions, { notUnderstood }: ErrorObjects, records: readonly FailedRecord[]): string {
  const groups = grouped(records)
  if (!json)
    return act === 'list'
      ? listText(
          groups.map(({ group }) => group),
          notUnderstood,
        )
      : explainText(groups, name)
  const more = (members: readonly FailedRecord[]) =>
    act === 'list'
      ? {}
      : { records: members.map(({ line, key, message, obstacle }) => ({ object: line.object, key: key?.[0], message, obstacle })) }
  const machines = { groups: groups.map(({ group, members }) => ({ ...group, ...more(members) })), notUnderstood }
  return `${JSON.stringify(machines, null, 2)}\n`
}

async function replay(
  { dryRun, json, objects }: ErrorsOptions,
  records: readonly FailedRecord[],
  place: RepairPlace,
  failedAgain: (sinceMs: number) => FailedRecord[],
): Promise<number> {
  const begun = Date.now()
  const rows = rowsOf(records)
  const stuck = records.filter(({ obstacle }) => obstacle !== undefined)
  const tables = rows.length === 0 || dryRun ? await previewed(place, rows) : (await bringAgain(place, rows)).tables
  const replayed = new Set(records.map(rowName))
  const again =
    dryRun || rows.length === 0 ? [] : failedAgain(begun).filter((record) => record.obstacle === undefined && replayed.has(rowName(record)))
  const counts = tables.map(({ table, present, absent }) => ({ table: `${table.schema}.${table.name}`, present, absent }))
  const lines = replayText(tables, stuck, dryRun)
  if (again.length > 0) lines.push(`${again.length} records failed again: the cause is not repaired. See npm run errors -- explain`)
  else if (!dryRun && rows.length > 0)
    lines.push(
      objects === undefined
        ? 'All of it is in Iceberg.'
        : 'All of it is in Iceberg, unless it failed again: sync the error objects once more and list them.',
    )
  const machines = { dryRun, tables: counts, notReplayable: stuck.length, failedAgain: again.length }
  process.stdout.write(json ? `${JSON.stringify(machines, null, 2)}\n` : `${lines.join('\n')}\n`)
  return stuck.length + again.length > 0 ? 1 : 0
}

function rowName({ table, key }: FailedRecord): string {
  return JSON.stringify([table, key?.[0]])
}
