import type { DuckDBConnection } from '@duckdb/node-api'
import type { Destination, Destinations } from '../destinations.ts'
import type { TransformedBatch } from '../invocation/transform.ts'
import type { Metrics } from '../metrics.ts'
import type { Offsets, SourceRecord } from '../source/partition-source.ts'
import type { Batch, BatchTable } from './batch.ts'
import { offsetsJson } from './checkpoint.ts'
import type { FailedRecord } from './failed-records.ts'
import { dropStaged, type Operation, StagedRows } from './staged-rows.ts'

export interface OpenBatchContext {
  readonly id: string
  readonly connection: DuckDBConnection
  readonly destinations: Destinations
  readonly lambdaArn: string | undefined
  readonly metrics: Metrics
  readonly onError: (message: string) => void
}

interface TableShare {
  readonly destination: Destination
  readonly rows: StagedRows
  bytes: number
}

/** A batch that is still filling: rows are converted and staged as they come, failures are noted. Nothing is done that others could see. */
export class OpenBatch {
  private readonly context: OpenBatchContext
  private readonly shares = new Map<Destination, TableShare>()
  private readonly failed: FailedRecord[] = []
  private readonly offsets: Map<number, bigint>
  private oldestArrivalMs = Number.POSITIVE_INFINITY
  private recordCount = 0
  lambdaBatches = 0
  /** Of the transformed records: what Firehose's buffer size counts. */
  bytes = 0

  constructor(from: Offsets, context: OpenBatchContext) {
    this.offsets = new Map(from)
    this.context = context
  }

  get empty(): boolean {
    return this.recordCount === 0
  }

  get records(): number {
    return this.recordCount
  }

  /** Adds a Lambda batch in the order in which its records are to be applied. */
  async add({ records, outcomes }: TransformedBatch): Promise<void> {
    this.lambdaBatches += 1
    for (const [index, record] of records.entries()) {
      const outcome = outcomes[index]!
      this.note(record)
      if (outcome.result === 'Failed') {
        this.fail(record, { ...outcome, type: 'processing-failed', errorOutputPrefix: undefined, rawData: record.value ?? Buffer.alloc(0) })
        continue
      }
      this.context.metrics.add('SucceedProcessing.Records', 1)
      this.context.metrics.add('SucceedProcessing.Bytes', outcome.data.length)
      if (outcome.result !== 'Ok') continue
      this.context.metrics.add('DeliveryToIceberg.IncomingRowCount', 1)
      // Nearly always both are known: waiting for a promise a record would cost as much as its conversion.
      const found = this.context.destinations.route(outcome.otfMetadata)
      const route = found instanceof Promise ? await found : found
      if ('refusal' in route) {
        this.failDelivery(record, outcome.data, route.refusal, route.errorOutputPrefix)
        continue
      }
      const share = this.shares.get(route.destination) ?? (await this.newShare(route.destination))
      this.stage(record, outcome.data, route.operation, share)
    }
  }

  /** Closes the batch: its rows can be read by SQL, and its offsets end after the last record that was added. */
  async seal(): Promise<Batch> {
    const tables: BatchTable[] = []
    for (const { destination, rows, bytes } of this.shares.values()) {
      rows.finish()
      if (rows.rowCount === 0) {
        // Every record of the table failed.
        await dropStaged(this.context.connection, rows.name)
        continue
      }
      tables.push({
        namespace: destination.table.namespace,
        table: destination.table.name,
        columns: destination.table.columns,
        keys: destination.keys,
        errorOutputPrefix: destination.errorOutputPrefix,
        rowCount: rows.rowCount,
        bytes,
        hasKeyOperations: rows.hasKeyOperations,
        stagedName: rows.name,
      })
    }
    const oldestArrivalMs = Number.isFinite(this.oldestArrivalMs) ? this.oldestArrivalMs : Date.now()
    return {
      id: this.context.id,
      nextOffsets: offsetsJson(this.offsets),
      recordCount: this.recordCount,
      oldestArrivalMs,
      tables,
      failed: this.failed,
    }
  }

  private note({ partition, offset, arrivalMs }: SourceRecord): void {
    this.recordCount += 1
    this.oldestArrivalMs = Math.min(this.oldestArrivalMs, arrivalMs)
    if (offset >= (this.offsets.get(partition) ?? 0n)) this.offsets.set(partition, offset + 1n)
  }

  private stage(record: SourceRecord, data: Buffer, operation: Operation, share: TableShare): void {
    const { destination } = share
    // Already in the table: only a stream whose own state was set back reads such a record again.
    if (record.offset < (destination.delivered.get(record.partition) ?? 0n)) return
    const row = (operation === 'delete' ? destination.convertDelete : destination.convertRow)(data)
    if ('refusal' in row) return this.failDelivery(record, data, row.refusal, destination.errorOutputPrefix)
    share.rows.add({
      values: row.values,
      operation,
      partition: record.partition,
      offset: record.offset,
      arrivalMs: record.arrivalMs,
      record: data,
    })
    share.bytes += data.length
    this.bytes += data.length
  }

  private async newShare(destination: Destination): Promise<TableShare> {
    const name = `batch_${this.context.id}_${this.shares.size}`
    const share = { destination, rows: await StagedRows.create(this.context.connection, name, destination.table.columns), bytes: 0 }
    this.shares.set(destination, share)
    return share
  }

  private failDelivery(
    record: SourceRecord,
    data: Buffer,
    refusal: { readonly errorCode: string; readonly errorMessage: string },
    errorOutputPrefix: string | undefined,
  ): void {
    this.context.metrics.add('DeliveryToIceberg.FailedRowCount', 1)
    this.fail(record, { ...refusal, type: 'iceberg-failed', errorOutputPrefix, rawData: data, attemptsMade: 1, endedMs: Date.now() })
  }

  private fail(record: SourceRecord, failure: Omit<FailedRecord, 'arrivalMs' | 'lambdaArn' | 'eventId'>): void {
    const { type, errorOutputPrefix, attemptsMade, errorCode, errorMessage, endedMs, rawData } = failure
    this.bytes += rawData.length
    this.context.onError(`${errorCode}: ${errorMessage}`)
    this.failed.push({
      type,
      errorOutputPrefix,
      attemptsMade,
      errorCode,
      errorMessage,
      endedMs,
      rawData,
      arrivalMs: record.arrivalMs,
      lambdaArn: this.context.lambdaArn,
      eventId: `${record.partition}-${record.offset}`,
    })
  }
}
