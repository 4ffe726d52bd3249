import type { ExecutionStart } from './execution-files.ts'
import { type HistoryEvent, statusOf } from './history.ts'

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

/** What the start and the history so far say of an execution; one that nothing runs any more has ended. */
export function describedExecution(start: ExecutionStart, events: readonly HistoryEvent[], isRunning: boolean): Execution {
  const last = events.findLast(({ type }) => type.startsWith('Execution'))
  const status = isRunning ? 'RUNNING' : statusOf(events)
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
