import { randomUUID } from 'node:crypto'
import { AwsError } from '../aws/endpoint.ts'
import type { LocalAccount } from '../cloudformation/account.ts'
import { type Json, scalarText } from '../cloudformation/json.ts'
import { type LocalDefinition, localDefinition } from './definition.ts'
import { describedExecution, type Execution } from './execution.ts'
import type { ExecutionFiles, ExecutionStart } from './execution-files.ts'
import { type HistoryEvent, historyWriter, statusOf } from './history.ts'
import { interpret, type Outcome, type RunningInterpretation, StateError } from './interpret.ts'
import { runLambdaTask, type TaskPlace } from './lambda-task.ts'
import { redriven } from './redrive.ts'
import { checkExecutionName, definitionOf, parseExecutionInput, stateMachine } from './state-machine.ts'

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
      checkExecutionName(name)
      const parsed = parseExecutionInput(input)
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

const described = ({ start, events, running }: Known) => describedExecution(start, events, running !== undefined)

const runEnded = { error: 'RunStopped', cause: 'The local run ended while the execution was running: start a new one, or redrive it.' }
