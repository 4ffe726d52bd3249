import type { CanaryAnswer, StepAnswer } from './provisioning.ts'

/** What the teardown state machine and its steps agree on. */

/** The steps of its own, in the order of execution: each is a file of `handlers/teardown/` and a Lambda function. */
export const teardownSteps = [
  'check-teardown',
  'check-ownership',
  'await-drained',
  'ensure-no-connector',
  'ensure-clean-source',
  'check-no-slot',
  'ensure-no-offsets-topic',
  'ensure-no-policy',
  'report-teardown',
] as const

export type TeardownStepName = (typeof teardownSteps)[number]

/** Steps of the provisioning state machine that it asks as well: the same functions with the same roles. */
export const stepsOfBoth = ['ensure-canary', 'await-canary', 'check-catalog', 'ensure-grants'] as const

/** What an execution is asked to do: its input, with defaults filled in. */
export interface TeardownRequest {
  /** The connector's name, which tells one deployment from another: that the input names it guards against an accident. */
  readonly tearDown: string
  /** Whether what the source has committed is delivered first. False gives up what was not delivered. */
  readonly drain: boolean
}

/** The input that takes a deployment down. */
export function teardownInput(connector: string): string {
  return JSON.stringify({ tearDown: connector })
}

/** The answer of check-ownership. */
export interface OwnershipAnswer extends StepAnswer {
  /** Whether there is something that delivers what was committed. */
  readonly drains: boolean
  /** Why not, where what was committed at the source may not be in Iceberg. */
  readonly undelivered: string | null
  /** The end of the source's WAL at the start. */
  readonly lsn: string
}

/** The last answer of each step in the state data, beside `request`, in the order of execution. */
export const teardownKeys = [
  'checkOwnership',
  'ensureCanaryInsert',
  'awaitDrained',
  'awaitCanaryInsert',
  'ensureCanaryDelete',
  'awaitCanaryDelete',
  'ensureNoConnector',
  'ensureCleanSource',
  'checkNoSlot',
  'ensureNoOffsetsTopic',
  'checkCatalog',
  'ensureGrants',
  'ensureNoPolicy',
] as const

export type TeardownKey = (typeof teardownKeys)[number]

/** Answers of steps that were not asked are null. */
export type TeardownAnswers = Readonly<
  Record<Exclude<TeardownKey, 'checkOwnership' | `awaitCanary${string}`>, StepAnswer | null> &
    Record<Extract<TeardownKey, `awaitCanary${string}`>, CanaryAnswer | null> &
    Record<'checkOwnership', OwnershipAnswer | null>
>

/** Something that outlives the teardown, and what a person would run to delete it. */
export interface Kept {
  readonly what: string
  readonly remove: string
}

/** What an execution has to say in the end: its output. */
export interface TeardownReport {
  /** In a sentence; that nothing was to be done, where it is so. */
  readonly outcome: string
  readonly did: readonly string[]
  readonly already: readonly string[]
  /** Why what was committed at the source may not be in Iceberg; null: all that was committed at the start is. */
  readonly undelivered: string | null
  readonly kept: readonly Kept[]
  /** What to run next, in this order. */
  readonly next: readonly string[]
}

export const teardownReportMembers = [
  'outcome',
  'did',
  'already',
  'undelivered',
  'kept',
  'next',
] as const satisfies readonly (keyof TeardownReport)[]
