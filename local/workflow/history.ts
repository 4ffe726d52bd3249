import { scalarText } from '../cloudformation/json.ts'
import type { StateOfDefinition } from './definition.ts'
import type { Outcome, StateEvent } from './interpret.ts'

/**
 * An event of an execution's history in Step Functions' shape: the timestamp in seconds, the details under a member named for the type.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
 */
export interface HistoryEvent {
  readonly timestamp: number
  readonly type: string
  readonly id: number
  readonly previousEventId: number
  readonly [details: `${string}EventDetails`]: Readonly<Record<string, unknown>>
}

/** What a task tells while it is done; the interpreter itself tells of states only. */
export type TaskEvent =
  | { readonly kind: 'scheduled'; readonly state: StateOfDefinition; readonly input: string }
  | { readonly kind: 'started'; readonly state: StateOfDefinition }
  | { readonly kind: 'succeeded'; readonly state: StateOfDefinition; readonly output: string }
  | { readonly kind: 'failed'; readonly state: StateOfDefinition; readonly error: string; readonly cause: string }

export interface HistoryWriter {
  started(input: string, roleArn: string): void
  redriven(redriveCount: number): void
  state(event: StateEvent): void
  task(event: TaskEvent): void
  ended(outcome: Outcome, reason?: { readonly error?: string | undefined; readonly cause?: string | undefined }): void
}

/**
 * Writes the history of an execution. Events of branches beside each other are told apart by `previousEventId`, which is the one before in the
 * same branch.
 * @param append keeps an event; they come with ids from `firstId` on
 */
export function historyWriter(append: (event: HistoryEvent) => void, now: () => number, firstId = 1): HistoryWriter {
  let id = firstId
  let last = firstId - 1
  const lastIn = new Map<string, number>()

  const write = (
    type: string,
    previousEventId: number,
    at: number,
    member?: string,
    details?: Readonly<Record<string, unknown>>,
  ): number => {
    append({
      timestamp: at / 1000,
      type,
      id,
      previousEventId,
      ...(member === undefined ? {} : { [`${member}EventDetails`]: details ?? {} }),
    })
    last = id
    id += 1
    return last
  }
  /** In the branch of a state. */
  const writeIn = (state: StateOfDefinition, type: string, at: number, member?: string, details?: Readonly<Record<string, unknown>>) => {
    const branch = branchOf(state)
    const outer = state.within.at(-1)?.parallel
    const previous = lastIn.get(branch) ?? (outer === undefined ? 0 : (lastIn.get(insideOf(outer)) ?? last))
    lastIn.set(branch, write(type, previous, at, member, details))
  }
  const integration = { resourceType: 'lambda', resource: 'invoke' }

  return {
    started: (input, roleArn) =>
      void lastIn.set('', write('ExecutionStarted', 0, now(), 'executionStarted', { input, inputDetails: whole, roleArn })),
    redriven: (redriveCount) => void lastIn.set('', write('ExecutionRedriven', last, now(), 'executionRedriven', { redriveCount })),
    state(event) {
      const { state, at } = event
      const { name, type } = state
      if (event.kind === 'entered') {
        writeIn(state, `${type}StateEntered`, at, 'stateEntered', { name, input: JSON.stringify(event.input), inputDetails: whole })
        if (type === 'Parallel') {
          writeIn(state, 'ParallelStateStarted', at)
          lastIn.set(insideOf(name), last)
        }
      } else if (event.kind === 'exited') {
        if (type === 'Parallel') writeIn(state, 'ParallelStateSucceeded', at)
        writeIn(state, `${type}StateExited`, at, 'stateExited', { name, output: JSON.stringify(event.output), outputDetails: whole })
      } else {
        const failure = { error: 'States.Timeout' }
        if (isDirect(state)) writeIn(state, 'LambdaFunctionTimedOut', at, 'lambdaFunctionTimedOut', failure)
        else writeIn(state, 'TaskTimedOut', at, 'taskTimedOut', { ...integration, ...failure })
      }
    },
    task(event) {
      const { state } = event
      const direct = isDirect(state)
      const timeout = state.json.TimeoutSeconds
      const timeoutInSeconds = typeof timeout === 'number' ? { timeoutInSeconds: timeout } : {}
      const common = direct ? {} : integration
      const part = (name: string, details: Readonly<Record<string, unknown>>) => {
        const prefix = direct ? 'LambdaFunction' : 'Task'
        const member = `${prefix[0]?.toLowerCase()}${prefix.slice(1)}${name}`
        // Of a started function there is nothing to tell, and the type has no details.
        writeIn(state, `${prefix}${name}`, now(), direct && name === 'Started' ? undefined : member, { ...common, ...details })
      }
      if (event.kind === 'scheduled') {
        const input = direct
          ? { resource: scalarText(state.json.Resource), input: event.input, inputDetails: whole }
          : { region: scalarText(state.json.Resource).split(':')[3] ?? '', parameters: event.input }
        part('Scheduled', { ...input, ...timeoutInSeconds })
      } else if (event.kind === 'started') part('Started', {})
      else if (event.kind === 'succeeded') part('Succeeded', { output: event.output, outputDetails: whole })
      else part('Failed', { error: event.error, cause: event.cause })
    },
    ended(outcome, reason = {}) {
      if (outcome.status === 'SUCCEEDED')
        write('ExecutionSucceeded', last, now(), 'executionSucceeded', { output: JSON.stringify(outcome.output), outputDetails: whole })
      else if (outcome.status === 'FAILED')
        write('ExecutionFailed', last, now(), 'executionFailed', { error: outcome.error, cause: outcome.cause })
      else if (outcome.status === 'TIMED_OUT') write('ExecutionTimedOut', last, now(), 'executionTimedOut', { error: 'States.Timeout' })
      else write('ExecutionAborted', last, now(), 'executionAborted', reason)
    },
  }
}

/** Nothing is cut off: the limit for payloads is that for events. */
const whole = { truncated: false }

/** A function named by its ARN has event types of its own. */
const isDirect = (state: StateOfDefinition) => /^arn:[^:]+:lambda:/.test(scalarText(state.json.Resource))

const branchOf = ({ within }: StateOfDefinition) => within.map(({ parallel, branch }) => `${parallel}[${branch}]`).join('/')
const insideOf = (parallel: string) => `inside ${parallel}`

/** Status of the execution that has this history so far. */
export function statusOf(events: readonly HistoryEvent[]): 'RUNNING' | Outcome['status'] {
  const last = events.findLast(({ type }) => type.startsWith('Execution'))?.type
  if (last === 'ExecutionSucceeded') return 'SUCCEEDED'
  if (last === 'ExecutionFailed') return 'FAILED'
  if (last === 'ExecutionTimedOut') return 'TIMED_OUT'
  return last === 'ExecutionAborted' ? 'ABORTED' : 'RUNNING'
}
