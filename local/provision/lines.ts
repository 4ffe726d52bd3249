import type { DescribeExecutionOutput } from '@aws-sdk/client-sfn'
import { z } from 'zod'
import { causeText, type TaskProgress } from './progress.ts'

/** Seconds below a minute with a tenth, then minutes: `4.2 s`, `12 min`. */
export function elapsedText(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 100 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A task as lines: what it is at, and once it is done what it changed. */
export function taskLines(task: TaskProgress, nowMs: number): string[] {
  const { name, state, startedMs, lastMs, seen, failure } = task
  const sign = { running: '…', waiting: '…', done: '✓', failed: '✗' }[state]
  const took = elapsedText((state === 'running' || state === 'waiting' ? nowMs : lastMs) - startedMs)
  const head = `${sign} ${name} (${took})`
  if (state === 'failed') return [head, `    ${failure?.error}: ${failure?.cause}`]
  if (state !== 'done') return [seen === undefined ? head : `${head}: ${seen}`]
  return [
    ...(task.did.length === 0 && seen !== undefined ? [`${head}: ${seen}`] : [head]),
    ...task.did.map((sentence) => `    ${sentence}`),
  ]
}

/**
 * What is new since the last look, for an output that cannot be overwritten: a task when it is done or has failed, and in between each thing that it
 * saw, numbers aside (`UPDATING for 2 min` and `UPDATING for 3 min` are the same).
 */
export function plainLines(): (tasks: readonly TaskProgress[], nowMs: number) => string[] {
  const told = new Map<string, string>()
  return (tasks, nowMs) =>
    tasks.flatMap((task) => {
      const kind = `${task.state} ${task.failure?.error ?? task.seen ?? ''}`.replaceAll(/\d+/g, '#')
      if (task.state === 'running' || told.get(task.name) === kind) return []
      told.set(task.name, kind)
      return taskLines(task, nowMs)
    })
}

const report = z.object({
  reached: z.string(),
  did: z.array(z.string()),
  already: z.array(z.string()),
  rows: z.record(z.string(), z.union([z.string(), z.number()])).nullable(),
  latencies: z.record(z.string(), z.number()).nullable(),
  query: z.string().nullable(),
})

const teardownReport = z.object({
  outcome: z.string(),
  did: z.array(z.string()),
  already: z.array(z.string()),
  undelivered: z.string().nullable(),
  kept: z.array(z.object({ what: z.string(), remove: z.string() })),
  next: z.array(z.string()),
})

function teardownLines({ did, already, undelivered, kept, next }: z.output<typeof teardownReport>): string[] {
  return [
    ...list('Done', did),
    ...list('Already so', already),
    ...(undelivered === null ? [] : [`May be missing in Iceberg: ${undelivered}`]),
    ...list(
      'Kept, and what would delete it',
      kept.flatMap(({ what, remove }) => [what, `  ${remove}`]),
    ),
    ...list('Run next', next),
  ]
}

/** How an execution ended, as lines. */
export function outcomeLines({ status, output, error, cause, startDate, stopDate }: DescribeExecutionOutput): string[] {
  const took = startDate && stopDate ? ` after ${elapsedText(stopDate.getTime() - startDate.getTime())}` : ''
  if (status !== 'SUCCEEDED') return [`${status}${took}${error ? `: ${error}` : ''}`, ...(cause ? [`  ${causeText(cause)}`] : [])]
  const teardown = teardownReport.safeParse(JSON.parse(output ?? '{}'))
  if (teardown.success) return [`SUCCEEDED${took}: ${teardown.data.outcome}`, ...teardownLines(teardown.data)]
  const parsed = report.safeParse(JSON.parse(output ?? '{}'))
  if (!parsed.success) return [`SUCCEEDED${took}`, ...(output ? [output] : [])]
  const { reached, did, already, rows, latencies, query } = parsed.data
  return [
    `SUCCEEDED${took}: ${reached}`,
    ...(did.length === 0 ? ['Nothing had to be changed.'] : list('Done', did)),
    ...list('Already as wanted', already),
    ...list('Rows', rows ? Object.entries(rows).map(([table, count]) => `${table}: ${count}`) : []),
    ...(latencies
      ? [
          `Seen in Iceberg after: ${Object.entries(latencies)
            .map(([change, seconds]) => `${change} ${seconds} s`)
            .join(', ')}`,
        ]
      : []),
    ...(query === null ? [] : [`Query next: ${query}`]),
  ]
}

const list = (title: string, items: readonly string[]) => (items.length === 0 ? [] : [`${title}:`, ...items.map((item) => `  ${item}`)])
