import { evaluatePrefix } from '../../../../local/delivery/commit/error-prefix.ts'
import { errorObjects, type FailedRecord } from '../../../../local/delivery/commit/failed-records.ts'

const arrivalMs = Date.UTC(2026, 1, 3, 4, 5, 6)
const failed: FailedRecord = {
  type: 'processing-failed',
  errorOutputPrefix: undefined,
  attemptsMade: 4,
  arrivalMs,
  errorCode: 'Lambda.FunctionError',
  errorMessage: 'Boom',
  endedMs: arrivalMs + 7,
  rawData: Buffer.from('raw'),
  lambdaArn: 'arn:aws:lambda:us-east-1:111122223333:function:f',
  eventId: '0-7',
}
const names = { streamName: 'stream', errorOutputPrefix: 'errors/', batch: 'b 1' }

describe('an error output prefix', () => {
  it.each([
    ['errors/', 'errors/processing-failed/2026/02/03/04/'],
    ['', 'processing-failed/2026/02/03/04/'],
    ['errors-', 'errors-processing-failed/2026/02/03/04/'],
    ['failed/!{firehose:error-output-type}/', 'failed/processing-failed/'],
    ["!{firehose:error-output-type}/y=!{timestamp:yyyy}/!{timestamp:'d'DDD-HH'''h'}/", "processing-failed/y=2026/d034-04'h/"],
    ['!{timestamp:yyyy/MM/dd/}!{firehose:error-output-type}!{firehose:error-output-type}', '2026/02/03/processing-failedprocessing-failed'],
  ])('%j becomes %j', (prefix, evaluated) => {
    expect(evaluatePrefix(prefix, 'processing-failed', arrivalMs, 'seed')).toBe(evaluated)
  })

  it('has the same random strings for the same object, and different ones inside it', () => {
    const prefix = '!{firehose:random-string}/!{firehose:random-string}/!{firehose:error-output-type}/'
    const [first, second] = evaluatePrefix(prefix, 'iceberg-failed', arrivalMs, 'seed').split('/')
    expect(first).toHaveLength(11)
    expect(first).not.toBe(second)
    expect(evaluatePrefix(prefix, 'iceberg-failed', arrivalMs, 'seed')).toBe(`${first}/${second}/iceberg-failed/`)
  })

  it.each([
    ['!{timestamp:yyyy}/', 'error-output-type'],
    ['!{firehose:error-output-type}/!{partitionKeyFromLambda:x}/', 'not an expression'],
    ['!{firehose:error-output-type}/!{timestamp:QQ}/', 'not supported'],
    ['!{firehose:error-output-type}/!{open', 'not closed'],
    [`!{firehose:error-output-type}/${'x'.repeat(512)}`, '512'],
  ])('%j is refused', (prefix, reason) => {
    expect(() => evaluatePrefix(prefix, 'processing-failed', arrivalMs, 'seed')).toThrow(reason)
  })
})

describe('objects of failed records', () => {
  it('are one for each prefix and type, named after the oldest record, with a line for each record', () => {
    const objects = errorObjects(
      [
        { ...failed, arrivalMs: arrivalMs + 5000 },
        failed,
        { ...failed, type: 'iceberg-failed', errorOutputPrefix: 'orders/' },
        { ...failed, type: 'iceberg-failed' },
      ],
      names,
    )
    expect(objects.map(({ key }) => key)).toEqual([
      expect.stringMatching(
        /^errors\/processing-failed\/2026\/02\/03\/04\/stream-1-2026-02-03-04-05-06-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      ),
      expect.stringMatching(/^orders\/iceberg-failed\/2026\/02\/03\/04\/stream-1-2026-02-03-04-05-06-/),
      expect.stringMatching(/^errors\/iceberg-failed\/2026\/02\/03\/04\/stream-1-2026-02-03-04-05-06-/),
    ])
    expect(objects.map(({ content }) => content.trimEnd().split('\n').length)).toEqual([2, 1, 1])
  })

  it('have the lines that Firehose documents', () => {
    const lines = errorObjects([failed, { ...failed, type: 'iceberg-failed' }], names).map(({ content }) => JSON.parse(content))
    const documented = {
      attemptsMade: 4,
      arrivalTimestamp: arrivalMs,
      errorCode: 'Lambda.FunctionError',
      errorMessage: 'Boom',
      attemptEndingTimestamp: arrivalMs + 7,
      rawData: 'cmF3',
      lambdaArn: failed.lambdaArn,
    }
    expect(lines).toEqual([documented, { ...documented, EventId: '0-7', SubsequenceNumber: 0, ApproximateArrivalTimestamp: arrivalMs }])
  })

  it('have the same names whenever they are made, and others for another batch', () => {
    expect(errorObjects([failed], names)).toEqual(errorObjects([failed], names))
    expect(errorObjects([failed], { ...names, batch: 'b 2' })[0]?.key).not.toBe(errorObjects([failed], names)[0]?.key)
  })
})
