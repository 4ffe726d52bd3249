/** A Kafka message as Firehose sees it: neither key nor headers reach it. */
export interface SourceRecord {
  readonly partition: number
  readonly offset: bigint
  /** Milliseconds since 1970: the message's timestamp. */
  readonly arrivalMs: number
  /** Undefined: a tombstone. */
  readonly value: Buffer | undefined
}

/** Next offset to read (or to deliver), by partition. */
export type Offsets = ReadonlyMap<number, bigint>

/** One topic, read partition by partition from offsets that the reader itself keeps. */
export interface PartitionSource {
  /**
   * Where a stream begins that has delivered nothing yet: for each partition the first offset at or after the time, or the end where
   * no time is given. Empty while the topic does not exist.
   */
  startOffsets(fromMs: number | undefined): Promise<Offsets>
  /** The offset after the last record, by partition. */
  endOffsets(): Promise<Offsets>
  /**
   * Reads from these offsets on until `stop`; hands over records of one partition in order, and waits for the promise before it
   * hands over more. Connection losses are the source's own to repair.
   */
  run(from: Offsets, onRecords: (records: readonly SourceRecord[]) => Promise<void>): Promise<void>
  stop(): Promise<void>
}
