import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { PipelineError } from '../../pipeline/errors.ts'
import type { SnapshotRequestsAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { isSnapshottable } from '../../pipeline/snapshot-signal.ts'
import { ready } from '../../pipeline/step-answer.ts'
import {
  forgetColumnsStatement,
  isDue,
  isOutstanding,
  neededReason,
  readRecords,
  removesRows,
  requestStatement,
  type SnapshotReason,
  type SnapshotRecord,
  snapshottedTables,
  tableWords,
} from '../../pipeline/table-snapshots.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { dataApiSettings } from '../aws-clients.ts'
import { dataApi } from './data-api.ts'
import { isEmptyTable } from './source/empty-table.ts'
import { unsnapshottable } from './source/unsnapshottable.ts'
import { type StepPlace, stepHandler } from './step.ts'

const because: Readonly<Record<SnapshotReason, string>> = {
  initial: '',
  'not captured': '',
  added: 'is new',
  columns: 'has new columns',
  'other table': 'has another Iceberg table',
  resync: 'is to be re-synced',
  'captured again': 'is captured again',
  'lost slot': 'missed changes, as its replication slot was lost',
}

const shownTables = 10

const rdsData = new RDSDataClient(dataApiSettings)
export const handler = stepHandler('ensure-snapshot-requests', ensureSnapshotRequests)

/**
 * Compares the captured tables with the records of their snapshots, and records which are to be snapshotted beside the stream, and why.
 * @throws PipelineError `SnapshotImpossible`, those of `dataApi`
 */
export async function ensureSnapshotRequests(
  request: StepRequest<object, SnapshotRequestsAnswer>,
  { plan, now }: StepPlace,
): Promise<SnapshotRequestsAnswer> {
  const source = dataApi(rdsData, plan.source, plan.source.preparationSecret)
  const tables = snapshottedTables(plan.tables)
  const found = await readRecords(source.query, tables)
  const asked: { table: CapturedTable; reason: SnapshotReason }[] = []
  const settled: CapturedTable[] = []
  for (const [index, table] of tables.entries()) {
    const record = found[index]
    if (!record) throw new Error('the source answered too few records')
    const reason = neededReason(record, request.request.resync.includes(`${table.schema}.${table.name}`))
    if (reason === undefined || isSnapshottable(table)) {
      if (reason !== undefined) asked.push({ table, reason })
      else if (!record.same) settled.push(table)
    } else if (reason === 'columns') settled.push(table)
    else {
      // A snapshot would add all rows again to those that are followed by now; of an empty table there is nothing to add.
      if (!(await isEmptyTable(source.query, table))) throw impossible(table)
      asked.push({ table, reason })
    }
  }
  if (settled.length > 0) await source.execute(forgetColumnsStatement, { tables: tableWords(settled) })
  if (asked.length > 0) await source.execute(requestStatement, { tables: requests(asked) })
  const records = asked.length === 0 ? found : await readRecords(source.query, tables)
  return {
    ...answer(
      request,
      now(),
      records,
      asked.map(({ table: { schema, name }, reason }) => `${schema}.${name} ${because[reason]}`),
    ),
  }
}

function answer(
  request: StepRequest<object, SnapshotRequestsAnswer>,
  now: Date,
  records: readonly SnapshotRecord[],
  sentences: readonly string[],
): SnapshotRequestsAnswer {
  const pending = records.filter((record) => isDue(record) || isOutstanding(record)).length
  const removal = records.some((record) => !record.completed && removesRows(record))
  const shown = sentences.slice(0, shownTables)
  const did = sentences.length > shownTables ? [...shown, `and ${sentences.length - shownTables} more tables`] : shown
  const seen =
    pending === 0
      ? 'nothing is to be snapshotted'
      : `${pending === 1 ? '1 table is' : `${pending} tables are`} to be snapshotted beside the stream`
  return {
    ...ready(request, now, {
      seen,
      did: did.map((sentence) => `asked for a snapshot: ${sentence}`),
      already: pending === 0 ? ['every captured table is snapshotted'] : [],
    }),
    pending: pending > 0,
    removal,
  }
}

function requests(asked: readonly { table: CapturedTable; reason: SnapshotReason }[]): string {
  const words: object[] = JSON.parse(tableWords(asked.map(({ table }) => table)))
  return JSON.stringify(words.map((entry, index) => ({ ...entry, reason: asked[index]?.reason })))
}

/** Rows came after the source was checked. */
function impossible(table: CapturedTable): PipelineError {
  const { problem, repair } = unsnapshottable(table)
  return new PipelineError('SnapshotImpossible', `${problem}. ${repair}.`)
}
