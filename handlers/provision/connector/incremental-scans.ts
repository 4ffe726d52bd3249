import type { StepAnswer } from '../../../pipeline/provisioning.ts'
import { isTaskEnd, type SnapshotNotification, snapshotNotification } from '../../../pipeline/snapshot-signal.ts'
import type { SnapshotRecord } from '../../../pipeline/table-snapshots.ts'
import type { LogLine, LogPlace } from './read-log.ts'

/** What is known of snapshots beside the stream, from one look to the next. */
export interface Scans {
  /** Tables, and rows of them, whose end was seen. */
  readonly scanned: number
  readonly rows: number
  /** Signals that came to nothing, and the last reason. */
  readonly attempts: number
  readonly again: string
  /** When anything was logged of the signals that are waited for, or one was sent; milliseconds since 1970. */
  readonly newest: number
  /** Signals of whose end a look before told. */
  readonly ended: readonly string[]
  /** When the connector's task ended, if nothing was logged of a snapshot since; 0: it did not. */
  readonly taskEnded: number
  /** Null: from the time of the signal. */
  readonly log: LogPlace | null
}

export interface ScanAnswer extends StepAnswer {
  readonly scans: Scans
}

/** Chunks are logged as they are read: so long a silence is none of a snapshot. */
const silenceMilliseconds = 15 * 60_000

/** The ends of these tables' snapshots that lines tell of: of each the last one. */
export function afterNotifications(lines: readonly LogLine[], outstanding: readonly SnapshotRecord[], { newest, ended, taskEnded }: Scans) {
  const found = new Map<SnapshotRecord, SnapshotNotification>()
  const ends = new Set(ended)
  let latest = newest
  let end = taskEnded
  for (const { message, timestamp } of lines) {
    if (isTaskEnd(message)) end = timestamp
    const notification = snapshotNotification(message)
    if (!notification || !outstanding.some(({ signalId }) => signalId === notification.id)) continue
    latest = Math.max(latest, timestamp)
    end = 0
    if (notification.type === 'COMPLETED' || notification.type === 'ABORTED') ends.add(notification.id)
    if (notification.type !== 'TABLE_SCAN_COMPLETED') continue
    const record = outstanding.find((one) => one.signalId === notification.id && `${one.schema}.${one.name}` === notification.scanned)
    if (record) found.set(record, notification)
  }
  return { found: [...found].map(([record, notification]) => ({ record, notification })), ended: [...ends], newest: latest, taskEnded: end }
}

/** For how many milliseconds nothing was logged of these; undefined: not for long. */
export function silentSince(records: readonly SnapshotRecord[], { newest }: Pick<Scans, 'newest'>, now: Date): number | undefined {
  const silent = now.getTime() - Math.max(newest, ...records.map(({ requestedAt }) => requestedAt))
  return silent > silenceMilliseconds ? silent : undefined
}
