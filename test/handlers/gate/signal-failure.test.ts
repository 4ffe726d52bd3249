import { DescribeExecutionCommand, type DescribeExecutionCommandOutput, SFNClient } from '@aws-sdk/client-sfn'
import { mockClient } from 'aws-sdk-client-mock'
import { failureSignal, handler } from '../../../handlers/gate/signal-failure.ts'
import { type AwsEndpoint, serveAws, withoutAccount } from '../../../local/aws/endpoint.ts'

const stepFunctions = mockClient(SFNClient)
const executionArn = 'arn:aws:states:us-east-1:111122223333:execution:provisioning:run'
const event = (status = 'FAILED') => ({ detail: { executionArn, status } })
const described = (over: Partial<DescribeExecutionCommandOutput>) =>
  stepFunctions.on(DescribeExecutionCommand).resolves({ executionArn, name: 'run', status: 'FAILED', ...over })

let endpoint: AwsEndpoint
/** What the logger writes. */
let logged: string[]
beforeEach(async () => {
  stepFunctions.reset()
  endpoint = await serveAws({}, { access: withoutAccount })
  logged = []
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((line) => logged.push(String(line)) > 0)
})
afterEach(async () => {
  jest.restoreAllMocks()
  await endpoint.close()
})

test('the wait condition is told the name and the message of what failed', async () => {
  const { url, received } = endpoint.callback()
  const thrown = { errorType: 'SourceNotReady', errorMessage: 'wal_level is replica', trace: ['at step'] }
  described({ input: JSON.stringify({ until: 'DeliveryReady', signal: { url } }), error: 'SourceNotReady', cause: JSON.stringify(thrown) })
  await handler(event())
  expect(JSON.parse(await received)).toEqual({
    Status: 'FAILURE',
    Reason:
      'SourceNotReady: wal_level is replica (The execution run failed. Once it is repaired, deploy again: it goes on from what was done.)',
    UniqueId: 'run',
    Data: executionArn,
  })
  expect(logged.join('\n')).not.toContain(url)
})

test.each([
  ['TIMED_OUT', {}, '(The execution run timed out. '],
  ['ABORTED', {}, '(The execution run was stopped. '],
  ['ABORTED', { error: 'ByHand', cause: 'maintenance, {not} JSON' }, 'ByHand: maintenance, {not} JSON (The execution run was stopped. '],
  ['FAILED', { error: 'States.Runtime', cause: '"a text"' }, 'States.Runtime: "a text" (The execution run failed. '],
])('an execution that is %s with %j is told as such', (status, over, reason) => {
  expect(failureSignal({ executionArn, name: 'run', ...over }, status).Reason).toMatch(reason)
})

test('of a long message the beginning is told, and what to do', () => {
  const { Reason } = failureSignal({ name: 'run', error: 'SourceNotReady', cause: 'x'.repeat(9000) }, 'FAILED')
  expect(Reason.length).toBeLessThan(2800)
  expect(Reason).toMatch(/^SourceNotReady: xxx.*… \(The execution run failed\. Once it is repaired, deploy again/)
})

test.each([undefined, '{}', '{"signal":null}', '"text"', '{"signal":{"url":1}}'])(
  'an execution with the input %s is left alone',
  async (input) => {
    described(input === undefined ? {} : { input })
    await handler(event())
    expect(logged.join('\n')).toContain('nobody waits for this execution')
  },
)

test('a handle that is gone is harmless', async () => {
  const gone = endpoint.callback()
  gone.close()
  described({ input: JSON.stringify({ signal: { url: gone.url } }) })
  await handler(event('ABORTED'))
  expect(logged.join('\n')).toContain('does not wait any more')
})
