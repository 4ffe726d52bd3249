import type { LocalRun } from '../run/local-run.ts'
import type { FaultyRun } from './faulty-run.ts'
import type { Random } from './random.ts'

/** Something that goes wrong while rows are written. */
export interface Fault {
  /** As `--only` takes it. */
  readonly name: string
  /** For the table of results. */
  readonly what: string
  /** How often it happens in a round. */
  readonly injections: number
  /**
   * Which records may fail: none, as many as do (their rows are then read again by `npm run errors -- replay`, and the tables have to be equal after
   * that), or those that the injections count.
   */
  readonly failures: 'none' | 'any' | 'counted'
  /** Does it once; resolves when it is over, whether or not everything is back. */
  readonly inject: (faulty: FaultyRun, random: Random) => Promise<Injected | void>
  /** Ends what would outlast the round. */
  readonly restore?: (faulty: FaultyRun) => Promise<void>
}

/** What an injection brought. */
export interface Injected {
  /** Records that have to fail because of it, by name. */
  readonly failed?: Readonly<Record<string, number>>
}

/** Something that goes wrong while the pipeline starts: it has a run of its own, whose tables are full before. */
export interface StartFault extends Pick<Fault, 'name' | 'what' | 'injections'> {
  /** Called once, as soon as the run begins to start; resolves when all injections are over. */
  readonly injectAtStart: (run: LocalRun, random: Random, say: (line: string) => void) => Promise<void>
}

export function isStartFault(fault: Fault | StartFault): fault is StartFault {
  return 'injectAtStart' in fault
}
