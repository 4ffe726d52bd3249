import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type JsonObject, scalarText } from '../../../../local/cloudformation/json.ts'
import { matches } from '../../../../local/workflow/event-rules.ts'
import { machineArn, task, type WorkflowFixture, workflowFixture } from '../../../local/workflow/workflow-fixture.ts'

let fixture: WorkflowFixture

beforeEach(async () => {
  fixture = await workflowFixture()
})
afterEach(() => fixture.close())

const failing = "export const handler = async () => { throw Object.assign(new Error('no slot'), { name: 'SourceNotReady' }) }"
/** Keeps what it was sent, a line each, and fails the first time where it is told to. */
const told = `
  import { appendFileSync, existsSync } from 'node:fs'
  export const handler = async (event) => {
    const first = !existsSync('told')
    appendFileSync('told', JSON.stringify(event) + '\\n')
    if (first && existsSync('fail-first')) throw new Error('once')
  }`
const definition: JsonObject = { StartAt: 'Only', States: { Only: task('failing', { End: true }) } }

const rule = (pattern: JsonObject): JsonObject => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    Name: 'failed',
    EventPattern: pattern,
    State: 'ENABLED',
    Targets: [{ Arn: { 'Fn::GetAtt': ['Functiontold', 'Arn'] }, Id: 'Target0' }],
  },
})

const failures: JsonObject = {
  source: ['aws.states'],
  'detail-type': ['Step Functions Execution Status Change'],
  detail: { stateMachineArn: [machineArn], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
}

async function deployWith(pattern: JsonObject, permitted = true): Promise<void> {
  const permission = {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': ['Functiontold', 'Arn'] },
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': ['Rule', 'Arn'] },
    },
  }
  await fixture.deploy({ failing, told }, definition, {
    mayInvoke: ['failing'],
    resources: { Rule: rule(pattern), ...(permitted ? { Permission: permission } : {}) },
  })
}

function received(): JsonObject[] {
  const file = join(scalarText(fixture.workflow.functions.find('told')?.local.assetDirectory), 'told')
  try {
    return readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  } catch {
    return []
  }
}

async function run(): Promise<void> {
  const { executions } = fixture.workflow
  await executions.ended(executions.start(machineArn, '{"a":1}', 'one').executionArn)
}

async function eventually(what: () => boolean): Promise<void> {
  for (let waited = 0; !what(); waited += 20) {
    if (waited > 5000) throw new Error('not in time')
    await sleep(20)
  }
}

it('sends the end of an execution to the function that a rule names', async () => {
  await deployWith(failures)
  await run()
  await eventually(() => received().length > 0)
  await sleep(50)
  expect(received()).toEqual([
    expect.objectContaining({
      source: 'aws.states',
      account: '111122223333',
      region: 'us-east-1',
      'detail-type': 'Step Functions Execution Status Change',
      resources: ['arn:aws:states:us-east-1:111122223333:execution:machine:one'],
      detail: expect.objectContaining({
        status: 'FAILED',
        error: 'SourceNotReady',
        cause: expect.stringContaining('no slot'),
        name: 'one',
        input: '{"a":1}',
      }),
    }),
  ])
  expect(fixture.failures).toEqual([])
})

it('sends nothing where no rule asks for it', async () => {
  await deployWith({ ...failures, detail: { status: ['SUCCEEDED'] } })
  await run()
  await sleep(200)
  expect(received()).toEqual([])
})

it('needs a permission of the function, and says so where AWS would only count', async () => {
  await deployWith(failures, false)
  await run()
  await eventually(() => fixture.failures.length > 0)
  expect(fixture.failures).toEqual([expect.stringMatching(/The rule failed could not invoke \S+:told: no AWS::Lambda::Permission/)])
  expect(received()).toEqual([])
})

describe('an event pattern', () => {
  const event: JsonObject = { source: 'aws.states', detail: { status: 'FAILED', name: 'gate-1', tags: ['a', 'b'] } }
  it.each<[JsonObject, boolean]>([
    [{ source: ['aws.states'] }, true],
    [{ source: ['aws.s3'] }, false],
    [{ detail: { status: ['SUCCEEDED', 'FAILED'] } }, true],
    [{ detail: { status: ['FAILED'], name: ['gate-2'] } }, false],
    [{ detail: { name: [{ prefix: 'gate-' }] } }, true],
    [{ detail: { name: [{ suffix: '-2' }] } }, false],
    [{ detail: { name: [{ 'anything-but': ['gate-1', 'x'] }] } }, false],
    [{ detail: { name: [{ 'anything-but': 'x' }] } }, true],
    [{ detail: { error: [{ exists: false }] } }, true],
    [{ detail: { tags: ['b'] } }, true],
    [{ other: { status: ['FAILED'] } }, false],
  ])('%j: %s', (pattern, expected) => {
    expect(matches(pattern, event)).toBe(expected)
  })

  it('with an operator that is not known is refused', () => {
    expect(() => matches({ detail: { name: [{ wildcard: '*' }] } }, event)).toThrow(/operator wildcard is not known/)
  })
})
