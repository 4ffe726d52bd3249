import type { AthenaClient } from '@aws-sdk/client-athena'
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import type { StepAnswer } from '../../../pipeline/provisioning.ts'
import type { KeyedTable } from '../../../pipeline/vanished-keys.ts'
import type { DataApi } from '../data-api.ts'
import type { StepPlace } from '../step.ts'

/**
 * Where the work on a table is: its keys are listed by Athena and looked up at the source; those that vanished are removed by Athena; whether any came
 * back meanwhile is looked up; and those that did are snapshotted once more.
 */
export interface Progress {
  readonly phase: 'list' | 'remove' | 'recheck' | 'return' | 'done'
  /** Of Athena's query that lists the keys, and what the next page of it is asked with. */
  readonly queryId: string | null
  readonly nextPage: string | null
  /** Of queries that Athena failed for reasons of its own. */
  readonly attempts: number
  readonly listed: number
  readonly vanished: number
  readonly removed: number
  /** Digest up to which keys were looked up again; how many came back. */
  readonly rechecked: string
  readonly cameBack: number
  /** Of the signal for those that came back, and when it was sent (milliseconds since 1970). */
  readonly signal: { readonly id: string; readonly at: number } | null
  /** What is waited for, as a sentence. */
  readonly seen: string
}

export const beginning: Progress = {
  phase: 'list',
  queryId: null,
  nextPage: null,
  attempts: 1,
  listed: 0,
  vanished: 0,
  removed: 0,
  rechecked: '',
  cameBack: 0,
  signal: null,
  seen: '',
}

export interface RemovalAnswer extends StepAnswer {
  /** Tables that are done, as `schema.table`; and of the one after them. */
  readonly tables: readonly string[]
  readonly progress: Progress
}

/** One piece of the work on a table: goes on from where the last one was, and comes back before the time is over. */
export type Piece = (progress: Progress, work: Work) => Promise<Progress>

export interface Work {
  readonly keyed: KeyedTable
  /** The parameters that name the table in the source's statements. */
  readonly named: { readonly schema: string; readonly name: string }
  readonly source: DataApi
  readonly place: Pick<StepPlace, 'plan' | 'now'>
  readonly athena: AthenaClient
  readonly logs: CloudWatchLogsClient
  /** Makes the same request of the same execution join the first one. */
  readonly token: (...parts: readonly (string | number)[]) => string
  readonly untilMilliseconds: number
}
