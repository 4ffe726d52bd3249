import { AthenaClient } from '@aws-sdk/client-athena'
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { requestToken } from '../../pipeline/athena-sql.ts'
import { keyForms } from '../../pipeline/key-forms.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { readRecords, removesRows, snapshottedTables } from '../../pipeline/table-snapshots.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import type { KeyedTable } from '../../pipeline/vanished-keys.ts'
import { clientSettings, dataApiSettings } from '../aws-clients.ts'
import { type DataApi, dataApi } from './data-api.ts'
import { type StepPlace, stepHandler } from './step.ts'
import { listKeys, recheckKeys, removeRows } from './vanished/pieces.ts'
import { beginning, type Piece, type Progress, type RemovalAnswer } from './vanished/progress.ts'
import { returnRows } from './vanished/return-rows.ts'

/** What a call does before it answers. */
const callMilliseconds = 8000

/** Sentences of what was done that an answer carries. */
const shownTables = 20

const pieces: Readonly<Record<Exclude<Progress['phase'], 'done'>, Piece>> = {
  list: listKeys,
  remove: removeRows,
  recheck: recheckKeys,
  return: returnRows,
}

const rdsData = new RDSDataClient(dataApiSettings)
const athena = new AthenaClient(clientSettings)
const logs = new CloudWatchLogsClient(clientSettings)
export const handler = stepHandler('ensure-vanished-removed', ensureVanishedRemoved)

/**
 * Removes from Iceberg what the source has no longer, of tables that were snapshotted again. What the source had at any moment of it stays, or comes back:
 * a key that is found again after the removals is snapshotted once more. Everything that was found is kept at the source, so that any call can go on.
 * @throws PipelineError `QueryFailed`, `SnapshotFailed`, `NotInTime`, those of `dataApi`
 */
export async function ensureVanishedRemoved(request: StepRequest<object, RemovalAnswer>, place: StepPlace): Promise<RemovalAnswer> {
  const { plan, now } = place
  const { execution, previous } = request
  const source = dataApi(rdsData, plan.source, plan.source.preparationSecret)
  const until = now().getTime() + callMilliseconds
  const tables = [...(previous?.tables ?? [])]
  const did = [...(previous?.did ?? [])]
  const { keyed: comparable, others } = await pendingTables(source, place)
  const waiting = comparable.filter(({ table }) => !tables.includes(nameOf(table)))
  let progress = previous?.progress ?? beginning
  for (const keyed of waiting) {
    const { schema, name } = keyed.table
    const token = (...parts: readonly (string | number)[]) =>
      requestToken(execution.Id, execution.RedriveTime ?? '', schema, name, ...parts)
    const work = { keyed, named: { schema, name }, source, place, athena, logs, token, untilMilliseconds: until }
    while (progress.phase !== 'done') {
      const before = progress
      progress = await pieces[progress.phase](progress, work)
      const isStill = progress.phase === before.phase
      if (isStill || now().getTime() > until) return { ...notYetRemoved(request, now(), keyed, progress), did, tables, progress }
    }
    tables.push(nameOf(keyed.table))
    if (progress.removed > 0 && did.length < shownTables) did.push(removedText(keyed, progress))
    progress = beginning
  }
  for (const table of others) did.push(`left rows in ${nameOf(table)} that the source may have no longer: its key cannot be compared`)
  return { ...ready(request, now(), { seen: 'Iceberg was freed of rows that the source has no longer', did }), tables, progress }
}

/** The tables that are to be freed of rows; and those of which Iceberg's keys cannot be looked up at the source. */
async function pendingTables(source: DataApi, { plan }: StepPlace): Promise<{ keyed: KeyedTable[]; others: CapturedTable[] }> {
  const tables = snapshottedTables(plan.tables)
  const records = await readRecords(source.query, tables)
  const pending = tables.filter((_, index) => {
    const record = records[index]
    return record && !record.completed && removesRows(record)
  })
  const keyed = pending.flatMap((table) => {
    const forms = keyForms(table)
    return forms ? [{ table, forms }] : []
  })
  return { keyed, others: pending.filter((table) => !keyed.some((one) => one.table === table)) }
}

const nameOf = ({ schema, name }: KeyedTable['table']) => `${schema}.${name}`

function removedText({ table }: KeyedTable, { removed, cameBack }: Progress): string {
  const rows = removed === 1 ? '1 row' : `${removed.toLocaleString('en-US')} rows`
  return `removed ${rows} of ${nameOf(table)} that the source has no longer${cameBack > 0 ? `, and read ${cameBack} again that came back meanwhile` : ''}`
}

function notYetRemoved(request: StepRequest<object, RemovalAnswer>, now: Date, { table }: KeyedTable, { seen }: Progress): StepAnswer {
  return notYet(request, now, {
    what: 'Removing rows that the source has no longer',
    seen: `${nameOf(table)}: ${seen}`,
    usual: 'a minute for each hundred thousand rows is usual',
    limitMinutes: 12 * 60,
    remedy: 'See the queries of the workgroup in the Athena console.',
  })
}
