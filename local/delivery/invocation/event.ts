import { randomUUID } from 'node:crypto'
import type { SourceRecord } from '../source/partition-source.ts'

export interface EventStream {
  readonly clusterArn: string
  readonly streamArn: string
  readonly region: string
}

/** Unique in the stream, and the same whenever the record is read again. */
export function recordIdOf({ partition, offset }: SourceRecord): string {
  return `${String(partition).padStart(6, '0')}${String(offset).padStart(20, '0')}${'0'.repeat(30)}`
}

/**
 * The event that Firehose hands a function for records of an MSK topic, as JSON bytes.
 * https://github.com/aws/aws-lambda-java-libs `MSKFirehoseEvent`; offset and partition are text in it. A tombstone has no `kafkaRecordValue`.
 */
export function firehoseEvent(records: readonly SourceRecord[], stream: EventStream): Buffer {
  const head = {
    invocationId: randomUUID(),
    sourceMSKArn: stream.clusterArn,
    deliveryStreamArn: stream.streamArn,
    region: stream.region,
  }
  // Put together as text: the values are base64, which needs no escapes, and they are nearly all of it.
  const parts = records.map((record) => {
    const { partition, offset, arrivalMs, value } = record
    const text = value === undefined ? '' : `,"kafkaRecordValue":"${value.toString('base64')}"`
    return `{"recordId":"${recordIdOf(record)}","approximateArrivalTimestamp":${arrivalMs},"approximateArrivalEpoch":${arrivalMs},"mskRecordMetadata":{"offset":"${offset}","partitionId":"${partition}","approximateArrivalTimestamp":${arrivalMs}}${text}}`
  })
  return Buffer.from(`${JSON.stringify(head).slice(0, -1)},"records":[${parts.join(',')}]}`)
}

/** About how many bytes a record takes in the event: base64, and the fields around it. */
export function eventBytesOf(record: SourceRecord): number {
  return Math.ceil((record.value?.length ?? 0) / 3) * 4 + 300
}
