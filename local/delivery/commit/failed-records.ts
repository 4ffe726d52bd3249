import { createHash } from 'node:crypto'
import { type ErrorOutputType, evaluatePrefix } from './error-prefix.ts'

/** A record that could not be delivered: one line of an object in the error bucket. */
export interface FailedRecord {
  readonly type: ErrorOutputType
  /** The table's own prefix; undefined: the stream's. */
  readonly errorOutputPrefix: string | undefined
  readonly attemptsMade: number
  readonly arrivalMs: number
  readonly errorCode: string
  readonly errorMessage: string
  readonly endedMs: number
  /** As it was read for `processing-failed`, as it was transformed for `iceberg-failed`. */
  readonly rawData: Buffer
  readonly lambdaArn: string | undefined
  /** Tells the record from all others of the stream. */
  readonly eventId: string
}

export interface ErrorObject {
  /** The object's key in the bucket. */
  readonly key: string
  /** Lines of JSON. */
  readonly content: string
}

/**
 * The line of a failed record. Firehose documents the fields up to `lambdaArn`
 * (https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html); those after it are seen in `iceberg-failed` objects.
 */
export function failedLine(record: FailedRecord): string {
  const { type, attemptsMade, arrivalMs, errorCode, errorMessage, endedMs, rawData, lambdaArn, eventId } = record
  return `${JSON.stringify({
    attemptsMade,
    arrivalTimestamp: arrivalMs,
    errorCode,
    errorMessage,
    attemptEndingTimestamp: endedMs,
    rawData: rawData.toString('base64'),
    ...(lambdaArn === undefined ? {} : { lambdaArn }),
    ...(type === 'iceberg-failed' ? { EventId: eventId, SubsequenceNumber: 0, ApproximateArrivalTimestamp: arrivalMs } : {}),
  })}\n`
}

export interface ErrorObjectNames {
  readonly streamName: string
  /** The stream's prefix, with its expressions. */
  readonly errorOutputPrefix: string
  /** Tells the batch from all others; the names are the same whenever they are made for it. */
  readonly batch: string
}

/** One object for each prefix: names come from the batch and the oldest record, never from the clock. */
export function errorObjects(records: readonly FailedRecord[], names: ErrorObjectNames): ErrorObject[] {
  const groups = new Map<string, FailedRecord[]>()
  for (const record of records) {
    const group = `${record.type} ${record.errorOutputPrefix ?? names.errorOutputPrefix}`
    const members = groups.get(group)
    if (members) members.push(record)
    else groups.set(group, [record])
  }
  return [...groups].map(([group, members]) => {
    const first = members[0]!
    const oldestMs = members.reduce((oldest, { arrivalMs }) => Math.min(oldest, arrivalMs), first.arrivalMs)
    const prefix = evaluatePrefix(first.errorOutputPrefix ?? names.errorOutputPrefix, first.type, oldestMs, `${names.batch} ${group}`)
    return { key: `${prefix}${objectName(names, oldestMs, group)}`, content: members.map(failedLine).join('') }
  })
}

/** `<stream>-<version>-YYYY-MM-DD-HH-MM-SS-<uuid>` */
function objectName({ streamName, batch }: ErrorObjectNames, timeMs: number, group: string): string {
  const time = new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[T:]/g, '-')
  const digest = createHash('sha256').update(`${streamName} ${batch} ${group}`).digest('hex')
  const uuid = [digest.slice(0, 8), digest.slice(8, 12), `4${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`, digest.slice(20, 32)].join(
    '-',
  )
  return `${streamName}-1-${time}-${uuid}`
}
