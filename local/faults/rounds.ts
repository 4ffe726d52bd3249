import { join } from 'node:path'
import { faultNamed } from './catalogue.ts'
import { isStartFault } from './fault.ts'
import { type FaultyRun, type FaultyRunSettings, startFaultyRun } from './faulty-run.ts'
import type { Turn } from './plan.ts'
import { type RoundResult, runRound } from './round.ts'
import { runStartRound } from './start-round.ts'

/** Rounds one after the other. Those of a streaming pipeline share one run; those of a start have each their own. */
export interface Rounds {
  play(turn: Turn): Promise<RoundResult>
  readonly stopped: boolean
  /** Leaves nothing running; safe to call at any time, and twice. */
  stop(): Promise<void>
}

export interface RoundsSettings extends Pick<FaultyRunSettings, 'onEngineEvent' | 'show'> {
  /** Each run has a folder in it. */
  readonly folder: string
  readonly say: (line: string) => void
  /** Aborted when the rounds are being stopped. */
  readonly signal: AbortSignal
}

export function openRounds({ folder, say, signal, ...shown }: RoundsSettings): Rounds {
  let runs = 0
  let shared: FaultyRun | undefined
  let stopCurrent: (() => Promise<void>) | undefined
  const settings = () => {
    signal.throwIfAborted()
    runs += 1
    return {
      ...shown,
      folder: join(folder, String(runs)),
      onOpen: (stop: () => Promise<void>) => {
        stopCurrent = stop
      },
    }
  }
  return {
    get stopped() {
      return signal.aborted
    },
    async play({ fault: name, seed }) {
      const fault = faultNamed(name)
      if (!isStartFault(fault)) {
        shared ??= await startFaultyRun(settings())
        return runRound({ faulty: shared, fault, seed, say, signal })
      }
      // Two of them at once would have to share the machine.
      await shared?.stop()
      shared = undefined
      return runStartRound({ ...settings(), fault, seed, say })
    },
    stop: async () => stopCurrent?.(),
  }
}
