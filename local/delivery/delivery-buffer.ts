import type { Batch } from './commit/batch.ts'
import type { OpenBatch } from './commit/open-batch.ts'
import type { TransformedBatch } from './invocation/transform.ts'
import type { BufferHints } from './settings.ts'

export interface DeliveryBufferSettings {
  readonly hints: BufferHints
  /** Opens the batch that comes after this one; without one, the first. */
  readonly open: (after: Batch | undefined) => OpenBatch
  readonly commit: (batch: Batch) => Promise<void>
  readonly onFailure: (error: unknown) => void
  /** Undefined: Lambda batches are applied in their order. */
  readonly reorder: ((batches: readonly TransformedBatch[]) => TransformedBatch[]) | undefined
}

/** A batch whose Lambda batches are to be reordered waits this many intervals for a second one. */
const reorderPatience = 10

/**
 * Firehose's buffer before the destination: a batch closes by size, or when its interval is over. While one is committed the next one
 * fills, beyond its interval if need be; beyond its size it is the source that waits.
 */
export class DeliveryBuffer {
  private readonly settings: DeliveryBufferSettings
  private current: OpenBatch
  private turn: Promise<void> = Promise.resolve()
  private committing: Promise<void> | undefined
  private committingRecords = 0
  private timer: NodeJS.Timeout | undefined
  private dueAtMs = 0
  private held: TransformedBatch[] = []
  private closed = false

  constructor(settings: DeliveryBufferSettings) {
    this.settings = settings
    this.current = settings.open(undefined)
  }

  get recordCount(): number {
    return this.current.records + this.committingRecords + this.held.reduce((sum, { records }) => sum + records.length, 0)
  }

  /** Resolves when the buffer takes more. */
  add(batch: TransformedBatch): Promise<void> {
    return this.inTurn(async () => {
      this.arm()
      if (this.settings.reorder) this.held.push(batch)
      else await this.current.add(batch)
      if (this.current.bytes < this.settings.hints.bytes) return
      await this.committing
      await this.close()
    })
  }

  /** Commits nothing any more; resolves when a running commit is over. What was not committed will be read again. */
  async stop(): Promise<void> {
    this.closed = true
    clearTimeout(this.timer)
    await this.committing
  }

  /** The interval counts from the first record. */
  private arm(): void {
    if (this.timer) return
    this.dueAtMs = performance.now() + this.settings.hints.intervalMs
    this.timer = setTimeout(() => this.closeIfDue(), this.settings.hints.intervalMs)
  }

  private closeIfDue(): void {
    this.inTurn(async () => {
      const waited = performance.now() - this.dueAtMs
      if (this.closed || waited < -1 || this.committing) return
      if (this.settings.reorder && this.held.length < 2 && waited < this.settings.hints.intervalMs * reorderPatience) {
        this.timer = setTimeout(() => this.closeIfDue(), this.settings.hints.intervalMs + 1)
        return
      }
      await this.close()
    }).catch(this.settings.onFailure)
  }

  private async close(): Promise<void> {
    for (const batch of this.settings.reorder?.(this.held) ?? []) await this.current.add(batch)
    this.held = []
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.closed || this.current.empty) return
    const batch = await this.current.seal()
    this.current = this.settings.open(batch)
    this.committingRecords = batch.recordCount
    this.committing = this.commit(batch)
  }

  private async commit(batch: Batch): Promise<void> {
    try {
      await this.settings.commit(batch)
    } catch (error) {
      return this.settings.onFailure(error)
    }
    this.committing = undefined
    this.committingRecords = 0
    // The next batch may have been due for a while.
    if (this.timer && performance.now() >= this.dueAtMs) this.closeIfDue()
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.turn.then(work)
    this.turn = done.catch(() => {})
    return done
  }
}
