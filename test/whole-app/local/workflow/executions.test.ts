import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn'
import { type JsonObject, scalarText } from '../../../../local/cloudformation/json.ts'
import { functionArn, machineArn, task, type WorkflowFixture, workflowFixture } from '../../../local/workflow/workflow-fixture.ts'

let fixture: WorkflowFixture
let client: SFNClient

beforeEach(async () => {
  fixture = await workflowFixture()
  client = new SFNClient(fixture.served.client())
})
afterEach(async () => {
  client.destroy()
  await fixture.close()
})

async function start(input?: unknown, name?: string): Promise<string> {
  const { executionArn } = await client.send(
    new StartExecutionCommand({
      stateMachineArn: machineArn,
      ...(input === undefined ? {} : { input: JSON.stringify(input) }),
      ...(name === undefined ? {} : { name }),
    }),
  )
  return executionArn ?? ''
}

const describeExecution = (executionArn: string) => client.send(new DescribeExecutionCommand({ executionArn }))

async function ended(executionArn: string) {
  for (;;) {
    const execution = await describeExecution(executionArn)
    if (execution.status !== 'RUNNING') return execution
    await sleep(20)
  }
}

async function history(executionArn: string): Promise<HistoryEvent[]> {
  const { events = [] } = await client.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }))
  return events
}

const one = (rest: JsonObject = {}): JsonObject => ({ StartAt: 'Only', States: { Only: task('only', { End: true, ...rest }) } })
const echo = 'export const handler = async (event) => ({ got: event })'
/** Answers only once the file `go` is there, and leaves the file `begun`; both in its own folder. */
const held = `
  import { existsSync, writeFileSync } from 'node:fs'
  export const handler = async () => {
    writeFileSync('begun', String(process.pid))
    while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 20))
    return {}
  }`

async function begun(name: string): Promise<number> {
  const file = join(scalarText(fixture.workflow.functions.find(name)?.local.assetDirectory), 'begun')
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await sleep(10)
  return Number(readFileSync(file, 'utf8'))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('an execution', () => {
  it('runs the deployed function with its input, and tells its history in the shapes of Step Functions', async () => {
    await fixture.deploy({ only: echo }, one())
    const arn = await start({ a: 1 }, 'first')
    expect(arn).toBe('arn:aws:states:us-east-1:111122223333:execution:machine:first')
    expect(await ended(arn)).toMatchObject({
      status: 'SUCCEEDED',
      name: 'first',
      stateMachineArn: machineArn,
      input: '{"a":1}',
      output: '{"got":{"a":1}}',
      startDate: expect.any(Date),
      stopDate: expect.any(Date),
      redriveStatus: 'NOT_REDRIVABLE',
    })
    const events = await history(arn)
    expect(events.map(({ type, id, previousEventId }) => [type, id, previousEventId])).toEqual([
      ['ExecutionStarted', 1, 0],
      ['TaskStateEntered', 2, 1],
      ['LambdaFunctionScheduled', 3, 2],
      ['LambdaFunctionStarted', 4, 3],
      ['LambdaFunctionSucceeded', 5, 4],
      ['TaskStateExited', 6, 5],
      ['ExecutionSucceeded', 7, 6],
    ])
    expect(events[1]?.stateEnteredEventDetails).toMatchObject({ name: 'Only', input: '{"a":1}' })
    expect(events[2]?.lambdaFunctionScheduledEventDetails).toMatchObject({
      resource: functionArn('only'),
      input: '{"a":1}',
      timeoutInSeconds: 20,
    })
    expect(events[6]?.executionSucceededEventDetails).toMatchObject({ output: '{"got":{"a":1}}' })
    expect(events.every(({ timestamp }) => timestamp && Math.abs(timestamp.getTime() - Date.now()) < 60_000)).toBe(true)
  })

  it("knows Step Functions' own integration of Lambda", async () => {
    const invoke = { Resource: 'arn:aws:states:::lambda:invoke', Parameters: { FunctionName: functionArn('only'), 'Payload.$': '$' } }
    await fixture.deploy({ only: echo }, one({ ...invoke, OutputPath: '$.Payload' }))
    const arn = await start({ a: 1 })
    expect(await ended(arn)).toMatchObject({ status: 'SUCCEEDED', output: '{"got":{"a":1}}' })
    expect((await history(arn)).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['TaskScheduled', 'TaskStarted', 'TaskSucceeded', 'TaskStateExited']),
    )
  })

  it('fails under the name that the function threw, or that Lambda gives', async () => {
    await fixture.deploy(
      {
        only: `export const handler = async ({ how }) => { if (how === 'exit') process.exit(3); throw Object.assign(new Error('not so'), { name: 'SourceNotReady' }) }`,
      },
      one(),
    )
    const thrown = await start({ how: 'throw' })
    expect(await ended(thrown)).toMatchObject({ status: 'FAILED', error: 'SourceNotReady', redriveStatus: 'REDRIVABLE' })
    const events = await history(thrown)
    const failed = events.find(({ type }) => type === 'LambdaFunctionFailed')?.lambdaFunctionFailedEventDetails
    expect({ error: failed?.error, cause: JSON.parse(failed?.cause ?? '') }).toEqual({
      error: 'SourceNotReady',
      cause: { errorType: 'SourceNotReady', errorMessage: 'not so' },
    })
    expect(await ended(await start({ how: 'exit' }))).toMatchObject({ status: 'FAILED', error: 'Runtime.ExitError' })
  })

  it("gives the function the keys of its own role, and nothing of this process's environment", async () => {
    process.env.OF_THE_HOST = 'secret'
    await fixture.deploy({ only: 'export const handler = async () => process.env' }, one())
    const { output } = await ended(await start())
    const environment = JSON.parse(output ?? '')
    const { accessKeyId, secretAccessKey, sessionToken } = fixture.place.principals.issue('arn:aws:iam::111122223333:role/function', 'only')
    expect(environment).toMatchObject({
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: fixture.served.endpoint.uri,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    })
    expect(environment).not.toHaveProperty('OF_THE_HOST')
  })

  it('needs a role that may invoke the function', async () => {
    await fixture.deploy({ only: echo }, one(), { mayInvoke: ['another'] })
    expect(await ended(await start())).toMatchObject({
      status: 'FAILED',
      error: 'Lambda.AWSLambdaException',
      cause: expect.stringMatching(
        /not authorized to perform: lambda:InvokeFunction on resource: \S+:function:only .*AccessDeniedException/,
      ),
    })
  })

  it('is the same one when it is started again by name with the same input while it runs', async () => {
    await fixture.deploy({ only: held }, one())
    const arn = await start({ a: 1 }, 'same')
    expect(await start({ a: 1 }, 'same')).toBe(arn)
    await expect(start({ a: 2 }, 'same')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' })
    await client.send(new StopExecutionCommand({ executionArn: arn }))
    await expect(start({ a: 1 }, 'same')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' })
  })

  it('is stopped in the middle of a function, whose process ends, and of a wait', async () => {
    await fixture.deploy({ only: held }, one())
    const arn = await start()
    const pid = await begun('only')
    expect(isAlive(pid)).toBe(true)
    await client.send(new StopExecutionCommand({ executionArn: arn, error: 'Changed', cause: 'of mind' }))
    expect(await describeExecution(arn)).toMatchObject({ status: 'ABORTED', error: 'Changed', cause: 'of mind' })
    while (isAlive(pid)) await sleep(10)
    expect((await history(arn)).at(-1)).toMatchObject({ type: 'ExecutionAborted', executionAbortedEventDetails: { error: 'Changed' } })
  })

  it('refuses what Step Functions refuses', async () => {
    await fixture.deploy({ only: echo }, one())
    await expect(client.send(new StartExecutionCommand({ stateMachineArn: `${machineArn}2` }))).rejects.toMatchObject({
      name: 'StateMachineDoesNotExist',
    })
    const startWith = (input: object) => client.send(new StartExecutionCommand({ stateMachineArn: machineArn, ...input }))
    await expect(startWith({ input: '{' })).rejects.toMatchObject({ name: 'InvalidExecutionInput' })
    await expect(startWith({ name: 'with spaces' })).rejects.toMatchObject({ name: 'InvalidName' })
    await expect(startWith({ input: JSON.stringify('x'.repeat(262_144)) })).rejects.toMatchObject({ name: 'ValidationException' })
    await expect(describeExecution(`${machineArn}:none`)).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' })
  })

  it('is listed, newest first, with its history in pages', async () => {
    await fixture.deploy({ only: echo }, one())
    const first = await start({}, 'first')
    await ended(first)
    const second = await start({}, 'second')
    await ended(second)
    const { executions } = await client.send(new ListExecutionsCommand({ stateMachineArn: machineArn, statusFilter: 'SUCCEEDED' }))
    expect(executions?.map(({ name }) => name)).toEqual(['second', 'first'])
    const page = (nextToken?: string) =>
      client.send(new GetExecutionHistoryCommand({ executionArn: first, maxResults: 5, ...(nextToken === undefined ? {} : { nextToken }) }))
    const { events, nextToken } = await page()
    expect(events).toHaveLength(5)
    expect((await page(nextToken)).events?.map(({ id }) => id)).toEqual([6, 7])
    const { definition } = await client.send(new DescribeStateMachineCommand({ stateMachineArn: machineArn }))
    expect(JSON.parse(definition ?? '')).toEqual(one())
  })

  it('is known to the next run; one that was running is told to be aborted', async () => {
    await fixture.deploy({ only: held }, one())
    const arn = await start({ a: 1 }, 'cut-off')
    await begun('only')
    // The run is killed: nothing is closed, another opens the folder.
    const next = fixture.reopen()
    expect(next.executions.describe(arn)).toMatchObject({ status: 'ABORTED', input: '{"a":1}', error: 'RunStopped' })
    expect(next.executions.list(machineArn)).toHaveLength(1)
  })

  it('goes on where it failed when it is redriven, with new attempts', async () => {
    const flaky = `
      import { existsSync, writeFileSync } from 'node:fs'
      export const handler = async (event) => {
        const first = !existsSync('seen')
        writeFileSync('seen', '')
        if (first) throw Object.assign(new Error('no'), { name: 'NotInTime' })
        return event
      }`
    const parameters = { 'execution.$': '$$.Execution', 'a.$': '$.a' }
    const definition: JsonObject = {
      StartAt: 'Before',
      States: {
        Before: task('counted', { ResultPath: '$.counted', Next: 'Both' }),
        Both: {
          Type: 'Parallel',
          Branches: [
            { StartAt: 'Good', States: { Good: task('counted', { ResultPath: '$.good', End: true }) } },
            {
              StartAt: 'Also good',
              States: {
                'Also good': task('counted', { ResultPath: '$.also', Next: 'Bad' }),
                Bad: task('flaky', { Parameters: parameters, End: true }),
              },
            },
          ],
          End: true,
        },
      },
    }
    const counted = 'let count = 0; export const handler = async () => ++count'
    await fixture.deploy({ counted, flaky }, definition)
    const arn = await start({ a: 1 })
    expect(await ended(arn)).toMatchObject({ status: 'FAILED', error: 'NotInTime' })
    await client.send(new RedriveExecutionCommand({ executionArn: arn }))
    const { status, output, redriveCount, redriveDate } = await ended(arn)
    expect({ status, redriveCount }).toEqual({ status: 'SUCCEEDED', redriveCount: 1 })
    const [good, bad] = JSON.parse(output ?? '')
    expect(good).toMatchObject({ a: 1, good: expect.any(Number) })
    expect(bad).toMatchObject({ a: 1, execution: { RedriveCount: 1, RedriveTime: redriveDate?.toISOString(), Input: { a: 1 } } })
    const entered = (await history(arn)).flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? [])
    expect(entered.filter((name) => ['Before', 'Good', 'Also good'].includes(name ?? ''))).toHaveLength(3)
    expect(entered.filter((name) => name === 'Bad')).toHaveLength(2)
    await expect(client.send(new RedriveExecutionCommand({ executionArn: arn }))).rejects.toMatchObject({ name: 'ExecutionNotRedrivable' })
  })

  it('runs beside another one, each invocation in a process of its own', async () => {
    await fixture.deploy({ only: held }, one())
    const arns = [await start(), await start()]
    await begun('only')
    while (fixture.workflow.functions.pids().length < 2) await sleep(10)
    expect(new Set(fixture.workflow.functions.pids('only')).size).toBe(2)
    for (const executionArn of arns) await client.send(new StopExecutionCommand({ executionArn }))
  })
})
