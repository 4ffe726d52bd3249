import { createHash } from 'node:crypto'
import type { ComparedColumn } from './forms.ts'

/** A row as the comparison needs it: what tells it from others, and never its values. */
export interface RowFingerprint {
  /** Which of {@link bucketCount} groups the row's key falls into; the same at both sides. */
  readonly bucket: number
  /** Of the whole row; the sums use 128 bits of it. */
  readonly digest: Buffer
}

/** Rows are compared in groups first, so that only those of unequal groups are ever held. */
export const bucketCount = 4096

/** The values of a row made equal text at both sides; null stays null. */
export function normalizedRow(columns: readonly ComparedColumn[], row: readonly (string | null)[]): (string | null)[] {
  return columns.map((column, index) => {
    const value = row[index] ?? null
    return value === null ? null : column.normalize(value)
  })
}

/** The key of a normalized row, as text; the whole row where the table has none. */
export function rowKey(columns: readonly ComparedColumn[], row: readonly (string | null)[]): string {
  const hasKey = columns.some((column) => column.isKey)
  return JSON.stringify(hasKey ? row.filter((_, index) => columns[index]?.isKey) : row)
}

export function rowFingerprint(columns: readonly ComparedColumn[], row: readonly (string | null)[]): RowFingerprint {
  return { bucket: fnv1a(rowKey(columns, row)) % bucketCount, digest: sha256(JSON.stringify(row)) }
}

/** 32 bits of each value: enough to say which columns of a row differ once it is known that the row does. */
export function columnDigests(row: readonly (string | null)[]): Uint32Array {
  return Uint32Array.from(row, (value) => (value === null ? 0 : fnv1a(value)))
}

/** 32 bits: enough to spread keys over buckets. http://www.isthe.com/chongo/tech/comp/fnv/ */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * The rows of one side, counted and summed by bucket. Sums do not depend on the order of the rows, and a row that is there twice counts
 * twice; unequal rows have equal sums with a chance of 1 in 2^128.
 */
export class BucketSums {
  readonly #lanes = new Uint32Array(bucketCount * 4)
  readonly #counts = new Float64Array(bucketCount)
  rows = 0

  add({ bucket, digest }: RowFingerprint): void {
    this.rows += 1
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    for (let lane = 0; lane < 4; lane += 1) {
      const index = bucket * 4 + lane
      this.#lanes[index] = (this.#lanes[index] ?? 0) + digest.readUInt32LE(lane * 4)
    }
  }

  count(bucket: number): number {
    return this.#counts[bucket] ?? 0
  }

  /** The buckets that hold other rows than those of the other side. */
  differingBuckets(other: BucketSums): number[] {
    const differing: number[] = []
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      const isEqual =
        this.count(bucket) === other.count(bucket) &&
        [0, 1, 2, 3].every((lane) => this.#lanes[bucket * 4 + lane] === other.#lanes[bucket * 4 + lane])
      if (!isEqual) differing.push(bucket)
    }
    return differing
  }
}
