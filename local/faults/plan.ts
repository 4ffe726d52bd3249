import { type Random, seededRandom, seedFor } from './random.ts'

/** When a fault is injected in one round, by its seed. */
export interface Plan {
  readonly fault: string
  readonly seed: number
  /** How long the workload runs undisturbed before each injection, and after the last one. */
  readonly pausesMs: readonly number[]
  readonly lastPauseMs: number
  /** For what an injection draws. */
  readonly random: Random
}

/** Milliseconds between injections. */
const pause = { least: 500, most: 5000, mostOfShort: 1500 } as const

/** The same for the same seed. `short` has short pauses. */
export function planOf(fault: string, seed: number, injections: number, short = false): Plan {
  const random = seededRandom(seedFor(seed, fault))
  const drawPause = () => random.between(pause.least, short ? pause.mostOfShort : pause.most)
  const pausesMs = Array.from({ length: injections }, drawPause)
  return { fault, seed, pausesMs, lastPauseMs: drawPause(), random }
}

/** A round to run: the same fault and seed repeat it. */
export interface Turn {
  readonly fault: string
  readonly seed: number
}

/** Every fault once with the seed; where there is time for more, again with the next seeds, without end. */
export function* turns(faults: readonly string[], seed: number, again: boolean): Generator<Turn> {
  for (const fault of faults) yield { fault, seed }
  if (again) yield* turns(faults, seed + 1, again)
}

/** The command that runs one round again. */
export function repeating({ fault, seed }: Turn): string {
  return `npm run faults -- --only ${fault} --seed ${seed}`
}
