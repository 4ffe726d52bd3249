/** From when on a number is worth somebody's look: the alarms and `npm run status` judge by the same. */

const gibibyte = 1024 ** 3

export const thresholds = {
  /** WAL that the slot holds back at the source. */
  slotHeldBytes: 10 * gibibyte,
  /** WAL that the connector has not confirmed. */
  slotLagBytes: 2 * gibibyte,
  /** Messages that Firehose has yet to read. */
  offsetLag: 100_000,
} as const

/** Seconds that a commit may be late, beyond the buffer, before somebody should look: the transform's retries and a commit that is tried again fit in. */
const commitSlackSeconds = 600

/** Age of the oldest change that is not yet in its table, in seconds. */
export function freshnessThreshold(bufferingSeconds: number): number {
  return bufferingSeconds + commitSlackSeconds
}

/** Id of the error bucket's request metrics, which CloudWatch has as `FilterId`. */
export const errorBucketMetrics = 'everything'
