import { isObject, type Json, type JsonObject } from '../../../../local/cloudformation/json.ts'
import { localDefinition, type StateOfDefinition } from '../../../../local/workflow/definition.ts'
import { interpret, type Outcome, StateError, type StateEvent } from '../../../../local/workflow/interpret.ts'

const timeScale = 1 / 600

interface Call {
  readonly state: string
  readonly parameters: Json
  readonly at: number
}

/** Runs a definition whose tasks answer what the test says. */
function start(
  machine: JsonObject,
  answer: (state: StateOfDefinition, parameters: Json, signal: AbortSignal) => Promise<Json> | Json = () => ({}),
  input: Json = {},
) {
  const calls: Call[] = []
  const events: StateEvent[] = []
  const run = interpret(localDefinition(machine, timeScale), {
    input,
    execution: { Id: 'arn:e', Name: 'e', StartTime: '2026-01-02T03:04:05.000Z', Input: input },
    stateMachine: { Id: 'arn:m', Name: 'm' },
    async runTask(state, parameters, signal) {
      calls.push({ state: state.name, parameters, at: performance.now() })
      return answer(state, parameters, signal)
    },
    onEvent: (event) => events.push(event),
  })
  return { ...run, calls, events }
}

const task = (rest: JsonObject = {}): JsonObject => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  TimeoutSeconds: 20,
  ...rest,
})
const text = (events: readonly StateEvent[]) => events.map(({ kind, state }) => `${kind} ${state.name}`)
const failing = (names: readonly string[]) => {
  const left = [...names]
  return () => {
    const name = left.shift()
    if (name !== undefined) throw new StateError(name, `${name} was thrown`)
    return { ok: true }
  }
}

describe('a definition run by the interpreter', () => {
  it('passes state data through tasks, choices and waits, and tells of each state in order', async () => {
    const machine: JsonObject = {
      StartAt: 'Look',
      States: {
        Look: task({ Parameters: { 'seen.$': '$.seen' }, ResultPath: '$.seen', Next: 'Is it there?' }),
        'Is it there?': {
          Type: 'Choice',
          Choices: [{ Variable: '$.seen.ready', BooleanEquals: true, Next: 'Done' }],
          Default: 'Wait a bit',
        },
        'Wait a bit': { Type: 'Wait', Seconds: 120, Next: 'Look' },
        Done: { Type: 'Succeed' },
      },
    }
    let looks = 0
    const run = start(machine, () => ({ ready: ++looks === 2 }), { seen: null, kept: 1 })
    expect(await run.outcome).toEqual({ status: 'SUCCEEDED', output: { seen: { ready: true }, kept: 1 } })
    expect(run.calls.map(({ parameters }) => parameters)).toEqual([{ seen: null }, { seen: { ready: false } }])
    expect(text(run.events).filter((line) => line.startsWith('entered'))).toEqual(
      ['Look', 'Is it there?', 'Wait a bit', 'Look', 'Is it there?', 'Done'].map((name) => `entered ${name}`),
    )
    // Two minutes at AWS.
    const [first, second] = run.calls
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(190)
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThan(2000)
  })

  it('gives tasks the context of the execution also inside branches of branches, and of their own state', async () => {
    const inner: JsonObject = {
      StartAt: 'Deep',
      States: {
        Deep: task({
          Parameters: { 'execution.$': '$$.Execution', 'state.$': '$$.State', 'named.$': "States.Format('{}', $$.Execution.Name)" },
          Retry: [{ ErrorEquals: ['Once'] }],
          End: true,
        }),
      },
    }
    const machine: JsonObject = {
      StartAt: 'Outer',
      States: {
        Outer: {
          Type: 'Parallel',
          Branches: [{ StartAt: 'Inner', States: { Inner: { Type: 'Parallel', Branches: [inner], End: true } } }],
          End: true,
        },
      },
    }
    const run = start(machine, failing(['Once']), { asked: 'for' })
    expect(await run.outcome).toMatchObject({ status: 'SUCCEEDED' })
    const execution = { Id: 'arn:e', Name: 'e', StartTime: '2026-01-02T03:04:05.000Z', Input: { asked: 'for' } }
    const state = { Name: 'Deep', EnteredTime: expect.stringMatching(/Z$/) }
    expect(run.calls).toHaveLength(2)
    expect(run.calls[0]?.parameters).toMatchObject({ execution, named: 'e', state })
    expect(run.calls[1]?.parameters).toMatchObject({ execution, state: { ...state, RetryCount: 1 } })
  })

  it('retries the declared names only, with scaled times, and fails with name and cause', async () => {
    const machine: JsonObject = {
      StartAt: 'Try',
      States: {
        Try: task({
          Retry: [{ ErrorEquals: ['AwsUnavailable', 'SourceUnreachable'], IntervalSeconds: 300, BackoffRate: 2, MaxAttempts: 3 }],
          End: true,
        }),
      },
    }
    const transient = start(machine, failing(['AwsUnavailable', 'SourceUnreachable']))
    expect(await transient.outcome).toEqual({ status: 'SUCCEEDED', output: { ok: true } })
    const [first, second, third] = transient.calls.map(({ at }) => at)
    // 300 s and 600 s at AWS: 0.5 s and 1 s here.
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(490)
    expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(990)

    const lasting = start(machine, failing(['NotInTime']))
    expect(await lasting.outcome).toEqual({ status: 'FAILED', error: 'NotInTime', cause: 'NotInTime was thrown' })
    expect(lasting.calls).toHaveLength(1)
  })

  it('gives up after the last attempt', async () => {
    const machine: JsonObject = {
      StartAt: 'Try',
      States: { Try: task({ Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: 2 }], End: true }) },
    }
    const run = start(machine, failing(['A', 'B', 'C', 'D']))
    expect(await run.outcome).toEqual({ status: 'FAILED', error: 'C', cause: 'C was thrown' })
  })

  it('times a task out as States.Timeout, which no States.TaskFailed retries', async () => {
    const machine: JsonObject = {
      StartAt: 'Slow',
      States: { Slow: task({ TimeoutSeconds: 1, Retry: [{ ErrorEquals: ['States.TaskFailed'] }], End: true }) },
    }
    const run = start(machine, () => new Promise(() => {}))
    expect(await run.outcome).toMatchObject({ status: 'FAILED', error: 'States.Timeout' })
    expect(text(run.events)).toEqual(['entered Slow', 'timed-out Slow'])
  })

  it('lets a task without a timeout run on', async () => {
    const { TimeoutSeconds: _, ...endless } = task({ End: true })
    const definition = localDefinition({ StartAt: 'T', States: { T: endless } }, timeScale)
    expect(definition.machine.States).toMatchObject({ T: { TimeoutSeconds: 2_000_000 } })
  })

  it('fails with what failed, when one of two branches fails, and tells of the state', async () => {
    const branch = (name: string): JsonObject => ({ StartAt: name, States: { [name]: task({ End: true }) } })
    const machine: JsonObject = {
      StartAt: 'Both',
      States: { Both: { Type: 'Parallel', Branches: [branch('Good'), branch('Bad')], Next: 'Never' }, Never: { Type: 'Succeed' } },
    }
    const run = start(machine, ({ name }) => {
      if (name === 'Bad') throw new StateError('SourceNotReady', 'no publication')
      return {}
    })
    expect(await run.outcome).toEqual({ status: 'FAILED', error: 'SourceNotReady', cause: 'no publication' })
    expect(text(run.events)).toEqual(expect.arrayContaining(['entered Both', 'entered Good', 'entered Bad']))
    expect(text(run.events)).not.toContain('entered Never')
  })

  const huge = 'x'.repeat(256 * 1024)
  it.each<[string, JsonObject, Json]>([
    ['a result', task({ End: true, Retry: [{ ErrorEquals: ['States.ALL'] }] }), {}],
    ['state data that a result makes too large', task({ ResultPath: '$.result', End: true }), { before: huge.slice(0, 150_000) }],
    ['parameters', task({ Parameters: { 'all.$': '$' }, End: true }), { before: huge.slice(0, 262_140) }],
  ])('refuses %s of more than 256 KB, and no retry helps', async (what, state, input) => {
    const result = what === 'a result' ? huge : huge.slice(0, 150_000)
    const run = start({ StartAt: 'Big', States: { Big: state } }, () => result, input)
    const outcome = await run.outcome
    expect(outcome.status).toBe('FAILED')
    expect(outcome).toMatchObject({ error: 'States.DataLimitExceeded', cause: expect.stringContaining("'Big'") })
    expect(run.calls.length).toBeLessThanOrEqual(1)
  })

  it('is stopped in the middle of a task, which is told, and of a wait', async () => {
    let told = false
    const inTask = start({ StartAt: 'T', States: { T: task({ End: true }) } }, (_state, _parameters, signal) => {
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          told = true
          reject(new Error('stopped'))
        }),
      )
    })
    while (inTask.calls.length === 0) await new Promise(setImmediate)
    inTask.abort()
    expect(await inTask.outcome).toEqual<Outcome>({ status: 'ABORTED' })
    expect(told).toBe(true)

    const inWait = start({ StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 86_400, End: true } } })
    while (inWait.events.length === 0) await new Promise(setImmediate)
    inWait.abort()
    expect(await inWait.outcome).toEqual<Outcome>({ status: 'ABORTED' })
  })

  it('times the whole execution out', async () => {
    const machine: JsonObject = { TimeoutSeconds: 1, StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 86_400, End: true } } }
    expect(await start(machine).outcome).toEqual<Outcome>({ status: 'TIMED_OUT' })
  })

  it.each<[string, JsonObject, RegExp]>([
    ['JSONata', { StartAt: 'P', QueryLanguage: 'JSONata', States: { P: { Type: 'Succeed' } } }, /JSONata/],
    ['a heartbeat', { StartAt: 'T', States: { T: task({ HeartbeatSeconds: 5, End: true }) } }, /"T" has the field HeartbeatSeconds/],
    ['variables', { StartAt: 'T', States: { T: task({ Assign: { a: 1 }, End: true }) } }, /"T" has the field Assign/],
    [
      'a callback',
      { StartAt: 'T', States: { T: task({ Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken', End: true }) } },
      /callback/,
    ],
    ['a Map', { StartAt: 'M', States: { M: { Type: 'Map', End: true } } }, /of the type Map/],
    ['a dangling Next', { StartAt: 'T', States: { T: task({ Next: 'Nowhere' }) } }, /not a valid definition/],
    ['a wait until', { StartAt: 'W', States: { W: { Type: 'Wait', SecondsPath: '$.s', End: true } } }, /number of Seconds/],
  ])('refuses %s, which the interpreter would ignore or cannot run', (_what, machine, message) => {
    expect(() => localDefinition(machine, timeScale)).toThrow(message)
  })

  it.each<[JsonObject, string]>([
    [{ Variable: '$.none', IsNull: false }, 'Otherwise'],
    [{ Variable: '$.some', IsNull: false }, 'Then'],
    [{ Variable: '$.none', IsNull: true }, 'Then'],
    [{ Variable: '$.missing', IsPresent: false }, 'Then'],
    [{ Variable: '$.some', IsString: false }, 'Otherwise'],
    [{ And: [{ Variable: '$.some', IsNull: false }, { Not: { Variable: '$.none', IsNull: false } }] }, 'Then'],
    [
      {
        Or: [
          { Variable: '$.none', IsNull: false },
          { Variable: '$.some', StringEquals: 'else' },
        ],
      },
      'Otherwise',
    ],
  ])('chooses by %j the way %s', async (rule, way) => {
    const machine: JsonObject = {
      StartAt: 'Which?',
      States: {
        'Which?': { Type: 'Choice', Choices: [{ ...rule, Next: 'Then' }], Default: 'Otherwise' },
        Then: { Type: 'Succeed' },
        Otherwise: { Type: 'Succeed' },
      },
    }
    const run = start(machine, undefined, { none: null, some: 'text' })
    expect(await run.outcome).toMatchObject({ status: 'SUCCEEDED' })
    expect(text(run.events)).toContain(`entered ${way}`)
  })

  it('keeps what a Pass says, a null included', async () => {
    const machine: JsonObject = {
      StartAt: 'P',
      States: { P: { Type: 'Pass', Parameters: { 'asked.$': '$.asked', nothing: null }, ResultPath: '$', End: true } },
    }
    const outcome = await start(machine, undefined, { asked: 1 }).outcome
    expect(outcome).toEqual({ status: 'SUCCEEDED', output: { asked: 1, nothing: null } })
    expect(isObject(outcome)).toBe(true)
  })
})
