import type { SlotStatus } from '../../pipeline/slot-status.ts'

/** What was found of a part of the pipeline; or why it could not be asked: an error's name, and its message. */
export type Asked<T> = { readonly found: T } | { readonly error: { readonly name: string; readonly message: string } }

/** Null: there is none. */
export interface ConnectorFacts {
  readonly arn: string
  readonly state: string
  /** Null: CloudWatch has no count of the last minutes. */
  readonly runningTasks: number | null
  readonly erroredTasks: number | null
  /** The last errors of its log, where it does not run. */
  readonly errors: readonly string[]
}

export interface TopicFacts {
  readonly status: string
  readonly partitions: number
  /** Of the next message, by partition; null where nobody tells: MSK does not. */
  readonly endOffsets: readonly string[] | null
}

/** Sums are of the last day; null: no measurement of the last minutes. */
export interface StreamFacts {
  readonly status: string
  readonly failure: string | null
  readonly offsetLag: number | null
  readonly freshnessSeconds: number | null
  readonly backpressured: number | null
  readonly rowsDelivered: number
  readonly rowsFailed: number
  readonly refused: number
}

/** Records of the last day. */
export interface TransformFacts {
  readonly ok: number
  readonly dropped: number
  readonly superseded: number
  readonly truncates: number
  readonly failed: number
}

export interface TableFacts {
  /** `schema.table` at the source. */
  readonly source: string
  readonly iceberg: string
  /** Digits. */
  readonly rows: string
  /** Of the last Iceberg snapshot, ISO 8601; null: nothing was ever committed. */
  readonly changedAt: string | null
}

export interface ExecutionFacts {
  readonly arn: string
  readonly name: string
  readonly status: string
  readonly startedAt: string
  readonly stoppedAt: string | null
  /** Of one that runs: its current states, each with what was last seen there. */
  readonly at: readonly string[]
  /** Of one that failed. */
  readonly error: string | null
}

/** The executions of the state machine: those that run, and the last that has ended. Null: there is no state machine. */
export interface MachineFacts {
  readonly running: readonly ExecutionFacts[]
  readonly last: ExecutionFacts | null
}

/** Everything that the status is judged by, along the way of a change. */
export interface Facts {
  readonly source: Asked<SlotStatus | null>
  readonly connector: Asked<ConnectorFacts | null>
  readonly topic: Asked<TopicFacts | null>
  readonly stream: Asked<StreamFacts | null>
  readonly transform: Asked<TransformFacts>
  /** Objects written in the last day. */
  readonly errorBucket: Asked<{ readonly objects: number }>
  /** Null: they were not to be counted. */
  readonly tables: Asked<readonly TableFacts[]> | null
  readonly executions: Asked<MachineFacts | null>
}
