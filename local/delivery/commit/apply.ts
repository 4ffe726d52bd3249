import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DuckDBBlobValue, type DuckDBConnection } from '@duckdb/node-api'
import { CatalogUnreachable, type IcebergCatalog, type IcebergTable } from '../../iceberg/catalog.ts'
import { quoteIdentifier } from '../../iceberg/iceberg-type.ts'
import type { Metrics } from '../metrics.ts'
import { copyFileAtomically, writeAtomically } from './atomic-file.ts'
import type { BatchTable } from './batch.ts'
import { errorObjects, type FailedRecord } from './failed-records.ts'
import { type Journal, type JournaledBatch, type TableRefusal } from './journal.ts'
import { commitTable, isApplied, stillFits } from './table-commit.ts'

export interface ApplyContext {
  readonly connection: DuckDBConnection
  readonly catalog: IcebergCatalog
  readonly catalogName: string
  readonly journal: Journal
  readonly streamId: string
  readonly streamName: string
  readonly errorOutputPrefix: string
  /** The folder that is the error bucket. */
  readonly bucketDirectory: string
  readonly retrySeconds: number
  readonly lambdaArn: string | undefined
  readonly metrics: Metrics
  readonly onError: (message: string) => void
  /** Aborted when the process is to stop; a batch may then be left half applied. */
  readonly signal: AbortSignal
}

const firstDelayMs = 100
const longestDelayMs = 5000

/**
 * Does everything that a journaled batch says: its rows into the tables, its failed records into the error bucket. Can be done again
 * at any point. `again`: it may have been begun before, by a process that was killed.
 * @throws the signal's reason when it is aborted.
 */
export async function applyBatch(batch: JournaledBatch, context: ApplyContext, again: boolean): Promise<void> {
  for (const object of batch.objects)
    await copyFileAtomically(join(batch.directory, object.file), join(context.bucketDirectory, object.key))
  for (const table of batch.tables) {
    const refusal = (await context.journal.refusal(batch, table)) ?? (await deliverTable(batch, table, context, again))
    if (refusal) await failTable(batch, table, refusal, context)
    else context.metrics.add('DeliveryToIceberg.SuccessfulRowCount', table.rowCount)
  }
}

/** Commits a table's rows, as often as it takes. Undefined: they are in the table. */
async function deliverTable(
  batch: JournaledBatch,
  table: BatchTable,
  context: ApplyContext,
  again: boolean,
): Promise<TableRefusal | undefined> {
  const name = `${table.namespace}.${table.table}`
  const deadlineMs = Date.now() + context.retrySeconds * 1000
  let look = again
  for (let attempt = 1; ; attempt += 1) {
    context.signal.throwIfAborted()
    if (look) {
      const found = await loadPatiently(table, context)
      const refusal = found.answered && whyNot(found.table, table, attempt)
      if (refusal) return refusal
      if (found.table && isApplied(found.table, context.streamId, batch.nextOffsets)) return undefined
    }
    try {
      await commitTable(table, {
        connection: context.connection,
        catalogName: context.catalogName,
        streamId: context.streamId,
        nextOffsets: batch.nextOffsets,
      })
      context.metrics.add('DeliveryToIceberg.Success', 1)
      context.metrics.add('DeliveryToIceberg.Bytes', table.bytes)
      return undefined
    } catch (error) {
      context.onError(`commit to ${name}: ${firstLine(error)}`)
      // A transaction that is already over has nothing to roll back.
      await context.connection.run('ROLLBACK').catch(() => {})
    }
    // Whether the commit happened is for the table to say: the answer may have been lost.
    look = true
    if (Date.now() > deadlineMs) {
      const found = await loadPatiently(table, context)
      if (found.table && isApplied(found.table, context.streamId, batch.nextOffsets)) return undefined
      return {
        errorCode: 'Iceberg.CommitFailed',
        errorMessage: `The commit to ${name} was refused until the retry duration was over.`,
        attemptsMade: attempt,
        endedMs: Date.now(),
      }
    }
    await sleep(Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempt, 8)), undefined, { signal: context.signal })
  }
}

function whyNot(found: IcebergTable | undefined, table: BatchTable, attempt: number): TableRefusal | undefined {
  const name = `${table.namespace}.${table.table}`
  if (!found)
    return {
      errorCode: 'Iceberg.NoSuchTable',
      errorMessage: `The table ${name} does not exist.`,
      attemptsMade: attempt,
      endedMs: Date.now(),
    }
  if (stillFits(found, table)) return undefined
  return {
    errorCode: 'Iceberg.SchemaTypeMismatch',
    errorMessage: `The columns of ${name} changed while records were on their way.`,
    attemptsMade: attempt,
    endedMs: Date.now(),
  }
}

/** As long as the catalog does not answer, nothing can be known about the table: delivery pauses. */
async function loadPatiently(table: BatchTable, context: ApplyContext): Promise<{ answered: true; table: IcebergTable | undefined }> {
  for (let attempt = 0; ; attempt += 1) {
    context.signal.throwIfAborted()
    try {
      return { answered: true, table: await context.catalog.loadTable(table.namespace, table.table) }
    } catch (error) {
      if (!(error instanceof CatalogUnreachable)) throw error
      context.onError(error.message)
      await sleep(Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempt, 8)), undefined, { signal: context.signal })
    }
  }
}

async function failTable(batch: JournaledBatch, table: BatchTable, refusal: TableRefusal, context: ApplyContext): Promise<void> {
  await context.journal.markRefused(batch, table, refusal)
  const sql = `SELECT _partition, _offset, _arrival, _record FROM memory.main.${quoteIdentifier(table.stagedName)} ORDER BY _ordinal`
  const reader = await context.connection.runAndReadAll(sql)
  const records = reader.getRows().map(
    ([partition, offset, arrivalMs, record]): FailedRecord => ({
      type: 'iceberg-failed',
      errorOutputPrefix: table.errorOutputPrefix,
      attemptsMade: refusal.attemptsMade,
      arrivalMs: Number(arrivalMs),
      errorCode: refusal.errorCode,
      errorMessage: refusal.errorMessage,
      endedMs: refusal.endedMs,
      rawData: record instanceof DuckDBBlobValue ? Buffer.from(record.bytes) : Buffer.alloc(0),
      lambdaArn: context.lambdaArn,
      eventId: `${String(partition)}-${String(offset)}`,
    }),
  )
  const name = `${table.namespace}.${table.table}`
  for (const { key, content } of errorObjects(records, {
    streamName: context.streamName,
    errorOutputPrefix: context.errorOutputPrefix,
    batch: `${context.streamId} ${batch.id} ${name}`,
  })) {
    await writeAtomically(join(context.bucketDirectory, key), content)
  }
  context.metrics.add('DeliveryToIceberg.FailedRowCount', table.rowCount)
  context.onError(`${refusal.errorCode}: ${refusal.errorMessage}`)
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
