import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { failedSince } from './failed.ts'
import type { StartFault } from './fault.ts'
import { type FaultyRunSettings, startFaultyRun } from './faulty-run.ts'
import { judge } from './judgement.ts'
import { planOf } from './plan.ts'
import type { RoundResult } from './round.ts'
import { beginning, growingWorkload } from './workload.ts'
import { startWriting, type Writer, writeTransaction } from './writer.ts'

export interface StartRoundSettings extends Pick<FaultyRunSettings, 'folder' | 'onEngineEvent' | 'show' | 'onOpen'> {
  readonly fault: StartFault
  readonly seed: number
  readonly say: (line: string) => void
}

const rows = 40_000
const writers = 2
const writerPauseMs = 60

/**
 * Starts a run of its own on full tables, hurts it meanwhile, and compares. Nothing is deleted meanwhile: a row that is deleted between two initial
 * snapshots stays in Iceberg (docs/limitations.md).
 */
export async function runStartRound({ fault, seed, say, ...settings }: StartRoundSettings): Promise<RoundResult> {
  const { random, lastPauseMs } = planOf(fault.name, seed, fault.injections)
  const since = new Date()
  const writing: Writer[] = []
  let injected: Promise<void> | undefined
  const prepare = async (client: Client) => {
    await writeTransaction(client, beginning(seed))
    await client.query(`INSERT INTO app.accounts (id, owner, balance) SELECT -n, 'row ' || n, n / 4.0 FROM generate_series(1, ${rows}) n`)
  }
  const onRun: FaultyRunSettings['onRun'] = (run, url) => {
    for (let writer = 0; writer < writers; writer += 1) writing.push(startWriting(url, growingWorkload(seed, writer), writerPauseMs))
    injected = fault.injectAtStart(run, random, say)
    // Looked at once the run is there.
    injected.catch(() => {})
  }
  try {
    const faulty = await startFaultyRun({ ...settings, prepare, onRun })
    try {
      await injected
      const began = performance.now()
      await faulty.caughtUp()
      const backMs = performance.now() - began
      await sleep(lastPauseMs)
      await stop(writing)
      say('comparing every table')
      const report = await faulty.verify()
      const transactions = writing.reduce((sum, { committed }) => sum + committed, 0)
      const { byName: failed } = failedSince(faulty.run, since)
      return {
        ...judge({ report, failed, expected: {}, committed: transactions, afterReplay: undefined }),
        fault: fault.name,
        seed,
        injections: fault.injections,
        transactions,
        rows: report.tables.reduce((sum, { sourceRows }) => sum + sourceRows, 0),
        backMs,
      }
    } finally {
      await stop(writing)
      await faulty.stop()
    }
  } finally {
    await stop(writing)
  }
}

async function stop(writing: readonly Writer[]): Promise<void> {
  await Promise.all(writing.map((writer) => writer.stop()))
}
