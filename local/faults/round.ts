import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../pipeline/errors.ts'
import type { VerificationReport } from '../verification/verify-tables.ts'
import { failedSince, replayFailed } from './failed.ts'
import type { Fault } from './fault.ts'
import type { FaultyRun } from './faulty-run.ts'
import { type Judgement, judge } from './judgement.ts'
import { planOf } from './plan.ts'
import { beginning, workload } from './workload.ts'
import { startWriting, type Writer, writeTransaction } from './writer.ts'

/** What a round was. */
export interface RoundResult extends Judgement {
  readonly fault: string
  readonly seed: number
  readonly injections: number
  /** Transactions that were committed while the fault was there. */
  readonly transactions: number
  /** Rows of all tables, which were compared. */
  readonly rows: number
  /** The longest time from the end of an injection until everything that was committed by then was in Iceberg. */
  readonly backMs: number
}

export interface RoundSettings {
  readonly faulty: FaultyRun
  readonly fault: Fault
  readonly seed: number
  readonly say: (line: string) => void
  readonly signal: AbortSignal
  /** One injection after a short pause. */
  readonly short?: boolean
}

const writers = 3
const writerPauseMs = 30
/** An engine that was just killed may not answer yet. */
const reachMs = 60_000

/** Rows are written, the fault happens, quiet comes, and every table is compared. */
export async function runRound({ faulty, fault, seed, say, signal, short = false }: RoundSettings): Promise<RoundResult> {
  const injections = short ? 1 : fault.injections
  const plan = planOf(fault.name, seed, injections, short)
  const since = new Date()
  await patiently(() => faulty.atSource((client) => writeTransaction(client, beginning(seed))))
  const writing: Writer[] = Array.from({ length: writers }, (_, writer) =>
    startWriting(faulty.sourceUrl, workload(seed, writer), writerPauseMs),
  )
  const expected: Record<string, number> = {}
  let backMs = 0
  try {
    for (const pauseMs of plan.pausesMs) {
      await sleep(pauseMs, undefined, { signal })
      say(`${fault.name} after ${(pauseMs / 1000).toFixed(1)} s`)
      const injected = await untilAborted(fault.inject(faulty, plan.random), signal)
      for (const [name, count] of Object.entries(injected?.failed ?? {})) expected[name] = (expected[name] ?? 0) + count
      const began = performance.now()
      await untilAborted(
        patiently(() => faulty.caughtUp()),
        signal,
      )
      backMs = Math.max(backMs, performance.now() - began)
    }
    await sleep(plan.lastPauseMs, undefined, { signal })
  } finally {
    await fault.restore?.(faulty)
    await Promise.all(writing.map((writer) => writer.stop()))
  }
  say('comparing every table')
  const report = await untilAborted(
    patiently(() => faulty.verify()),
    signal,
  )
  const failed = failedSince(faulty.run, since)
  const afterReplay =
    report.equal || fault.failures === 'none' || failed.size === 0 ? undefined : await replayed(faulty, since, say, signal)
  const transactions = writing.reduce((sum, { committed }) => sum + committed, 0)
  return {
    ...judge({
      report,
      failed: failed.byName,
      expected: fault.failures === 'any' ? undefined : expected,
      committed: transactions,
      afterReplay,
    }),
    fault: fault.name,
    seed,
    injections,
    transactions,
    rows: report.tables.reduce((sum, { sourceRows }) => sum + sourceRows, 0),
    backMs,
  }
}

async function replayed(faulty: FaultyRun, since: Date, say: (line: string) => void, signal: AbortSignal): Promise<VerificationReport> {
  say('replaying what failed')
  await untilAborted(replayFailed(faulty.run.paths.directory, since), signal)
  return untilAborted(faulty.verify(), signal)
}

/** Tries again while PostgreSQL cannot be reached, or ends the session. */
async function patiently<T>(act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + reachMs
  for (;;) {
    try {
      return await act()
    } catch (error) {
      const isLost = (error instanceof PipelineError && error.name === 'SourceUnreachable') || isLostSession(error)
      if (!isLost || performance.now() > deadline) throw error
      await sleep(200)
    }
  }
}

/** Class 57 is a server that shuts down or starts up; a lost connection has no code of PostgreSQL's. */
function isLostSession(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    ('code' in error && /^(57...|08...|ECONN.*|EPIPE)$/.test(String(error.code))) ||
    /Connection terminated|Client was closed/.test(error.message)
  )
}

/** What is still going on then ends with the run, which is stopped next. */
async function untilAborted<T>(going: Promise<T>, signal: AbortSignal): Promise<T> {
  const settled = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: settled.signal })
  })
  try {
    return await Promise.race([going, aborted])
  } finally {
    settled.abort()
    going.catch(() => {})
  }
}
