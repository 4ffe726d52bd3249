import { randomInt } from 'node:crypto'
import { PipelineError } from '../../pipeline/errors.ts'
import { faultNamed, faults } from './catalogue.ts'

export interface FaultsOptions {
  /** Names of the faults to inject, in order. */
  readonly names: readonly string[]
  readonly seed: number
  /** Rounds are begun until then; undefined: each fault once. */
  readonly minutes: number | undefined
  readonly list: boolean
  /** Puts the results into docs/reliability.md. */
  readonly write: boolean
  /** Keeps the folder of the run, whatever comes out. */
  readonly keep: boolean
}

export const faultsFlags = {
  only: { type: 'string', multiple: true },
  seed: { type: 'string' },
  minutes: { type: 'string' },
  list: { type: 'boolean' },
  write: { type: 'boolean' },
  keep: { type: 'boolean' },
} as const

export const faultsUsage = `npm run faults [-- OPTIONS]

Starts a local run of its own on a PostgreSQL of its own, writes random rows to it, and injects one fault after the other. After each one, every captured
table has to equal its source value for value, and whatever could not be applied has to be in the error bucket under a name.

  --only NAME     only this fault; may be given several times
  --seed N        the same seed writes the same rows and injects at the same moments (default: drawn, and printed)
  --minutes N     goes on with the next seeds until this long has passed (default: each fault once)
  --list          names the faults, and ends
  --write         puts the results into docs/reliability.md
  --keep          keeps the folder of the run (it is kept anyway when a fault was not survived)
  --help          this text

Exit code: 0 all survived, 1 a fault was not, 2 anything else, 130 after Ctrl-C.
`

/** @throws PipelineError `InvalidUsage` */
export function faultsOptions(
  values: { readonly [Name in keyof typeof faultsFlags]?: string | boolean | readonly (string | boolean)[] | undefined },
  positionals: readonly string[],
): FaultsOptions {
  if (positionals.length > 0) throw usage(`faults takes no "${positionals[0]}"`)
  const only = Array.isArray(values.only) ? values.only.map(String) : []
  for (const name of only) faultNamed(name)
  const seed = values.seed === undefined ? randomInt(1, 1_000_000) : Number(values.seed)
  if (!Number.isSafeInteger(seed) || seed < 0) throw usage(`--seed takes a whole number, not ${String(values.seed)}`)
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
  if (minutes !== undefined && !(minutes > 0)) throw usage(`--minutes takes a number of minutes, not ${String(values.minutes)}`)
  return {
    names: only.length > 0 ? only : faults.map(({ name }) => name),
    seed,
    minutes,
    list: values.list === true,
    write: values.write === true,
    keep: values.keep === true,
  }
}

function usage(sentence: string): PipelineError {
  return new PipelineError('InvalidUsage', `${sentence}. See --help`)
}
