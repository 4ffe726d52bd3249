import { type TransformCall, transformBatch } from '../../../../local/delivery/invocation/transform.ts'
import { Metrics } from '../../../../local/delivery/metrics.ts'
import type { SourceRecord } from '../../../../local/delivery/source/partition-source.ts'
import type { InvocationResult } from '../../../../local/lambda/function.ts'

const record = (offset: number, value = Buffer.from('{}')): SourceRecord => ({ partition: 0, offset: BigInt(offset), arrivalMs: 1, value })
const error: InvocationResult = { ok: false, cause: 'function', errorType: 'Boom', errorMessage: 'holds a secret value' }

/** A function that answers each invocation with the next of these; the last is repeated. */
function call(answers: readonly ((event: { records: { recordId: string; kafkaRecordValue: string }[] }) => InvocationResult)[]) {
  const invocations: number[] = []
  const errors: string[] = []
  const transform: TransformCall = {
    fn: {
      pid: 1,
      close: async () => {},
      invoke: async (payload) => {
        const event = JSON.parse(payload.toString())
        invocations.push(event.records.length)
        const answer = answers[Math.min(invocations.length, answers.length) - 1]
        if (!answer) throw new Error('no answer')
        return answer(event)
      },
    },
    retries: 2,
    stream: { clusterArn: 'c', streamArn: 's', region: 'r' },
    metrics: new Metrics(),
    onError: (message) => errors.push(message),
    signal: new AbortController().signal,
  }
  return { transform, invocations, errors }
}

const echo = (event: { records: { recordId: string; kafkaRecordValue: string }[] }): InvocationResult => ({
  ok: true,
  payload: JSON.stringify({
    records: event.records.map(({ recordId, kafkaRecordValue }) => ({ recordId, result: 'Ok', kafkaRecordValue })),
  }),
})

describe('a transformation', () => {
  it('is tried again after a failed invocation', async () => {
    const { transform, invocations } = call([() => error, echo])
    const { outcomes } = await transformBatch([record(1)], transform)
    expect(invocations).toHaveLength(2)
    expect(outcomes).toEqual([{ result: 'Ok', data: Buffer.from('{}'), otfMetadata: undefined }])
  })

  it('fails the whole batch after the last retry, and keeps the message out of the status', async () => {
    const { transform, invocations, errors } = call([() => error])
    const { outcomes } = await transformBatch([record(1), record(2)], transform)
    expect(invocations).toHaveLength(3)
    const failure = {
      result: 'Failed',
      errorCode: 'Lambda.FunctionError',
      errorMessage: 'Boom: holds a secret value',
      attemptsMade: 3,
      endedMs: expect.any(Number),
    }
    expect(outcomes).toEqual([failure, failure])
    expect(errors.join()).toContain('Boom')
    expect(errors.join()).not.toContain('secret')
  })

  it('says which kind of failure it was', async () => {
    const timeout = call([() => ({ ...error, cause: 'timeout' as const })])
    expect((await transformBatch([record(1)], timeout.transform)).outcomes[0]).toMatchObject({ errorCode: 'Lambda.FunctionTimedOut' })
  })

  it('fails the whole batch at once for a wrong answer', async () => {
    const { transform, invocations } = call([() => ({ ok: true, payload: '{"records":[]}' })])
    const { outcomes } = await transformBatch([record(1)], transform)
    expect(invocations).toHaveLength(1)
    expect(outcomes[0]).toMatchObject({ result: 'Failed', errorCode: 'Lambda.MissingRecordId', attemptsMade: 1 })
  })

  it('fails a record of more than 6 MB by itself, without showing it to the function', async () => {
    const { transform, invocations } = call([echo])
    const { outcomes } = await transformBatch([record(1), record(2, Buffer.alloc(6 * 1024 * 1024 + 1)), record(3)], transform)
    expect(invocations).toEqual([2])
    expect(outcomes.map(({ result }) => result)).toEqual(['Ok', 'Failed', 'Ok'])
    expect(transform.metrics.read()).toMatchObject({ 'FailedValidation.Records': 1 })
  })
})
