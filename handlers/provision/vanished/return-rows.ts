import { randomUUID } from 'node:crypto'
import { PipelineError } from '../../../pipeline/errors.ts'
import { filteredSignal, incrementalFilter, sendPlainSignalStatement, snapshotNotification } from '../../../pipeline/snapshot-signal.ts'
import { cameBackFilter, stillThereQuery } from '../../../pipeline/vanished-keys.ts'
import { readLog } from '../connector/read-log.ts'
import type { Piece } from './progress.ts'

/** Rows that are read by their keys are read in seconds; a signal of which nothing is logged for so long is sent again. */
const silenceMilliseconds = 15 * 60_000
const mostAttempts = 5

/** Has Debezium read the rows again that came back: a signal that names them by a condition, and the end of it in the connector's log. */
export const returnRows: Piece = async (progress, { keyed, source, named, place, logs, untilMilliseconds }) => {
  const { plan, now } = place
  const { signal } = progress
  if (signal === null) {
    const id = randomUUID()
    await source.execute(sendPlainSignalStatement, { id, data: filteredSignal(keyed.table, cameBackFilter(keyed)) })
    return { ...progress, signal: { id, at: now().getTime() }, seen: `${progress.cameBack} rows that came back are being read again` }
  }
  const begin = { newest: signal.at - 60_000, ids: [], next: null }
  const { lines } = await readLog(
    logs,
    { logGroupName: plan.connector.logGroup, filterPattern: incrementalFilter },
    begin,
    () => now().getTime() < untilMilliseconds,
  )
  const end = lines
    .map(({ message }) => snapshotNotification(message))
    .findLast((one) => one?.id === signal.id && one.type === 'TABLE_SCAN_COMPLETED')
  if (end && end.rows > 0) return { ...progress, phase: 'done' }
  if (!end && now().getTime() - signal.at < silenceMilliseconds)
    return { ...progress, seen: 'waiting for the end of their snapshot in the log' }
  const [found] = await source.query(stillThereQuery(keyed), named)
  if (found?.['count'] === '0') return { ...progress, phase: 'done' }
  const attempts = progress.attempts + 1
  if (attempts > mostAttempts)
    throw new PipelineError(
      'SnapshotFailed',
      `${keyed.table.schema}.${keyed.table.name}: ${progress.cameBack} rows came back while others were removed, and Debezium did not read them. See the log group ${plan.connector.logGroup}`,
    )
  return { ...progress, signal: null, attempts, seen: 'the rows were not read; they are asked for once more' }
}
