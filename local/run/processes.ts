import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../pipeline/errors.ts'
import type { Supervised } from '../engines/supervisor.ts'
import { isAlive, type ProcessIdentity } from './process-identity.ts'

/** The processes of a run. */
export interface Processes {
  /**
   * Starts one; the signal is aborted when the run is being stopped.
   * @throws RunStopped when the run is being stopped
   */
  start<P extends Supervised>(start: (signal: AbortSignal) => Promise<P>): Promise<P>
  readonly running: readonly Supervised[]
  /** Stops one for good; it is none of the run's any more. */
  end(process: Supervised): Promise<void>
  /** Rejects with the first failure of a process that its supervisor gave up on. */
  readonly failed: Promise<never>
  /** Stops all, the one started last first where `order` names none. Resolves when none is left. */
  stop(order: readonly string[]): Promise<void>
}

export function openProcesses(): Processes {
  const starting = new Set<Promise<Supervised>>()
  const running: Supervised[] = []
  const stopping = new AbortController()
  let fail: ((reason: unknown) => void) | undefined
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  return {
    running,
    failed,
    async start(start) {
      stopping.signal.throwIfAborted()
      const started = start(stopping.signal)
      starting.add(started)
      try {
        const process = await started
        running.push(process)
        process.failed.catch((reason: unknown) => fail?.(reason))
        stopping.signal.throwIfAborted()
        return process
      } finally {
        starting.delete(started)
      }
    },
    async end(process) {
      const index = running.indexOf(process)
      if (index >= 0) running.splice(index, 1)
      await process.stop()
    },
    async stop(order) {
      stopping.abort(runStopped())
      await Promise.allSettled(starting)
      const rank = ({ name }: Supervised) => (order.includes(name) ? order.indexOf(name) : order.length)
      const ranks = [...new Set(running.map(rank))].sort((a, b) => a - b)
      for (const now of ranks) await Promise.all(running.filter((process) => rank(process) === now).map((process) => process.stop()))
    },
  }
}

const runStopped = () => new PipelineError('RunStopped', 'The run was stopped before it was ready.')

/**
 * Sees to it that nothing is left of a run that was killed: its processes end by themselves, which is waited for; what is still there then is killed.
 * @param say told what is waited for
 */
export async function clearAway(
  left: readonly (ProcessIdentity & { readonly name: string })[],
  say: (what: string) => void,
  patienceMs = 15_000,
): Promise<void> {
  const alive = () => left.filter(isAlive)
  const deadline = performance.now() + patienceMs
  while (alive().length > 0 && performance.now() < deadline) {
    say(
      `waiting for what the last run left: ${alive()
        .map(({ name, pid }) => `${name} (${pid})`)
        .join(', ')}`,
    )
    await sleep(100)
  }
  for (const { pid } of alive()) process.kill(pid, 'SIGKILL')
}
