import type { HistoryEvent } from '@aws-sdk/client-sfn'
import { z } from 'zod'
import { isObject } from '../cloudformation/json.ts'

/** How far a task of an execution is. A task that is asked again and again while something is waited for is one. */
export interface TaskProgress {
  readonly name: string
  readonly state: 'running' | 'waiting' | 'done' | 'failed'
  readonly startedMs: number
  /** Of the last answer or failure; of a task that runs, when it was entered last. */
  readonly lastMs: number
  /** How often it was asked. */
  readonly looks: number
  /** What the last answer says was seen. */
  readonly seen: string | undefined
  readonly did: readonly string[]
  readonly already: readonly string[]
  /** Of the last failure; there may have been another attempt since. */
  readonly failure: { readonly error: string; readonly cause: string } | undefined
}

const answer = z.object({
  ready: z.boolean(),
  seen: z.string(),
  did: z.array(z.string()).default([]),
  already: z.array(z.string()).default([]),
  /** Only the reports have one of these. */
  reached: z.string().optional(),
  outcome: z.string().optional(),
})

type Changing = { -readonly [Member in keyof TaskProgress]: TaskProgress[Member] }

/**
 * The tasks of an execution in the order in which they were entered first, from its history so far. While the execution runs, a failure is one that is
 * tried again.
 */
export function taskProgress(events: readonly HistoryEvent[], isRunning: boolean): TaskProgress[] {
  const tasks = new Map<string, Changing>()
  const taskOf = new Map<number, string>()
  for (const event of events) {
    const { id = 0, previousEventId = 0, type = '', timestamp } = event
    const at = timestamp?.getTime() ?? 0
    const name = type === 'TaskStateEntered' ? event.stateEnteredEventDetails?.name : taskOf.get(previousEventId)
    if (name === undefined) continue
    // An execution that is redriven goes on in another one's place.
    if (type.startsWith('Execution')) continue
    if (type === 'TaskStateEntered') enter(tasks, name, at)
    const task = tasks.get(name)
    if (!task) continue
    const result = event.lambdaFunctionSucceededEventDetails?.output ?? event.taskSucceededEventDetails?.output
    const failure = event.lambdaFunctionFailedEventDetails ?? event.taskFailedEventDetails
    const timedOut = type === 'LambdaFunctionTimedOut' || type === 'TaskTimedOut'
    if (result !== undefined) answered(task, result, at)
    else if (failure) fail(task, failure.error ?? '', causeText(failure.cause ?? ''), at)
    else if (timedOut) fail(task, 'States.Timeout', 'the task did not answer in time', at)
    else if (type === 'LambdaFunctionScheduled' || type === 'TaskScheduled') task.state = 'running'
    if (type !== 'TaskStateExited') taskOf.set(id, name)
  }
  return [...tasks.values()].map((task) =>
    isRunning && task.state === 'failed' ? { ...task, state: 'waiting', seen: failureText(task) } : task,
  )
}

const failureText = ({ failure }: TaskProgress) => `${failure?.error}: ${failure?.cause}`

function enter(tasks: Map<string, Changing>, name: string, at: number): void {
  const known = tasks.get(name)
  if (known) Object.assign(known, { state: 'running', lastMs: at, looks: known.looks + 1 })
  else
    tasks.set(name, {
      name,
      state: 'running',
      startedMs: at,
      lastMs: at,
      looks: 1,
      seen: undefined,
      did: [],
      already: [],
      failure: undefined,
    })
}

function answered(task: Changing, output: string, at: number): void {
  const parsed = answer.safeParse(JSON.parse(output))
  const { ready = true, seen, reached, outcome, did: done = [], already = [] } = parsed.success ? parsed.data : {}
  // The report repeats what all others did.
  const did = reached === undefined && outcome === undefined ? done : []
  Object.assign(task, {
    state: ready ? 'done' : 'waiting',
    lastMs: at,
    seen,
    did: [...new Set([...task.did, ...did])],
    already,
    failure: undefined,
  })
}

function fail(task: Changing, error: string, cause: string, at: number): void {
  Object.assign(task, { state: 'failed', lastMs: at, failure: { error, cause } })
}

/** The message in Lambda's JSON of a failure. */
export function causeText(cause: string): string {
  try {
    const parsed: unknown = JSON.parse(cause)
    return isObject(parsed) && typeof parsed.errorMessage === 'string' ? parsed.errorMessage : cause
  } catch {
    return cause
  }
}
