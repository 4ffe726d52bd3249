import type { Routing } from './declared-tables.ts'

/** What Firehose hands to its transform with an MSK source. https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html */
export interface FirehoseEvent {
  readonly invocationId: string
  readonly deliveryStreamArn: string
  readonly region: string
  readonly sourceMSKArn?: string
  readonly records: readonly FirehoseRecord[]
}

export interface FirehoseRecord {
  readonly recordId: string
  /** Base64. Absent, null or empty for a Kafka message without a value. */
  readonly kafkaRecordValue?: string | null
  /** Decimal numbers as strings. */
  readonly mskRecordMetadata?: { readonly partitionId: string; readonly offset: string }
}

export interface FirehoseAnswer {
  readonly recordId: string
  readonly result: 'Ok' | 'Dropped' | 'ProcessingFailed'
  /** Base64. Of an `Ok` the row, otherwise what came in. */
  readonly kafkaRecordValue: string
  readonly metadata?: Routing
}

export interface FirehoseResponse {
  readonly records: FirehoseAnswer[]
}
