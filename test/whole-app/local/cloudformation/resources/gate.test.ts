import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  SFNClient,
  StartExecutionCommand,
  type StartExecutionCommandInput,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn'
import { mockClient } from 'aws-sdk-client-mock'
import { z } from 'zod'
import { type CustomResourceEvent, handler as gate } from '../../../../../handlers/gate/custom-resource.ts'
import { type AwsEndpoint, serveAws, withoutAccount } from '../../../../../local/aws/endpoint.ts'
import type { LocalAccount } from '../../../../../local/cloudformation/account.ts'
import { destroyStack } from '../../../../../local/cloudformation/deploy.ts'
import type { AccountEffects } from '../../../../../local/cloudformation/effects.ts'
import { isObject } from '../../../../../local/cloudformation/json.ts'
import { type AccountFixture, accountFixture } from '../../../../local/cloudformation/fixture.ts'

const stepFunctions = mockClient(SFNClient)
const eventShape = z.custom<CustomResourceEvent>((value) => isObject(value) && typeof value.ResponseURL === 'string')
const machine = 'arn:aws:states:us-east-1:111122223333:stateMachine:provisioning'

let fixture: AccountFixture
let endpoint: AwsEndpoint
/** What the gate was asked, and when it starts an execution what becomes of that. */
let events: CustomResourceEvent[]
let execution: (signal: (message: object) => Promise<number>) => Promise<unknown>

beforeEach(async () => {
  fixture = await accountFixture()
  fixture.asset('gate')
  endpoint = await serveAws({}, { access: withoutAccount })
  events = []
  execution = (signal) => signal({ Status: 'SUCCESS', Reason: 'ready', UniqueId: 'run', Data: 'the execution' })
  stepFunctions.reset()
  stepFunctions.on(StartExecutionCommand).callsFake(({ input }: StartExecutionCommandInput) => {
    const { signal }: { signal: { url: string } } = JSON.parse(input ?? '')
    void execution((message) => put(signal.url, message))
    return {}
  })
  stepFunctions.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' })
  stepFunctions.on(StopExecutionCommand).resolves({})
})
afterEach(async () => {
  await endpoint.close()
  await fixture.close()
})

async function put(url: string, message: object): Promise<number> {
  return (await fetch(url, { method: 'PUT', body: JSON.stringify(message) })).status
}

/** The account as a process has it: with the real gate, in this process. */
function account(): LocalAccount {
  const effects: AccountEffects = {
    async invoke(_functionArn, event) {
      const asked = eventShape.parse(event)
      events.push(asked)
      await gate(asked)
      return { ok: true, payload: 'null' }
    },
    callback: () => endpoint.callback(),
  }
  return { ...fixture.open(), effects }
}

const role = {
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: 'gate',
    AssumeRolePolicyDocument: { Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }] },
  },
}
const template = (id = '', { behind = 'behind', timeout = '60' } = {}) => ({
  Stack: {
    Resources: {
      Role: role,
      Gate: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: 'gate',
          Code: { S3Bucket: 'assets', S3Key: 'gate.zip' },
          Handler: 'index.handler',
          Runtime: 'nodejs24.x',
          Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        },
      },
      [`Handle${id}`]: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
      [`Execution${id}`]: {
        Type: 'Custom::ProvisioningExecution',
        Properties: {
          ServiceToken: { 'Fn::GetAtt': ['Gate', 'Arn'] },
          ServiceTimeout: '300',
          StateMachineArn: machine,
          Handle: { Ref: `Handle${id}` },
        },
      },
      [`Ready${id}`]: {
        Type: 'AWS::CloudFormation::WaitCondition',
        DependsOn: `Execution${id}`,
        Properties: { Handle: { Ref: `Handle${id}` }, Timeout: timeout, Count: 1 },
      },
      Behind: {
        Type: 'AWS::SSM::Parameter',
        DependsOn: `Ready${id}`,
        Properties: { Name: behind, Type: 'String', Value: { 'Fn::GetAtt': [`Ready${id}`, 'Data'] } },
      },
    },
  },
})
const started = () => stepFunctions.commandCalls(StartExecutionCommand).map(({ args: [{ input }] }) => input)
const stopped = () => stepFunctions.commandCalls(StopExecutionCommand).map(({ args: [{ input }] }) => input.executionArn)

test('what stands behind the gate is deployed once the execution has signalled, and not before', async () => {
  let open = () => {}
  execution = async (signal) => {
    await new Promise<void>((resolve) => {
      open = resolve
    })
    await signal({ Status: 'SUCCESS', Reason: 'ready', UniqueId: 'run', Data: 'the execution' })
  }
  const here = account()
  const deploying = fixture.deploy(template(), here)
  while (started().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(here.parameter('behind')).toBeUndefined()
  open()
  await deploying
  expect(here.parameter('behind')).toBe('{"run":"the execution"}')
  expect(started()).toEqual([
    {
      stateMachineArn: machine,
      name: expect.stringMatching(/^delivery-ready-[0-9a-f]{24}$/),
      input: JSON.stringify({
        until: 'DeliveryReady',
        signal: { url: here.find('AWS::CloudFormation::WaitConditionHandle')[0]?.physicalId },
      }),
    },
  ])
  // CloudFormation hands texts over.
  expect(events[0]?.ResourceProperties).toMatchObject({ ServiceTimeout: '300' })
})

test('deployed again nothing is started; another id makes another execution and ends the former', async () => {
  await fixture.deploy(template(), account())
  expect(new Set((await fixture.deploy(template(), account())).map((event) => event.split(' ')[1]))).toEqual(new Set(['unchanged']))
  expect(started()).toHaveLength(1)
  await fixture.deploy(template('Other'), account())
  expect(started()).toHaveLength(2)
  expect(events.map(({ RequestType }) => RequestType)).toEqual(['Create', 'Create', 'Delete'])
  expect(stopped()).toHaveLength(1)
})

test('an execution that fails fails the deployment with its reason; deployed again it is started anew', async () => {
  execution = (signal) => signal({ Status: 'FAILURE', Reason: 'SourceNotReady: wal_level', UniqueId: 'run', Data: '' })
  await expect(fixture.deploy(template(), account())).rejects.toMatchObject({
    name: 'DeploymentRefused',
    message: "Stack: Ready: WaitCondition received failed message: 'SourceNotReady: wal_level' for uniqueId: run",
  })
  expect(account().parameter('behind')).toBeUndefined()
  execution = (signal) => signal({ Status: 'SUCCESS', Reason: 'ready', UniqueId: 'run', Data: '' })
  await fixture.deploy(template(), account())
  const names = started().map(({ name }) => name)
  expect([names.length, new Set(names).size]).toEqual([2, 2])
  // The former one would be stopped if it still ran.
  expect(stopped()).toHaveLength(1)
  expect(account().parameter('behind')).toBe('{"run":""}')
})

test('what could not be created behind the gate waits anew, as after a rollback', async () => {
  await fixture.deploy({
    Other: { Resources: { Taken: { Type: 'AWS::SSM::Parameter', Properties: { Name: 'taken', Type: 'String', Value: 'x' } } } },
  })
  await expect(fixture.deploy(template('', { behind: 'taken' }), account())).rejects.toThrow('taken already exists')
  await fixture.deploy(template(), account())
  expect(started()).toHaveLength(2)
})

test('a signal that does not come in time fails the deployment', async () => {
  execution = async () => {}
  await expect(fixture.deploy(template('', { timeout: '1' }), account())).rejects.toThrow(
    'WaitCondition timed out. Received 0 conditions when expecting 1',
  )
})

test('the execution of a stack that is deleted is stopped; one that has ended is not, and one that never was is no obstacle', async () => {
  await fixture.deploy(template(), account())
  await destroyStack('Stack', account())
  expect(stopped()).toEqual([expect.stringMatching(/:execution:provisioning:delivery-ready-[0-9a-f]{24}$/)])
  expect(account().stacks).toEqual({})

  await fixture.deploy(template(), account())
  stepFunctions.on(DescribeExecutionCommand).resolves({ status: 'SUCCEEDED' })
  await destroyStack('Stack', account())
  await fixture.deploy(template(), account())
  stepFunctions.on(DescribeExecutionCommand).rejects(new ExecutionDoesNotExist({ message: 'no', $metadata: {} }))
  await destroyStack('Stack', account())
  expect(stopped()).toHaveLength(1)
})

test('a gate that fails says why, and one that answers nothing is not waited for', async () => {
  stepFunctions.on(StartExecutionCommand).rejects(new Error('no such state machine'))
  await expect(fixture.deploy(template(), account())).rejects.toThrow(
    'Received response status [FAILED] from custom resource. Message returned: Error: no such state machine',
  )
  const broken: AccountEffects = {
    invoke: async () => ({ ok: false, errorType: 'Runtime.ImportModuleError', errorMessage: 'no module' }),
    callback: () => endpoint.callback(),
  }
  await expect(fixture.deploy(template('Broken'), { ...fixture.open(), effects: broken })).rejects.toThrow(
    'Runtime.ImportModuleError: no module',
  )
})

test('an account without effects refuses both with a clear message', async () => {
  await expect(fixture.deploy(template())).rejects.toMatchObject({
    name: 'DeploymentRefused',
    message: expect.stringContaining('Stack: Handle: it needs functions to be invoked and a URL to be called back at'),
  })
})
