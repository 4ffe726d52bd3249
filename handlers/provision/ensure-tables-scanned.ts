import { randomUUID } from 'node:crypto'
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepRequest } from '../../pipeline/provisioning.ts'
import { firstSignal, incrementalFilter, isSnapshottable, sendSignalStatement, snapshotSignal } from '../../pipeline/snapshot-signal.ts'
import { tableNames } from '../../pipeline/source-catalog.ts'
import { slotQuery } from '../../pipeline/source-sql.ts'
import { durationText, notYet, ready } from '../../pipeline/step-answer.ts'
import {
  isDue,
  isOutstanding,
  nothingToScanStatement,
  readRecords,
  type SnapshotRecord,
  scannedStatement,
  sendAgainStatement,
  snapshottedTables,
} from '../../pipeline/table-snapshots.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { clientSettings, dataApiSettings } from '../aws-clients.ts'
import { afterNotifications, type ScanAnswer, type Scans, silentSince } from './connector/incremental-scans.ts'
import { readLog } from './connector/read-log.ts'
import { type DataApi, dataApi } from './data-api.ts'
import { isEmptyTable } from './source/empty-table.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** Signals that come to nothing, before the snapshot counts as failed. */
const mostAttempts = 5

/** A task that ended, and of which nothing is logged so long after, is not started again by itself. */
const settledMilliseconds = 60_000

/** What a call reads of the log before it answers. */
const callMilliseconds = 7000

const rdsData = new RDSDataClient(dataApiSettings)
const logs = new CloudWatchLogsClient(clientSettings)
export const handler = stepHandler('ensure-tables-scanned', ensureTablesScanned)

/**
 * Has Debezium read the tables that wait for it: sends one signal at a time, and looks in the connector's log for the end of each table and the rows read.
 * What the source's own records say is where the next call goes on.
 * @throws PipelineError `SnapshotFailed`, `SnapshotImpossible`, `NotInTime`, those of `dataApi`
 */
export async function ensureTablesScanned(request: StepRequest<object, ScanAnswer>, place: StepPlace): Promise<ScanAnswer> {
  const { plan, now } = place
  const { previous } = request
  const source = dataApi(rdsData, plan.source, plan.source.preparationSecret)
  const tables = snapshottedTables(plan.tables)
  let records = await readRecords(source.query, tables)
  let scans: Scans = previous?.scans ?? { scanned: 0, rows: 0, attempts: 0, again: '', newest: 0, ended: [], taskEnded: 0, log: null }
  const outstanding = records.filter(isOutstanding)
  if (outstanding.length > 0) {
    scans = await look(outstanding, scans, source, place)
    records = await readRecords(source.query, tables)
  }
  const due = records.filter(isDue)
  const [keyed, keyless] = [due.filter((record) => isReadable(tables, record)), due.filter((record) => !isReadable(tables, record))]
  for (const record of keyless) if (record.reason === 'lost slot' && !(await isEmptyTable(source.query, record))) throw keylessGap(record)
  if (keyless.length > 0) await source.execute(nothingToScanStatement, { tables: tableNames(keyless) })
  if (keyed.length > 0 && !records.some(isOutstanding)) {
    const batch = firstSignal(keyed)
    await source.execute(sendSignalStatement, { id: randomUUID(), data: snapshotSignal(batch), tables: tableNames(batch) })
    scans = { ...scans, log: null, newest: now().getTime(), ended: [] }
  }
  const left = keyed.length + records.filter(isOutstanding).length
  if (left === 0) {
    const what = `${scans.scanned === 1 ? '1 table' : `${scans.scanned} tables`} beside the stream (${scans.rows.toLocaleString('en-US')} rows)`
    return {
      ...ready(request, now(), {
        seen: `Debezium has read every table that waited for it`,
        did: scans.scanned > 0 ? [`snapshotted ${what}`] : [],
      }),
      scans,
    }
  }
  return { ...waiting(request, now(), left, scans), scans }
}

/** What the log tells of signals that were sent, noted at the source; those that came to nothing wait for another one. */
async function look(outstanding: readonly SnapshotRecord[], scans: Scans, source: DataApi, { plan, now }: StepPlace): Promise<Scans> {
  const until = now().getTime() + callMilliseconds
  // A connector's clock may be behind a little.
  const begin = { newest: Math.min(...outstanding.map(({ requestedAt }) => requestedAt)) - 60_000, ids: [], next: null }
  const log = { logGroupName: plan.connector.logGroup, filterPattern: incrementalFilter }
  const read = await readLog(logs, log, scans.log ?? begin, () => now().getTime() < until)
  const { found, ended, newest, taskEnded } = afterNotifications(read.lines, outstanding, scans)
  let { scanned, rows, again } = scans
  let isRepeated = false
  for (const { record, notification } of found) {
    const table = { id: record.signalId ?? '', tables: tableNames([record]) }
    const of = `${record.schema}.${record.name}`
    const isRead = notification.status === 'SUCCEEDED' && notification.rows > 0
    if (notification.status === 'NO_PRIMARY_KEY')
      throw new PipelineError(
        'SnapshotImpossible',
        `${of} has no primary key as Debezium sees it: it cannot be snapshotted beside the stream.`,
      )
    if (
      isRead ||
      ((notification.status === 'EMPTY' || notification.status === 'SUCCEEDED') && (await isEmptyTable(source.query, record)))
    ) {
      // Another execution may have noted it.
      scanned += await source.execute(scannedStatement, table)
      rows += notification.rows
    } else {
      again = `Debezium read no row of ${of} (${notification.status || 'it gave no status'})`
      isRepeated = (await source.execute(sendAgainStatement, table)) > 0 || isRepeated
    }
  }
  if (taskEnded > 0 && now().getTime() - taskEnded > settledMilliseconds)
    throw new PipelineError(
      'SnapshotFailed',
      `The task of the connector ${plan.connector.name} ended while it snapshotted tables beside the stream, and was not started again. See the log group ${plan.connector.logGroup}`,
    )
  const rest = outstanding.filter((record) => !found.some((one) => one.record === record))
  const lost = await lostReason(rest, { ...scans, newest }, source, now())
  if (lost !== undefined) {
    again = lost
    isRepeated = true
    for (const record of rest) await source.execute(sendAgainStatement, { id: record.signalId ?? '', tables: tableNames([record]) })
  }
  const attempts = scans.attempts + (isRepeated ? 1 : 0)
  if (attempts > mostAttempts)
    throw new PipelineError(
      'SnapshotFailed',
      `A snapshot beside the stream came to nothing ${attempts} times; the last time: ${again}. See the log group ${plan.connector.logGroup}`,
    )
  return { scanned, rows, attempts, again, newest, ended, taskEnded, log: read.place }
}

/** Why no further line is expected of these; undefined: they are being read, as far as is known. */
async function lostReason(rest: readonly SnapshotRecord[], scans: Scans, source: DataApi, now: Date): Promise<string | undefined> {
  const [first] = rest
  if (!first) return undefined
  // Of a look before: the lines of the tables were written before, and would have been read by now.
  if (rest.every(({ signalId }) => scans.ended.includes(signalId ?? '')))
    return `the end of the snapshot was logged, and not that of ${first.schema}.${first.name} (MSK Connect drops lines)`
  const silent = silentSince(rest, scans, now)
  if (silent === undefined) return undefined
  const [slot] = await source.query(slotQuery)
  return slot?.['active'] === 'true'
    ? `the connector's log tells nothing of ${first.schema}.${first.name} since ${durationText(silent)} (MSK Connect drops lines)`
    : undefined
}

function keylessGap({ schema, name }: SnapshotRecord): PipelineError {
  return new PipelineError(
    'SnapshotImpossible',
    `${schema}.${name} cannot be snapshotted beside the stream: what it missed when the replication slot was lost cannot be told from what it has. See docs/runbook.md, SnapshotImpossible.`,
  )
}

function isReadable(tables: readonly CapturedTable[], record: SnapshotRecord): boolean {
  return tables.some(
    ({ schema, name, primaryKey }) => schema === record.schema && name === record.name && isSnapshottable({ schema, name, primaryKey }),
  )
}

function waiting(request: StepRequest<object, ScanAnswer>, now: Date, left: number, { scanned, rows, again }: Scans) {
  const repeated = again === '' ? '' : `; once more, as ${again}`
  return notYet(request, now, {
    what: 'Snapshotting tables beside the stream',
    seen: `${scanned} of ${scanned + left} tables, ${rows.toLocaleString('en-US')} rows${repeated}`,
    usual: 'a minute for each million rows is usual',
    limitMinutes: 36 * 60,
    remedy: "See the connector's log for what it does.",
  })
}
