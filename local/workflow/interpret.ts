import { setImmediate } from 'node:timers/promises'
import { ExecutionAbortedError, ExecutionError, ExecutionTimeoutError } from 'aws-local-stepfunctions'
import { z } from 'zod'
import type { Json, JsonObject } from '../cloudformation/json.ts'
import { interpreterMachine, type LocalDefinition, type StateOfDefinition } from './definition.ts'
import { offerWithResolvers } from './promise-with-resolvers.ts'

/** A failure of a state, under the name that Retry and Catch match. */
export class StateError extends Error {
  // Read by the interpreter: a name that `States.ALL` does not match.
  readonly isRetryable: boolean
  readonly isCatchable: boolean

  /** @param cause a text, as Step Functions hands it to a Catch */
  constructor(name: string, cause: string) {
    super(cause)
    this.name = name
    this.isRetryable = this.isCatchable = name !== 'States.DataLimitExceeded' && name !== 'States.Runtime'
  }
}

/** What happens in an execution, in order. Times are milliseconds since the epoch. */
export type StateEvent =
  | { readonly kind: 'entered'; readonly state: StateOfDefinition; readonly input: Json; readonly at: number }
  | { readonly kind: 'exited'; readonly state: StateOfDefinition; readonly output: Json; readonly at: number }
  | { readonly kind: 'timed-out'; readonly state: StateOfDefinition; readonly at: number }

export type Outcome =
  | { readonly status: 'SUCCEEDED'; readonly output: Json }
  | { readonly status: 'FAILED'; readonly error: string; readonly cause: string }
  | { readonly status: 'TIMED_OUT' }
  | { readonly status: 'ABORTED' }

export interface Interpretation {
  readonly input: Json
  /** The context object's `Execution` and `StateMachine`. */
  readonly execution: JsonObject
  readonly stateMachine: JsonObject
  /**
   * Does a Task with its resolved parameters.
   * @throws StateError
   */
  runTask(state: StateOfDefinition, parameters: Json, signal: AbortSignal): Promise<Json>
  onEvent(event: StateEvent): void
}

export interface RunningInterpretation {
  readonly outcome: Promise<Outcome>
  /** Ends it as ABORTED. */
  abort(): void
}

/** Of the input and the output of every state and task, as UTF-8: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
export const payloadLimitBytes = 256 * 1024

/** Runs a definition from its first state. */
export function interpret(definition: LocalDefinition, work: Interpretation): RunningInterpretation {
  offerWithResolvers()
  const stopping = new AbortController()
  const contexts = new Map([...definition.states.values()].map((state) => [state.name, new StateContext(state.name)]))
  let tooLarge: StateError | undefined

  const runTask = async (state: StateOfDefinition, parameters: Json): Promise<Json> => {
    // Events reach us some microtasks after they happened: first those that led here.
    await setImmediate()
    stopping.signal.throwIfAborted()
    refuseTooLarge(parameters, `The state/task '${state.name}' received an input`)
    try {
      const result = await work.runTask(state, parameters, stopping.signal)
      refuseTooLarge(result, `The state/task '${state.name}' returned a result`)
      return result
    } catch (error) {
      contexts.get(state.name)?.retried()
      throw error
    }
  }

  const run = interpreterMachine(definition.machine).run(work.input, {
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(
        [...definition.states.values()]
          .filter(({ type }) => type === 'Task')
          .map((state) => [state.name, (parameters: unknown) => runTask(state, jsonValue.parse(parameters))]),
      ),
    },
    context: {
      TheExecution: work.execution,
      StateMachine: work.stateMachine,
      StateOf: Object.fromEntries([...definition.states.values()].map(({ key, name }) => [key, contexts.get(name)])),
    },
  })

  const follow = async () => {
    for await (const event of run.eventLogs) {
      if (!('state' in event)) continue
      const state = definition.states.get(event.state.name)
      if (!state) continue
      const at = event.timestamp
      if (event.type === 'StateEntered') {
        contexts.get(state.name)?.entered(at)
        work.onEvent({ kind: 'entered', state, input: jsonValue.parse(event.state.input), at })
      } else if (event.type === 'StateExited') {
        const output = jsonValue.parse(event.state.output ?? null)
        work.onEvent({ kind: 'exited', state, output, at })
        tooLarge ??= overLimit(output, `The state/task '${state.name}' returned a result`)
        if (tooLarge) run.abort()
      } else if (event.type === 'StateFailed' && event.Error === 'States.Timeout') {
        work.onEvent({ kind: 'timed-out', state, at })
      }
    }
  }
  const following = follow()
  // A bug in a listener ends the execution like any failure of the interpreter's own.
  following.catch(() => run.abort())

  const finish = async (): Promise<Outcome> => {
    const [result] = await Promise.allSettled([run.result])
    await following
    if (tooLarge) return { status: 'FAILED', error: tooLarge.name, cause: tooLarge.message }
    if (result.status === 'fulfilled') return { status: 'SUCCEEDED', output: jsonValue.parse(result.value) }
    const error: unknown = result.reason
    if (error instanceof ExecutionAbortedError) return { status: 'ABORTED' }
    if (error instanceof ExecutionTimeoutError) return { status: 'TIMED_OUT' }
    if (error instanceof ExecutionError && error.cause instanceof Error)
      return { status: 'FAILED', error: error.cause.name, cause: error.cause.message }
    throw error
  }
  return {
    outcome: finish(),
    abort() {
      stopping.abort()
      run.abort()
    },
  }
}

const jsonValue = z.custom<Json>((value) => value !== undefined)

/** The context object's `State`, read when the state's parameters are resolved. */
class StateContext {
  readonly Name: string
  EnteredTime = new Date().toISOString()
  RetryCount = 0

  constructor(name: string) {
    this.Name = name
  }

  entered(at: number): void {
    this.EnteredTime = new Date(at).toISOString()
    this.RetryCount = 0
  }

  retried(): void {
    this.RetryCount += 1
  }
}

function refuseTooLarge(payload: Json, what: string): void {
  const error = overLimit(payload, what)
  if (error) throw error
}

/** Undefined within the limit. */
function overLimit(payload: Json, what: string): StateError | undefined {
  const size = Buffer.byteLength(JSON.stringify(payload))
  return size > payloadLimitBytes
    ? new StateError('States.DataLimitExceeded', `${what} with a size exceeding the maximum number of bytes service limit.`)
    : undefined
}
