import type { TransformedBatch } from './invocation/transform.ts'
import type { DeliverySettings } from './settings.ts'

/**
 * Disorder on purpose. AWS documents both that Firehose keeps the order of records and that it does not, so tests deliver out of order:
 * inside a Lambda batch, which must change nothing since the transform leaves one change of a key, or whole Lambda batches.
 */
export interface Disorder {
  readonly within: (batch: TransformedBatch) => TransformedBatch
  readonly reorder: ((batches: readonly TransformedBatch[]) => TransformedBatch[]) | undefined
}

export function disorder({ shuffleWithinBatch, reorderBatches }: DeliverySettings['disorder']): Disorder {
  const within = shuffleWithinBatch === undefined ? undefined : random(shuffleWithinBatch)
  return {
    within: (batch) => (within ? shuffleBatch(batch, within) : batch),
    reorder: reorderBatches === undefined ? undefined : (batches) => reordered(batches, random(reorderBatches)),
  }
}

function shuffleBatch({ records, outcomes }: TransformedBatch, next: () => number): TransformedBatch {
  const order = shuffled([...records.keys()], next)
  return {
    records: order.map((index) => records[index]!),
    outcomes: order.map((index) => outcomes[index]!),
  }
}

/** Never in their own order, where there are two. */
function reordered(batches: readonly TransformedBatch[], next: () => number): TransformedBatch[] {
  const order = shuffled(batches, next)
  return order.every((batch, index) => batch === batches[index]) ? order.reverse() : order
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const result = [...items]
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = Math.floor(next() * (index + 1))
    const item = result[index]!
    result[index] = result[other]!
    result[other] = item
  }
  return result
}

/** Mulberry32: the same seed gives the same numbers, in [0, 1). */
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
