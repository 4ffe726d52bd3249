import { EventEmitter, once } from 'node:events'
import type { BufferHints } from '../settings.ts'
import type { SourceRecord } from './partition-source.ts'

export interface RecordBufferSettings extends BufferHints {
  /** Above this many bytes `put` waits. */
  readonly capacityBytes: number
  /** A batch never weighs more than this, by `weight`. */
  readonly weightLimit: number
  readonly weight: (record: SourceRecord) => number
}

interface Waiting {
  readonly record: SourceRecord
  readonly sinceMs: number
}

/** Records between the source and the function: a batch is due by size or by the age of its oldest record. */
export class RecordBuffer {
  private readonly settings: RecordBufferSettings
  private readonly changed = new EventEmitter().setMaxListeners(0)
  private waiting: Waiting[] = []
  private bytes = 0
  private closed = false

  constructor(settings: RecordBufferSettings) {
    this.settings = settings
  }

  get recordCount(): number {
    return this.waiting.length
  }

  get full(): boolean {
    return this.bytes > this.settings.capacityBytes
  }

  /** Resolves when there is room for more. */
  async put(records: readonly SourceRecord[]): Promise<void> {
    const sinceMs = performance.now()
    for (const record of records) {
      this.waiting.push({ record, sinceMs })
      this.bytes += bytesOf(record)
    }
    this.changed.emit('put')
    while (this.full && !this.closed) await once(this.changed, 'taken')
  }

  /** The next batch, when it is due; undefined after `close`. */
  async take(): Promise<SourceRecord[] | undefined> {
    for (;;) {
      if (this.closed) return undefined
      const dueInMs = this.dueInMs()
      if (dueInMs <= 0) return this.cut()
      const timer = Number.isFinite(dueInMs) ? setTimeout(() => this.changed.emit('put'), dueInMs) : undefined
      await once(this.changed, 'put')
      clearTimeout(timer)
    }
  }

  close(): void {
    this.closed = true
    this.changed.emit('put')
    this.changed.emit('taken')
  }

  private dueInMs(): number {
    const oldest = this.waiting[0]
    if (!oldest) return Number.POSITIVE_INFINITY
    return this.bytes >= this.settings.bytes ? 0 : oldest.sinceMs + this.settings.intervalMs - performance.now()
  }

  private cut(): SourceRecord[] {
    let count = 0
    let bytes = 0
    let weight = 0
    while (count < this.waiting.length && bytes < this.settings.bytes) {
      const { record } = this.waiting[count]!
      weight += this.settings.weight(record)
      if (count > 0 && weight > this.settings.weightLimit) break
      bytes += bytesOf(record)
      count += 1
    }
    const batch = this.waiting.splice(0, count).map(({ record }) => record)
    this.bytes -= bytes
    this.changed.emit('taken')
    return batch
  }
}

function bytesOf({ value }: SourceRecord): number {
  return value?.length ?? 0
}
