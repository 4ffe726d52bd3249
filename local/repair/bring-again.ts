import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AthenaClient } from '@aws-sdk/client-athena'
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { RDSDataClient } from '@aws-sdk/client-rds-data'
import { type DataApi, dataApi } from '../../handlers/provision/data-api.ts'
import { keyPortions, recheckKeys, removeRows } from '../../handlers/provision/vanished/pieces.ts'
import { beginning, type Piece, type Progress } from '../../handlers/provision/vanished/progress.ts'
import { returnRows } from '../../handlers/provision/vanished/return-rows.ts'
import { requestToken } from '../../pipeline/athena-sql.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import { keyForms } from '../../pipeline/key-forms.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { isSnapshottable } from '../../pipeline/snapshot-signal.ts'
import { textOf } from '../../pipeline/source-query.ts'
import { isOutstanding, readRecords, snapshottedTables } from '../../pipeline/table-snapshots.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { forgetVanishedStatement, type KeyedTable, noteDoubtedStatement, presentKeysQuery } from '../../pipeline/vanished-keys.ts'
import { awaitArrival } from './arrival.ts'

/** Where rows are brought again: AWS, or the local run in its place. */
export interface RepairPlace {
  readonly clients: { readonly athena: AthenaClient; readonly logs: CloudWatchLogsClient; readonly rdsData: RDSDataClient }
  readonly plan: ProvisioningPlan
  readonly timeoutMs: number
  readonly onProgress: (sentence: string) => void
}

/** Rows of one table, by their keys; each key in every spelling that `keyTexts` gives. */
export interface DoubtedRows {
  readonly table: CapturedTable
  readonly keys: readonly (readonly (readonly string[])[])[]
}

/** How many of the keys the source has: their rows are read again. Of the others Iceberg is freed. */
export interface BroughtTable {
  readonly table: CapturedTable
  readonly present: number
  readonly absent: number
}

/** Rows removed in Iceberg are looked up again, and those that came back are read; this is how long one look of a piece may take. */
const lookMilliseconds = 5000

const now = () => new Date()

const pieces: Readonly<Record<Exclude<Progress['phase'], 'done' | 'list'>, Piece>> = {
  remove: removeRows,
  recheck: recheckKeys,
  return: returnRows,
}

/** Whether rows of the table can be brought again by their keys. */
export function canBeBrought(table: CapturedTable): boolean {
  return isSnapshottable(table) && keyForms(table) !== undefined
}

/** What `bringAgain` would do now; it changes nothing. */
export async function previewed({ clients, plan }: RepairPlace, rows: readonly DoubtedRows[]): Promise<BroughtTable[]> {
  const source = dataApi(clients.rdsData, plan.source, plan.source.preparationSecret)
  const tables: BroughtTable[] = []
  for (const one of rows) tables.push(await counted(source, keyed(one.table), one))
  return tables
}

/**
 * Makes the rows of these keys what the source has now: Debezium reads those that it has once more, in the order of the stream, so that no older value
 * overtakes a newer one; the others are removed from Iceberg, and one that comes back meanwhile is read after that. Done twice it changes nothing.
 * Answers when it has arrived in Iceberg, with the LSN up to which everything has.
 * @throws PipelineError `ProvisioningRunning`, `SnapshotFailed`, `QueryFailed`, `NotCaughtUp`, those of `dataApi`
 */
export async function bringAgain(place: RepairPlace, rows: readonly DoubtedRows[]): Promise<{ tables: BroughtTable[]; lsn: string }> {
  const { clients, plan, timeoutMs, onProgress } = place
  const source = dataApi(clients.rdsData, plan.source, plan.source.preparationSecret)
  await refuseDuringSnapshots(source, plan)
  const deadline = Date.now() + timeoutMs
  const tables: BroughtTable[] = []
  for (const one of rows) {
    const table = keyed(one.table)
    const named = { schema: one.table.schema, name: one.table.name }
    tables.push(await counted(source, table, one))
    await source.execute(forgetVanishedStatement, named)
    for (const keys of keyPortions(one.keys.flat()))
      await source.execute(noteDoubtedStatement(table), { ...named, keys: JSON.stringify(keys) })
    await work(place, source, table, deadline)
  }
  onProgress('waiting until all of it is in Iceberg')
  return { tables, lsn: await awaitArrival(place, source, deadline) }
}

function keyed(table: CapturedTable): KeyedTable {
  const forms = keyForms(table)
  if (!forms || !isSnapshottable(table)) throw new Error(`rows of ${table.schema}.${table.name} cannot be selected by their keys`)
  return { table, forms }
}

async function counted(source: DataApi, table: KeyedTable, { keys }: DoubtedRows): Promise<BroughtTable> {
  let present = 0
  // All spellings of a key are one value at the source.
  for (const portion of keyPortions(keys.flatMap(([first]) => (first ? [first] : [])))) {
    const found = await source.query(presentKeysQuery(table), { keys: JSON.stringify(portion) })
    present += new Set(found.map((row) => textOf(row, 'key'))).size
  }
  return { table: table.table, present, absent: keys.length - present }
}

/** Debezium tells of all that it reads under the id of the signal that came last: another one would take an execution's notifications away. */
async function refuseDuringSnapshots(source: DataApi, plan: ProvisioningPlan): Promise<void> {
  const records = await readRecords(source.query, snapshottedTables(plan.tables))
  const outstanding = records.find(isOutstanding)
  if (!outstanding) return
  throw new PipelineError(
    'ProvisioningRunning',
    `${outstanding.schema}.${outstanding.name} is being snapshotted beside the stream, which a second request would disturb. Nothing was changed: run this again when the execution has ended.`,
  )
}

async function work({ clients, plan, onProgress }: RepairPlace, source: DataApi, table: KeyedTable, deadline: number): Promise<void> {
  const { schema, name } = table.table
  const act = randomUUID()
  const token = (...parts: readonly (string | number)[]) => requestToken(act, schema, name, ...parts)
  let progress: Progress = { ...beginning, phase: 'remove' }
  let told = ''
  while (progress.phase !== 'done' && progress.phase !== 'list') {
    const before = progress.phase
    const untilMilliseconds = Date.now() + lookMilliseconds
    const { athena, logs } = clients
    const asked = { keyed: table, named: { schema, name }, source, place: { plan, now }, athena, logs, token, untilMilliseconds }
    progress = await pieces[progress.phase](progress, asked)
    if (progress.seen !== told && progress.phase !== 'done') onProgress(`${schema}.${name}: ${progress.seen}`)
    told = progress.seen
    if (Date.now() > deadline)
      throw new PipelineError(
        'NotCaughtUp',
        `${schema}.${name}: ${progress.seen}, and the time given is over. What was done stays; run this again, or give it longer with --timeout. npm run status says whether the connector runs.`,
      )
    if (progress.phase === before) await sleep(500)
  }
}
