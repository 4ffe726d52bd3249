import type { Offsets } from '../source/partition-source.ts'
import { type ApplyContext, applyBatch } from './apply.ts'
import type { Batch } from './batch.ts'
import { type Checkpoint, type CheckpointFile, offsetsOf } from './checkpoint.ts'
import { errorObjects } from './failed-records.ts'
import type { JournaledBatch } from './journal.ts'
import { dropStaged } from './staged-rows.ts'

/** Delivers batches one after the other: journal, tables and error bucket, checkpoint. */
export class Committer {
  private readonly context: ApplyContext
  private readonly checkpoints: CheckpointFile
  private checkpoint: Checkpoint

  private constructor(context: ApplyContext, checkpoints: CheckpointFile, checkpoint: Checkpoint) {
    this.context = context
    this.checkpoints = checkpoints
    this.checkpoint = checkpoint
  }

  /** Finishes first what a killed process had begun. */
  static async open(context: ApplyContext, checkpoints: CheckpointFile, checkpoint: Checkpoint): Promise<Committer> {
    const committer = new Committer(context, checkpoints, checkpoint)
    for (const batch of await context.journal.pending()) {
      // The checkpoint is written last: a batch that it covers lacked nothing but its removal.
      if (Number(batch.id) < checkpoint.nextBatch) {
        await context.journal.remove(batch)
        continue
      }
      await context.journal.loadRows(batch, context.connection)
      await committer.finish(batch, true)
    }
    return committer
  }

  /** Next offset to deliver, by partition; undefined while nobody knows where to begin. */
  get nextOffsets(): Offsets | undefined {
    return this.checkpoint.nextOffsets
  }

  get nextBatch(): number {
    return this.checkpoint.nextBatch
  }

  get activeSinceMs(): number {
    return this.checkpoint.activeSinceMs
  }

  async startAt(nextOffsets: Offsets): Promise<void> {
    await this.advance({ ...this.checkpoint, nextOffsets })
  }

  async commit(batch: Batch): Promise<void> {
    if (batch.tables.length === 0 && batch.failed.length === 0) return this.advancePast(batch)
    const { streamName, errorOutputPrefix, streamId, journal, connection } = this.context
    const objects = errorObjects(batch.failed, { streamName, errorOutputPrefix, batch: `${streamId} ${batch.id}` })
    await this.finish(await journal.write(batch, objects, connection), false)
  }

  private async finish(batch: JournaledBatch, again: boolean): Promise<void> {
    const { connection, journal } = this.context
    await applyBatch(batch, this.context, again)
    await this.advancePast(batch)
    await journal.remove(batch)
    for (const table of batch.tables) await dropStaged(connection, table.stagedName)
  }

  private async advancePast(batch: Pick<Batch, 'id' | 'nextOffsets' | 'oldestArrivalMs'>): Promise<void> {
    await this.advance({ ...this.checkpoint, nextOffsets: offsetsOf(batch.nextOffsets), nextBatch: Number(batch.id) + 1 })
    this.context.metrics.set('DeliveryToIceberg.DataFreshness', Math.max(0, (Date.now() - batch.oldestArrivalMs) / 1000))
  }

  private async advance(checkpoint: Checkpoint): Promise<void> {
    await this.checkpoints.write(checkpoint)
    this.checkpoint = checkpoint
  }
}
