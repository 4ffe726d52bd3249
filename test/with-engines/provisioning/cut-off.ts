import { setTimeout as sleep } from 'node:timers/promises'
import type { LocalRun } from '../../../local/run/local-run.ts'
import type { Execution } from '../../../local/workflow/execution.ts'
import { resourceNames } from '../../../pipeline/resource-names.ts'

/** What became of executions that were cut off one after the other. */
export interface CutOff {
  /** States after which one was stopped, in their order. */
  readonly stoppedAfter: readonly string[]
  /** Steps whose process was killed in the middle of a call. */
  readonly killedIn: readonly string[]
  /** The one that nothing was left to cut off in. */
  readonly last: Execution
}

/**
 * Starts execution after execution with that input: each is stopped at the first end of a task or wait that none was stopped after before, and the
 * process of a step is killed in the middle of its first call. Ends with an execution that comes through.
 */
export async function cutOffEverywhere(
  run: LocalRun,
  input: string,
  which: 'stateMachine' | 'teardownStateMachine' = 'stateMachine',
): Promise<CutOff> {
  const { executions, functions } = run.aws.workflow
  const machine = run.aws.account.arn('states', `stateMachine:${resourceNames(run.deployment)[which]}`)
  const stoppedAfter = new Set<string>()
  const killedIn = new Set<string>()
  for (;;) {
    const { executionArn } = executions.start(machine, input)
    const before = stoppedAfter.size
    for (let read = 0; executions.describe(executionArn).status === 'RUNNING'; ) {
      const { events } = executions.describe(executionArn)
      for (; read < events.length; read += 1) {
        const event = events[read]
        const exited = event?.stateExitedEventDetails?.name
        const scheduled = event?.lambdaFunctionScheduledEventDetails?.resource
        if (typeof scheduled === 'string' && !killedIn.has(scheduled)) {
          killedIn.add(scheduled)
          void killSoon(() => functions.pids(scheduled))
        }
        const counts = event?.type === 'TaskStateExited' || event?.type === 'WaitStateExited'
        if (!counts || typeof exited !== 'string' || stoppedAfter.has(exited)) continue
        stoppedAfter.add(exited)
        await executions.stop(executionArn, { error: 'Test', cause: `after ${exited}` })
        break
      }
      await sleep(2)
    }
    const ended = executions.describe(executionArn)
    if (ended.status === 'SUCCEEDED' && stoppedAfter.size === before) {
      return { stoppedAfter: [...stoppedAfter], killedIn: [...killedIn], last: ended }
    }
    if (ended.status === 'FAILED') throw new Error(`the execution failed: ${ended.error}: ${ended.cause}`)
  }
}

/** Starts an execution and stops it at the first end of each of these states, one execution a state: as somebody does who presses Ctrl-C, or a failure. */
export async function stopAfterEach(run: LocalRun, input: unknown, states: readonly string[]): Promise<Execution[]> {
  const { executions } = run.aws.workflow
  const machine = run.aws.account.arn('states', `stateMachine:${resourceNames(run.deployment).stateMachine}`)
  const stopped: Execution[] = []
  for (const state of states) {
    const { executionArn } = executions.start(machine, JSON.stringify(input))
    const hasLeft = () => executions.describe(executionArn).events.some((event) => event.stateExitedEventDetails?.['name'] === state)
    while (!hasLeft()) {
      const { status, error, cause } = executions.describe(executionArn)
      if (status !== 'RUNNING') throw new Error(`the execution ended before it left "${state}": ${status} ${error}: ${cause}`)
      await sleep(2)
    }
    stopped.push(await executions.stop(executionArn, { error: 'Test', cause: `after ${state}` }))
  }
  return stopped
}

/** Some of a call's work is done by then, and seldom all. */
const soonMs = 60

async function killSoon(pids: () => readonly number[]): Promise<void> {
  await sleep(soonMs)
  for (const pid of pids()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
}
