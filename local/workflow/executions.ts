import { randomUUID } from 'node:crypto'
import { PipelineError } from '../../pipeline/errors.ts'
import { AwsError } from '../aws/endpoint.ts'
import type { DeployedResource, LocalAccount } from '../cloudformation/account.ts'
import { isObject, type Json, scalarText } from '../cloudformation/json.ts'
import { type LocalDefinition, localDefinition } from './definition.ts'
import type { ExecutionFiles, ExecutionStart } from './execution-files.ts'
import { type HistoryEvent, historyWriter, statusOf } from './history.ts'
import { interpret, type Outcome, payloadLimitBytes, type RunningInterpretation, StateError } from './interpret.ts'
import { runLambdaTask, type TaskPlace } from './lambda-task.ts'
import { redriven } from './redrive.ts'

/** An execution as `DescribeExecution` tells of it; times are milliseconds since the epoch. */
export interface Execution extends ExecutionStart {
  readonly status: ReturnType<typeof statusOf>
  readonly startMs: number
  readonly events: readonly HistoryEvent[]
  readonly stopMs?: number
  readonly output?: string
  readonly error?: string
  readonly cause?: string
  readonly redriveCount: number
  readonly redriveMs?: number
}

export interface StopReason {
  readonly error?: string | undefined
  readonly cause?: string | undefined
}

/** The executions of the account's state machines. Everything that AWS would refuse is refused as AWS does, by an AwsError. */
export interface Executions {
  /** The same name and input again is the same execution, as long as it runs. */
  start(stateMachineArn: string, input: string, name?: string): Execution
  describe(executionArn: string): Execution
  /** The newest first. */
  list(stateMachineArn: string): Execution[]
  /** Resolves when it has ended, its functions included. */
  stop(executionArn: string, reason?: StopReason): Promise<Execution>
  redrive(executionArn: string): Execution
  /** Resolves when it has ended. */
  ended(executionArn: string): Promise<Execution>
  /** Ends all that run, as the end of the local run does. */
  close(): Promise<void>
}

export interface ExecutionsPlace {
  readonly account: LocalAccount
  readonly timeScale: number
  readonly files: ExecutionFiles
  readonly now: () => number
  /** @param roleArn the state machine's */
  readonly taskPlace: (roleArn: string, executionName: string) => TaskPlace
  /** Told of each start and end. */
  readonly onStatus?: (execution: Execution) => void
}

interface Known {
  readonly start: ExecutionStart
  readonly events: HistoryEvent[]
  running: { readonly interpretation: RunningInterpretation; readonly over: Promise<void>; stopped?: StopReason } | undefined
}

/** Opens the executions of a folder; those that a killed run left as running are ended. */
export function openExecutions(place: ExecutionsPlace): Executions {
  const known = new Map<string, Known>()
  for (const { start, events } of place.files.read()) known.set(start.executionArn, { start, events: [...events], running: undefined })
  const append = (execution: Known) => (event: HistoryEvent) => {
    execution.events.push(event)
    place.files.append(execution.start, event)
  }
  const writer = (execution: Known) => historyWriter(append(execution), place.now, (execution.events.at(-1)?.id ?? 0) + 1)
  for (const execution of known.values()) {
    if (statusOf(execution.events) === 'RUNNING') writer(execution).ended({ status: 'ABORTED' }, runEnded)
  }

  const find = (arn: string): Known => {
    const execution = known.get(arn)
    if (!execution) throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`)
    return execution
  }

  const run = (execution: Known, definition: LocalDefinition, first: Json, history: ReturnType<typeof historyWriter>): void => {
    const { start } = execution
    const { redriveCount, redriveMs } = described(execution)
    const tasks = place.taskPlace(start.roleArn, start.name)
    const interpretation = interpret(definition, {
      input: first,
      execution: {
        Id: start.executionArn,
        Name: start.name,
        Input: JSON.parse(start.input),
        StartTime: start.startTime,
        RoleArn: start.roleArn,
        RedriveCount: redriveCount,
        ...(redriveMs === undefined ? {} : { RedriveTime: new Date(redriveMs).toISOString() }),
      },
      stateMachine: { Id: start.stateMachineArn, Name: start.stateMachineArn.split(':').at(-1) ?? '' },
      async runTask(state, parameters, signal) {
        history.task({ kind: 'scheduled', state, input: JSON.stringify(parameters) })
        history.task({ kind: 'started', state })
        try {
          const output = await runLambdaTask(state, parameters, tasks, signal)
          if (execution.running) history.task({ kind: 'succeeded', state, output: JSON.stringify(output) })
          return output
        } catch (error) {
          if (execution.running && !signal.aborted && error instanceof StateError)
            history.task({ kind: 'failed', state, error: error.name, cause: error.message })
          throw error
        }
      },
      onEvent: (event) => {
        if (definition.states.has(event.state.name)) history.state(event)
      },
    })
    const finish = async () => {
      let outcome: Outcome
      try {
        outcome = await interpretation.outcome
      } catch (error) {
        outcome = { status: 'FAILED', error: 'States.Runtime', cause: String(error) }
      }
      const reason = execution.running?.stopped
      execution.running = undefined
      history.ended(outcome, reason)
      place.onStatus?.(described(execution))
    }
    execution.running = { interpretation, over: Promise.resolve() }
    execution.running = { interpretation, over: finish() }
    place.onStatus?.(described(execution))
  }

  const stop = async (execution: Known, reason: StopReason): Promise<void> => {
    const { running } = execution
    if (!running) return
    running.stopped ??= reason
    running.interpretation.abort()
    await running.over
  }

  return {
    start(stateMachineArn, input, name = randomUUID()) {
      const machine = stateMachine(place.account, stateMachineArn)
      checkName(name)
      const parsed = parseInput(input)
      const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`
      const same = known.get(executionArn)
      if (same?.running && same.start.input === input) return described(same)
      if (same) throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`)
      const definition = localDefinition(definitionOf(machine), place.timeScale)
      const start: ExecutionStart = {
        executionArn,
        name,
        stateMachineArn,
        roleArn: scalarText(machine.properties.RoleArn),
        definition: definition.original,
        input,
        startTime: new Date(place.now()).toISOString(),
      }
      const execution: Known = { start, events: [], running: undefined }
      known.set(executionArn, execution)
      place.files.create(start)
      const history = writer(execution)
      history.started(input, start.roleArn)
      run(execution, definition, parsed, history)
      return described(execution)
    },
    describe: (executionArn) => described(find(executionArn)),
    list(stateMachineArn) {
      stateMachine(place.account, stateMachineArn)
      const own = [...known.values()].filter(({ start }) => start.stateMachineArn === stateMachineArn)
      return own.map(described).reverse()
    },
    async stop(executionArn, reason = {}) {
      const execution = find(executionArn)
      await stop(execution, reason)
      return described(execution)
    },
    redrive(executionArn) {
      const execution = find(executionArn)
      const { status } = described(execution)
      if (status === 'RUNNING' || status === 'SUCCEEDED') {
        throw new AwsError('ExecutionNotRedrivable', `Execution is not redrivable: its status is ${status}`)
      }
      const deployed = localDefinition(execution.start.definition, place.timeScale)
      const { definition, input } = redriven(deployed, execution.events, JSON.parse(execution.start.input))
      const history = writer(execution)
      history.redriven(described(execution).redriveCount + 1)
      run(execution, definition, input, history)
      return described(execution)
    },
    async ended(executionArn) {
      const execution = find(executionArn)
      await execution.running?.over
      return described(execution)
    },
    async close() {
      await Promise.all([...known.values()].map((execution) => stop(execution, runEnded)))
    },
  }
}

const runEnded = { error: 'RunStopped', cause: 'The local run ended while the execution was running: start a new one, or redrive it.' }

function described({ start, events, running }: Known): Execution {
  const last = events.findLast(({ type }) => type.startsWith('Execution'))
  const status = running ? 'RUNNING' : statusOf(events)
  const details = last?.executionFailedEventDetails ?? last?.executionAbortedEventDetails ?? last?.executionTimedOutEventDetails
  const output = last?.executionSucceededEventDetails?.output
  const redrives = events.filter(({ type }) => type === 'ExecutionRedriven')
  const redrive = redrives.at(-1)
  const said = (member: 'error' | 'cause') => {
    const value = details?.[member]
    return typeof value === 'string' ? { [member]: value } : {}
  }
  return {
    ...start,
    events,
    status,
    startMs: Date.parse(start.startTime),
    redriveCount: redrives.length,
    ...(redrive ? { redriveMs: redrive.timestamp * 1000 } : {}),
    ...(status === 'RUNNING' || !last ? {} : { stopMs: last.timestamp * 1000, ...said('error'), ...said('cause') }),
    ...(typeof output === 'string' ? { output } : {}),
  }
}

/** @throws AwsError `StateMachineDoesNotExist` */
export function stateMachine(account: LocalAccount, arn: string): DeployedResource {
  const machine = account.find('AWS::StepFunctions::StateMachine').find((resource) => resource.arn === arn)
  if (!machine) throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`)
  return machine
}

/** The definition in a deployed state machine's properties. */
export function definitionOf({ properties, logicalId, stack }: DeployedResource) {
  const { DefinitionString, Definition } = properties
  const definition: unknown = typeof DefinitionString === 'string' ? JSON.parse(DefinitionString) : Definition
  if (!isObject(definition))
    throw new PipelineError('TemplateNotUnderstood', `${stack}: ${logicalId}: the definition is not in the template`)
  return definition
}

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
function checkName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (!/^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]{1,80}$/.test(name))
    throw new AwsError('InvalidName', `Invalid Name: '${name}'`)
}

function parseInput(input: string): Json {
  if (Buffer.byteLength(input) > payloadLimitBytes)
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to ${payloadLimitBytes}`,
    )
  try {
    return JSON.parse(input)
  } catch (error) {
    throw new AwsError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${error instanceof Error ? error.message : String(error)}'`,
    )
  }
}
