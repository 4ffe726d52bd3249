import { setTimeout as sleep } from 'node:timers/promises'
import type { InvocationResult, RunningFunction } from '../../lambda/function.ts'
import type { Metrics } from '../metrics.ts'
import type { SourceRecord } from '../source/partition-source.ts'
import { type AnsweredRecord, type AnswerFault, checkAnswer } from './answer.ts'
import { type EventStream, firehoseEvent, recordIdOf } from './event.ts'

/** A Lambda batch with what became of each of its records. */
export interface TransformedBatch {
  readonly records: readonly SourceRecord[]
  readonly outcomes: readonly RecordOutcome[]
}

export type RecordOutcome = AnsweredRecord | TransformFailure

/** Goes to `processing-failed/` with the record as it was read. */
export interface TransformFailure extends AnswerFault {
  readonly result: 'Failed'
  readonly attemptsMade: number
  readonly endedMs: number
}

export interface TransformCall {
  readonly fn: RunningFunction
  readonly retries: number
  readonly stream: EventStream
  readonly metrics: Metrics
  readonly onError: (message: string) => void
  readonly signal: AbortSignal
}

/** Firehose documents retries, but not how long it waits between them. */
const retryDelayMs = 200

/**
 * Invokes the function for a batch, again after a failed invocation, and after the last one fails every record of the batch. An
 * answer that is there but wrong fails the batch at once: the same records would give the same answer.
 */
export async function transformBatch(records: readonly SourceRecord[], call: TransformCall): Promise<TransformedBatch> {
  const fitting = records.filter((record) => !isTooLarge(record))
  if (fitting.length === records.length) return invokeFor(records, call)
  const transformed = fitting.length === 0 ? [] : (await invokeFor(fitting, call)).outcomes
  let next = 0
  const outcomes = records.map((record) => {
    if (!isTooLarge(record)) return transformed[next++]!
    call.metrics.add('FailedValidation.Records', 1)
    call.metrics.add('FailedValidation.Bytes', record.value?.length ?? 0)
    return tooLarge()
  })
  return { records, outcomes }
}

/** A stream without a transformation delivers values as they are. */
export function passThrough(records: readonly SourceRecord[]): TransformedBatch {
  return { records, outcomes: records.map(({ value }) => ({ result: 'Ok', data: value ?? Buffer.alloc(0), otfMetadata: undefined })) }
}

/** Firehose reads larger records, but hands none to a function. https://docs.aws.amazon.com/firehose/latest/dev/limits.html */
const recordLimitBytes = 6 * 1024 * 1024

function isTooLarge({ value }: SourceRecord): boolean {
  return value !== undefined && value.length > recordLimitBytes
}

function tooLarge(): TransformFailure {
  return {
    result: 'Failed',
    errorCode: 'Lambda.RecordTooLarge',
    errorMessage: 'The record is larger than 6 MB, the limit of a stream with a Lambda transformation.',
    attemptsMade: 0,
    endedMs: Date.now(),
  }
}

async function invokeFor(records: readonly SourceRecord[], call: TransformCall): Promise<TransformedBatch> {
  const event = firehoseEvent(records, call.stream)
  for (let attempt = 1; ; attempt += 1) {
    const startedAt = performance.now()
    const invocation = await call.fn.invoke(event)
    call.metrics.invoked(performance.now() - startedAt, invocation.ok)
    if (invocation.ok) {
      const answer = checkAnswer(invocation.payload, records.map(recordIdOf))
      if ('records' in answer) return { records, outcomes: answer.records.map((record) => outcomeOf(record, attempt)) }
      call.onError(`${answer.fault.errorCode}: ${answer.fault.errorMessage}`)
      return allFailed(records, answer.fault, attempt)
    }
    const fault = faultOf(invocation)
    // The message is the function's own and could hold anything; it goes to the error object and to the function's log only.
    call.onError(`${fault.errorCode}: ${invocation.errorType}; see the log of the function`)
    if (attempt > call.retries) return allFailed(records, fault, attempt)
    await sleep(retryDelayMs * attempt, undefined, { signal: call.signal })
  }
}

function outcomeOf(record: AnsweredRecord, attempt: number): RecordOutcome {
  if (record.result !== 'ProcessingFailed') return record
  return {
    result: 'Failed',
    errorCode: 'Lambda.ProcessingFailedStatus',
    errorMessage: 'ProcessingFailed status set for record',
    attemptsMade: attempt,
    endedMs: Date.now(),
  }
}

function allFailed(records: readonly SourceRecord[], fault: AnswerFault, attempt: number): TransformedBatch {
  const failure: TransformFailure = { result: 'Failed', ...fault, attemptsMade: attempt, endedMs: Date.now() }
  return { records, outcomes: records.map(() => failure) }
}

/** Firehose's codes for a failed invocation. https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html */
function faultOf(invocation: InvocationResult & { ok: false }): AnswerFault {
  const errorMessage = `${invocation.errorType}: ${invocation.errorMessage}`
  if (invocation.cause === 'timeout') return { errorCode: 'Lambda.FunctionTimedOut', errorMessage }
  const refusedRequest = invocation.errorType === 'RequestEntityTooLargeException'
  return { errorCode: refusedRequest ? 'Lambda.InvocationFailure' : 'Lambda.FunctionError', errorMessage }
}
