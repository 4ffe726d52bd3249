/**
 * What the connector's log tells of its initial snapshot. MSK Connect drops lines when a connector logs much, so that every line may be missing:
 * the log alone decides nothing.
 */
export interface SnapshotProgress {
  /** `none`: nothing was logged of one. `skipped`: Debezium found the offsets of an earlier one. */
  readonly phase: 'none' | 'running' | 'completed' | 'skipped' | 'failed'
  /** Tables that are done, and that there are; 0 when not known. */
  readonly tables: number
  readonly of: number
  readonly rows: number
  /** Whether streaming was begun since. */
  readonly streaming: boolean
  /** Of a failure, as it was logged. */
  readonly reason: string
}

export const noSnapshot: SnapshotProgress = { phase: 'none', tables: 0, of: 0, rows: 0, streaming: false, reason: '' }

/** Matches the lines that are understood, in CloudWatch Logs' filter syntax: any of these terms. */
export const snapshotFilter = [
  "aggregateType='Initial Snapshot', type='STARTED'",
  "aggregateType='Initial Snapshot', type='COMPLETED'",
  "aggregateType='Initial Snapshot', type='SKIPPED'",
  "aggregateType='Initial Snapshot', type='ABORTED'",
  'Finished exporting',
  'Snapshot ended with',
  'Starting streaming',
  'Error during snapshot',
  'Producer failure',
  'Task threw an uncaught and unrecoverable exception',
]
  .map((term) => `?"${term}"`)
  .join(' ')

/** What Debezium says where the slot does not reach back to its offsets. */
const loss = 'no longer available on the server'

/** Matches lines that tell of a slot that was lost, and those of what begins once it is made good. */
export const slotLossFilter = `?"${loss}" ?"Starting streaming" ?"aggregateType='Initial Snapshot', type='STARTED'"`

/** Of the last one of those lines: was the slot lost? */
export function tellsOfLoss(line: string): boolean {
  return line.includes(loss)
}

const notification = /aggregateType='Initial Snapshot', type='(STARTED|COMPLETED|SKIPPED|ABORTED)'/
const ended = /Snapshot ended with SnapshotResult \[status=(COMPLETED|SKIPPED|ABORTED)/
const exported = /Finished exporting (\d+) records for table '.*' \((\d+) of (\d+) tables\)/
const failure = /ERROR.*(Error during snapshot|Producer failure|Task threw an uncaught and unrecoverable exception)/

/** The progress once a further line is known. */
export function afterLine(progress: SnapshotProgress, line: string): SnapshotProgress {
  const state = (notification.exec(line) ?? ended.exec(line))?.[1]
  if (state === 'STARTED') return { ...noSnapshot, phase: 'running' }
  if (state === 'COMPLETED') return { ...progress, phase: 'completed' }
  if (state === 'SKIPPED') return { ...progress, phase: 'skipped' }
  if (state === 'ABORTED') return { ...progress, phase: 'failed', reason: progress.reason || reasonOf(line) }
  const [, rows, tables, of] = exported.exec(line) ?? []
  if (rows !== undefined)
    return { ...progress, phase: 'running', tables: Number(tables), of: Number(of), rows: progress.rows + Number(rows), streaming: false }
  if (failure.test(line)) return { ...progress, phase: 'failed', streaming: false, reason: reasonOf(line) }
  if (line.includes('Starting streaming')) return { ...progress, streaming: true }
  return progress
}

/** `3 of 7 tables, 120,000 rows` */
export function progressText({ tables, of, rows }: SnapshotProgress): string {
  return `${tables} of ${of === 0 ? 'an unknown number of' : of} tables, ${rows.toLocaleString('en-US')} rows`
}

/** The line without what surrounds it, and the innermost cause of a stack trace; without the details of PostgreSQL's errors, which quote rows. */
function reasonOf(line: string): string {
  const lines = line.split('\n').filter((text) => !/^\s+at |^\s*(Detail|Where|Hint):/.test(text))
  const cause = lines.findLast((text) => text.startsWith('Caused by: '))?.replace('Caused by: ', '')
  const first = lines[0]?.replace(/^(\[[^\]]*\]\s*)*(ERROR|WARN|INFO)\s*/, '').replace(/ \([\w.$]+:\d+\)$/, '') ?? ''
  return (cause === undefined ? first : `${first}: ${cause}`).slice(0, 500)
}
