import { PipelineError } from '../../pipeline/errors.ts'
import type { Change, Failure } from './change.ts'
import { Coalescing } from './coalesce.ts'
import type { FirehoseAnswer, FirehoseRecord } from './firehose.ts'

/** Lambda refuses a response of more than 6 MB. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const maximumResponseBytes = 6_000_000

/** No answer is longer than its value, its record id and this. */
const answerOverhead = 1000

/**
 * One answer for every record, in the order of the records. Changes of a row before its last are dropped. Where the response would be
 * longer than `limit` bytes as JSON, values that nobody needs are left out, then the longest rows fail.
 * `outcomes` is altered to say what each record came to: superseded, or too large.
 */
export function answers(
  records: readonly FirehoseRecord[],
  outcomes: (Change | Failure)[],
  limit = maximumResponseBytes,
): FirehoseAnswer[] {
  const coalescing = new Coalescing(records)
  let bound = 0
  for (let i = 0; i < outcomes.length; i++) {
    const outcome = outcomes[i]!
    if (outcome.result === 'Ok') coalescing.add(i, outcome)
    const { recordId, kafkaRecordValue } = records[i]!
    bound += (outcome.result === 'Ok' ? outcome.base64.length : (kafkaRecordValue?.length ?? 0)) + 6 * recordId.length + answerOverhead
  }
  const answer = (i: number, other: string): FirehoseAnswer => {
    const outcome = outcomes[i]!
    const recordId = records[i]!.recordId
    if (outcome.result === 'Ok' && !coalescing.isSuperseded(i)) {
      const metadata = outcome.table.routing[coalescing.operation(i, outcome)]
      return { recordId, result: 'Ok', kafkaRecordValue: outcome.base64, metadata }
    }
    return { recordId, result: outcome.result === 'Ok' ? 'Dropped' : outcome.result, kafkaRecordValue: other }
  }
  let result = records.map((record, i) => answer(i, record.kafkaRecordValue ?? ''))
  if (bound > limit && responseBytes(result) > limit) {
    // Firehose writes the record as it came to the error bucket, whatever the answer's value.
    result = records.map((_record, i) => answer(i, ''))
    fit(result, outcomes, coalescing, limit, (i) => answer(i, ''))
  }
  for (let i = 0; i < outcomes.length; i++) {
    const { result: outcome, table } = outcomes[i]!
    if (outcome === 'Ok' && coalescing.isSuperseded(i)) outcomes[i] = { result: 'Dropped', reason: 'Superseded', table }
  }
  return result
}

/** Lets the longest rows fail until the response fits. The change that a failed one had superseded is delivered in its place. */
function fit(
  result: FirehoseAnswer[],
  outcomes: (Change | Failure)[],
  coalescing: Coalescing,
  limit: number,
  answer: (i: number) => FirehoseAnswer,
): void {
  let bytes = responseBytes(result)
  const set = (i: number) => {
    bytes -= answerBytes(result[i]!)
    result[i] = answer(i)
    bytes += answerBytes(result[i])
  }
  const byLength = result.map((_answer, i) => i).sort((a, b) => valueLength(outcomes[b]!) - valueLength(outcomes[a]!))
  for (const i of byLength) {
    if (bytes <= limit) return
    const outcome = outcomes[i]!
    if (outcome.result !== 'Ok') return
    const wasLast = !coalescing.isSuperseded(i)
    if (!wasLast) continue
    const previous = coalescing.withdraw(i, outcome)
    outcomes[i] = { result: 'ProcessingFailed', table: outcome.table, error: responseTooLarge(outcome.table.label, limit) }
    set(i)
    if (previous !== -1) set(previous)
  }
}

function responseTooLarge(table: string, limit: number): PipelineError {
  return new PipelineError(
    'ResponseTooLarge',
    `${table}: with this row the answer to Firehose would be longer than ${limit} bytes: lower the transform's buffer size, then update the row at the source`,
  )
}

const valueLength = (outcome: Change | Failure) => (outcome.result === 'Ok' ? outcome.base64.length : -1)
const answerBytes = (answer: FirehoseAnswer) => Buffer.byteLength(JSON.stringify(answer)) + 1
const responseBytes = (result: readonly FirehoseAnswer[]) =>
  result.reduce((sum, answer) => sum + answerBytes(answer), '{"records":[]}'.length)
