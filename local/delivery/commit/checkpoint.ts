import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Offsets } from '../source/partition-source.ts'
import { writeAtomically } from './atomic-file.ts'

/** How far a stream is. */
export interface Checkpoint {
  /** Of this stream and no other, also not of one that had the same name before: its offsets stand in the tables under this id. */
  readonly streamId: string
  /** Next offset to deliver, by partition; undefined: where to begin is not known yet. */
  readonly nextOffsets: Offsets | undefined
  /** When the stream became active. */
  readonly activeSinceMs: number
  readonly nextBatch: number
}

export class CheckpointFile {
  private readonly file: string

  constructor(stateDirectory: string) {
    this.file = join(stateDirectory, 'checkpoint.json')
  }

  /** Begins a new stream where there is none. */
  async read(): Promise<Checkpoint> {
    let text: string
    try {
      text = await readFile(this.file, 'utf8')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      const created: Checkpoint = {
        streamId: randomBytes(6).toString('hex'),
        nextOffsets: undefined,
        activeSinceMs: Date.now(),
        nextBatch: 1,
      }
      await this.write(created)
      return created
    }
    const { nextOffsets, ...rest }: Omit<Checkpoint, 'nextOffsets'> & { nextOffsets?: Record<string, string> } = JSON.parse(text)
    return { ...rest, nextOffsets: nextOffsets && offsetsOf(nextOffsets) }
  }

  async write({ nextOffsets, ...rest }: Checkpoint): Promise<void> {
    await writeAtomically(this.file, JSON.stringify({ ...rest, ...(nextOffsets && { nextOffsets: offsetsJson(nextOffsets) }) }))
  }
}

export function offsetsJson(offsets: Offsets): Record<string, string> {
  return Object.fromEntries([...offsets].map(([partition, offset]) => [String(partition), String(offset)]))
}

export function offsetsOf(json: Readonly<Record<string, string>>): Map<number, bigint> {
  return new Map(Object.entries(json).map(([partition, offset]) => [Number(partition), BigInt(offset)]))
}
