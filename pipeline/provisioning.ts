/** What the provisioning state machine and its steps agree on. */

/** The steps of the state machine, in the order of execution: each is a file of `handlers/provision/` and a Lambda function. */
export const provisioningSteps = [
  'check-request',
  'check-source',
  'ensure-source',
  'ensure-vpc-connectivity',
  'await-vpc-connectivity',
  'check-catalog',
  'ensure-grants',
  'check-columns',
  'ensure-cluster-policy',
  'ensure-topic',
  'await-topic',
  'signal-delivery-ready',
  'await-delivery-stream',
  'ensure-columns',
  'ensure-slot-forgotten',
  'ensure-connector',
  'await-connector',
  'await-snapshot',
  'ensure-snapshot-requests',
  'ensure-tables-scanned',
  'ensure-canary',
  'await-canary',
  'ensure-vanished-removed',
  'ensure-snapshots-completed',
  'await-row-counts',
  'report',
] as const

export type StepName = (typeof provisioningSteps)[number]

/** The context object's `Execution`, as Step Functions gives it. A redrive sets `RedriveTime`. https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html */
export interface ExecutionContext {
  readonly Id: string
  readonly Name: string
  /** ISO 8601 */
  readonly StartTime: string
  readonly RedriveTime?: string
}

/** What a step is given: the execution, what was asked for, its parameters, and its own last answer where it is asked again and again. */
export interface StepRequest<Parameters extends object = object, Answer extends StepAnswer = StepAnswer, Request = ProvisioningRequest> {
  readonly execution: ExecutionContext
  readonly request: Request
  /** Null the first time. */
  readonly previous: Answer | null
  readonly parameters: Parameters
}

/** What an execution is asked to do: its input, with defaults filled in. */
export interface ProvisioningRequest {
  /** Where to stop: once a delivery stream can be created, or once everything runs and was seen to work. */
  readonly until: 'DeliveryReady' | 'Verified'
  /** Whom to tell that a delivery stream can be created: a wait condition of CloudFormation. */
  readonly signal: { readonly url: string } | null
  /** Captured tables, as `schema.table`, that are snapshotted again, and freed of rows that the source has no longer. */
  readonly resync: readonly string[]
  /** That the replication slot was lost is known: every table is to be copied again. */
  readonly recover: 'lost-slot' | null
}

/** Names of the executions that a deployment's gate starts begin like this. */
export const gateExecutionPrefix = 'delivery-ready-'

/** What every step answers; all texts are for people, and none holds a row's value. */
export interface StepAnswer {
  /** False: not yet. The state machine waits and asks again. */
  readonly ready: boolean
  /** What was seen, as a sentence: `UPDATING for 12 min; 20 to 75 min are usual`. */
  readonly seen: string
  /** When the wait began (ISO 8601). */
  readonly since: string
  /** What this execution changed. */
  readonly did: readonly string[]
  /** What was as wanted already. */
  readonly already: readonly string[]
}

/** The answer of check-columns. */
export interface ColumnsAnswer extends StepAnswer {
  /** Whether an Iceberg table is to get columns, or wider ones. */
  readonly pending: boolean
}

/** The answer of ensure-snapshot-requests. */
export interface SnapshotRequestsAnswer extends StepAnswer {
  /** Whether any table is to be snapshotted beside the stream. */
  readonly pending: boolean
  /** Whether rows are to be removed that the source has no longer. */
  readonly removal: boolean
}

/** The answer of await-canary. */
export interface CanaryAnswer extends StepAnswer {
  /** From the change at the source until it was seen in Iceberg; null before. */
  readonly latencySeconds: number | null
}

/** The answer of await-row-counts. */
export interface RowCountsAnswer extends StepAnswer {
  /** By the name of the Iceberg table, as digits; empty until all are counted. */
  readonly rows: Readonly<Record<string, string>>
}

/** The last answer of each step in the state data, beside `request`, in the order of execution. A step that is asked for three changes has three. */
export const answerKeys = [
  'checkSource',
  'ensureSource',
  'ensureVpcConnectivity',
  'awaitVpcConnectivity',
  'checkCatalog',
  'ensureGrants',
  'checkColumns',
  'ensureClusterPolicy',
  'ensureTopic',
  'awaitTopic',
  'signalDeliveryReady',
  'awaitDeliveryStream',
  'ensureColumns',
  'ensureSlotForgotten',
  'ensureConnector',
  'awaitConnector',
  'awaitSnapshot',
  'ensureSnapshotRequests',
  'ensureTablesScanned',
  'ensureCanaryInsert',
  'awaitCanaryInsert',
  'ensureVanishedRemoved',
  'ensureCanaryUpdate',
  'awaitCanaryUpdate',
  'ensureCanaryDelete',
  'awaitCanaryDelete',
  'ensureSnapshotsCompleted',
  'awaitRowCounts',
] as const

export type AnswerKey = (typeof answerKeys)[number]

/** Answers of steps that were not asked are null. */
export type ProvisioningAnswers = Readonly<
  Record<Exclude<AnswerKey, `awaitCanary${string}` | 'awaitRowCounts' | 'ensureSnapshotRequests'>, StepAnswer | null> &
    Record<'ensureSnapshotRequests', SnapshotRequestsAnswer | null> &
    Record<Extract<AnswerKey, `awaitCanary${string}`>, CanaryAnswer | null> &
    Record<'awaitRowCounts', RowCountsAnswer | null>
>

/** What an execution has to say in the end: its output. */
export interface ProvisioningReport {
  readonly reached: ProvisioningRequest['until']
  readonly did: readonly string[]
  readonly already: readonly string[]
  readonly rows: Readonly<Record<string, string>> | null
  /** Seconds from a change of the canary's row at the source until it was seen in Iceberg. */
  readonly latencies: Readonly<Record<'insert' | 'update' | 'delete', number>> | null
  /** What to ask Athena next. */
  readonly query: string | null
}

export const reportMembers = [
  'reached',
  'did',
  'already',
  'rows',
  'latencies',
  'query',
] as const satisfies readonly (keyof ProvisioningReport)[]
