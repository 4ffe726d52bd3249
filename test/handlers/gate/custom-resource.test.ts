import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn'
import { mockClient } from 'aws-sdk-client-mock'
import { type CustomResourceEvent, handler } from '../../../handlers/gate/custom-resource.ts'
import { executionArn, gateExecutionName } from '../../../handlers/gate/execution.ts'
import { type AwsEndpoint, serveAws, withoutAccount } from '../../../local/aws/endpoint.ts'
import { gateExecutionPrefix } from '../../../pipeline/provisioning.ts'

const stepFunctions = mockClient(SFNClient)
const machine = 'arn:aws:states:us-east-1:111122223333:stateMachine:provisioning'
const handle = 'https://waits.example/handle?Signature=secret'

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

/** What CloudFormation is answered. */
async function answerTo(event: Partial<CustomResourceEvent>): Promise<unknown> {
  const { url: ResponseURL, received } = endpoint.callback()
  const about = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Execution' }
  await handler({
    RequestType: 'Create',
    ...about,
    ResponseURL,
    ResourceProperties: { StateMachineArn: machine, Handle: handle },
    ...event,
  })
  return JSON.parse(await received)
}

test('the name of an execution is that of the handle: another handle, another name', () => {
  expect(gateExecutionName(handle)).toBe(gateExecutionName(handle))
  expect(gateExecutionName(`${handle}2`)).not.toBe(gateExecutionName(handle))
  expect(gateExecutionName(handle)).toMatch(new RegExp(`^${gateExecutionPrefix}[0-9a-f]{24}$`))
})

test('CloudFormation is answered with the ARN of the execution that was started', async () => {
  stepFunctions.on(StartExecutionCommand).resolves({})
  const arn = executionArn(machine, gateExecutionName(handle))
  expect(await answerTo({})).toEqual({
    Status: 'SUCCESS',
    Reason: expect.stringContaining('started'),
    PhysicalResourceId: arn,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Execution',
  })
  expect(arn).toMatch(/^arn:aws:states:us-east-1:111122223333:execution:provisioning:delivery-ready-/)
})

test('an event that comes twice joins the execution', async () => {
  stepFunctions.on(StartExecutionCommand).rejects(new ExecutionAlreadyExists({ message: 'exists', $metadata: {} }))
  expect(await answerTo({})).toMatchObject({ Status: 'SUCCESS', Reason: expect.stringContaining('joined') })
})

test('whatever fails is answered, under the same physical id', async () => {
  stepFunctions.on(StartExecutionCommand).rejects(Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' }))
  expect(await answerTo({})).toMatchObject({
    Status: 'FAILED',
    Reason: 'AccessDeniedException: not authorized',
    PhysicalResourceId: executionArn(machine, gateExecutionName(handle)),
  })
})

test('what was never made is deleted without a word to Step Functions', async () => {
  expect(await answerTo({ RequestType: 'Delete', PhysicalResourceId: 'something' })).toMatchObject({ Status: 'SUCCESS' })
  expect(stepFunctions.calls()).toEqual([])
})

test('no URL is logged, and an answer that nobody waits for is no failure', async () => {
  stepFunctions.on(StartExecutionCommand).resolves({})
  const gone = endpoint.callback('response-secret')
  gone.close()
  await handler({
    RequestType: 'Create',
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Execution',
    ResponseURL: gone.url,
    ResourceProperties: { StateMachineArn: machine, Handle: handle },
  })
  expect(logged.join('\n')).toContain('does not wait for an answer any more')
  expect(logged.join('\n')).not.toMatch(/secret|waits\.example/)
})
