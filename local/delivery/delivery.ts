import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CatalogUnreachable, type IcebergCatalog, type IcebergTable } from '../iceberg/catalog.ts'
import type { Lake } from '../iceberg/duckdb.ts'
import { deferred } from '../lambda/deferred.ts'
import type { RunningFunction } from '../lambda/function.ts'
import type { Batch } from './commit/batch.ts'
import { CheckpointFile, offsetsOf } from './commit/checkpoint.ts'
import { Committer } from './commit/committer.ts'
import { Journal } from './commit/journal.ts'
import { OpenBatch } from './commit/open-batch.ts'
import { DeliveryBuffer } from './delivery-buffer.ts'
import { destinations } from './destinations.ts'
import { disorder } from './disorder.ts'
import { eventBytesOf } from './invocation/event.ts'
import { passThrough, type TransformedBatch, transformBatch } from './invocation/transform.ts'
import { Metrics } from './metrics.ts'
import type { Problems } from './problems.ts'
import type { DeliverySettings } from './settings.ts'
import type { Offsets, PartitionSource } from './source/partition-source.ts'
import { RecordBuffer } from './source/record-buffer.ts'

export interface DeliveryParts {
  readonly settings: DeliverySettings
  readonly source: PartitionSource
  readonly problems: Problems
  readonly catalog: IcebergCatalog
  readonly lake: Lake
  /** Undefined where the stream has no transformation. */
  readonly fn: RunningFunction | undefined
  /** Called after each batch, before the next is committed. */
  readonly maintain: (tables: Batch['tables']) => Promise<void>
}

export interface Delivery {
  readonly metrics: Metrics
  readonly deliveredOffsets: Offsets
  /** Records read and not yet delivered. */
  readonly buffered: number
  /** Rejects when delivery cannot go on; resolves after `stop`. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

/** Lambda's request limit, less what the event has besides its records. */
const eventRecordsLimitBytes = 6 * 1024 * 1024 - 4096
const readAheadBytes = 8 * 1024 * 1024
const lookAgainMs = 500

/** Firehose's loop: read, transform, buffer, commit. Finishes first what a killed process had begun. */
export async function startDelivery({ settings, source, problems, catalog, lake, fn, maintain }: DeliveryParts): Promise<Delivery> {
  const { stream } = settings
  const metrics = new Metrics()
  const stopping = new AbortController()
  const { signal } = stopping
  const onError = problems.report

  const checkpoints = new CheckpointFile(settings.stateDirectory)
  const checkpoint = await checkpoints.read()
  const { streamId } = checkpoint
  const staging = await lake.connect()
  const committer = await Committer.open(
    {
      connection: await lake.connect(),
      catalog,
      catalogName: lake.catalogName,
      journal: new Journal(settings.stateDirectory),
      streamId,
      streamName: settings.streamName,
      errorOutputPrefix: stream.errorOutputPrefix,
      bucketDirectory: join(settings.bucketsDirectory, stream.errorBucket),
      retrySeconds: stream.retrySeconds,
      lambdaArn: stream.transform?.functionArn,
      metrics,
      onError,
      signal,
    },
    checkpoints,
    checkpoint,
  )

  const loadTable = async (namespace: string, name: string): Promise<IcebergTable | undefined> => {
    for (;;) {
      signal.throwIfAborted()
      try {
        return await catalog.loadTable(namespace, name)
      } catch (error) {
        if (!(error instanceof CatalogUnreachable)) throw error
        onError(error.message)
        await sleep(lookAgainMs, undefined, { signal })
      }
    }
  }

  const failed = deferred<never>()
  const { within, reorder } = disorder(settings.disorder)
  const buffer = new RecordBuffer({
    ...(stream.transform ?? withoutTransform),
    capacityBytes: readAheadBytes,
    weightLimit: eventRecordsLimitBytes,
    weight: eventBytesOf,
  })
  const delivery = new DeliveryBuffer({
    hints: stream.delivery,
    reorder,
    onFailure: failed.reject,
    open: (after) =>
      new OpenBatch(after ? offsetsOf(after.nextOffsets) : (committer.nextOffsets ?? new Map()), {
        id: String(after ? Number(after.id) + 1 : committer.nextBatch).padStart(12, '0'),
        connection: staging,
        destinations: destinations({ configurations: stream.tables, streamId, loadTable }),
        lambdaArn: stream.transform?.functionArn,
        metrics,
        onError,
      }),
    commit: async (batch) => {
      await committer.commit(batch)
      await maintain(batch.tables)
    },
  })

  let transforming = 0
  const transform = async (): Promise<TransformedBatch | undefined> => {
    const records = await buffer.take()
    if (!records) return undefined
    transforming += records.length
    if (!fn || !stream.transform) return passThrough(records)
    const eventStream = { clusterArn: stream.clusterArn, streamArn: settings.streamArn, region: settings.region }
    return transformBatch(records, { fn, retries: stream.transform.retries, stream: eventStream, metrics, onError, signal })
  }

  /** One batch is with the function while the one before it is staged. */
  const pump = async (): Promise<void> => {
    for (let pending = transform(); ; ) {
      const batch = await pending
      if (!batch) return
      pending = transform()
      pending.catch(() => {})
      await delivery.add(within(batch))
      transforming -= batch.records.length
    }
  }

  const read = async (): Promise<void> => {
    const from = committer.nextOffsets ?? (await firstOffsets(source, stream.readFromMs, committer, onError, signal))
    await source.run(from, async (records) => {
      metrics.add('DataReadFromSource.Records', records.length)
      metrics.add(
        'DataReadFromSource.Bytes',
        records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0),
      )
      const accepted = buffer.put(records)
      metrics.set('DataReadFromSource.Backpressured', buffer.full ? 1 : 0)
      await accepted
    })
  }

  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve())
  })
  const ignoringStop = (work: Promise<void>): Promise<unknown> =>
    work.catch((error: unknown) => (signal.aborted ? undefined : failed.reject(error)))
  void ignoringStop(pump())
  void ignoringStop(read())
  const ended = Promise.race([failed.promise, stopped])
  ended.catch(() => {})

  return {
    metrics,
    get deliveredOffsets() {
      return committer.nextOffsets ?? new Map()
    },
    get buffered() {
      return buffer.recordCount + transforming + delivery.recordCount
    },
    ended,
    async stop() {
      buffer.close()
      const patience = setTimeout(() => stopping.abort(new Error('the delivery stream is stopping')), stopPatienceMs)
      // A broker that is gone can hold up the consumer's farewell for ever; nothing depends on it.
      await Promise.allSettled([delivery.stop(), Promise.race([source.stop(), sleep(farewellMs)])])
      clearTimeout(patience)
      stopping.abort(new Error('the delivery stream is stopping'))
      await fn?.close()
    },
  }
}

/** Without a function records pass as they come. */
const withoutTransform = { bytes: 1024 * 1024, intervalMs: 0 }

/** A running commit may end; a catalog that does not answer is not waited for. */
const stopPatienceMs = 5000
const farewellMs = 1500

/** Where a new stream begins; it is settled once, before anything is read. */
async function firstOffsets(
  source: PartitionSource,
  fromMs: number | undefined,
  committer: Committer,
  onError: (message: string) => void,
  signal: AbortSignal,
): Promise<Offsets> {
  for (;;) {
    signal.throwIfAborted()
    try {
      const offsets = await source.startOffsets(fromMs)
      if (offsets.size > 0) {
        await committer.startAt(offsets)
        return offsets
      }
      onError('the topic does not exist yet')
      // Whatever is produced to a topic that did not exist comes after the stream became active.
      if (fromMs === undefined) return new Map()
    } catch (error) {
      onError(error instanceof Error ? error.message : String(error))
    }
    await sleep(lookAgainMs, undefined, { signal })
  }
}
