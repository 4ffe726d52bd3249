import { disorder } from '../../../local/delivery/disorder.ts'
import type { TransformedBatch } from '../../../local/delivery/invocation/transform.ts'

const batch = (first: number): TransformedBatch => {
  const offsets = Array.from({ length: 20 }, (_, index) => first + index)
  return {
    records: offsets.map((offset) => ({ partition: 0, offset: BigInt(offset), arrivalMs: 0, value: undefined })),
    outcomes: offsets.map((offset) => ({ result: 'Ok', data: Buffer.from(String(offset)), otfMetadata: undefined })),
  }
}
const offsetsOf = ({ records }: TransformedBatch) => records.map(({ offset }) => Number(offset))
const dataOf = ({ outcomes }: TransformedBatch) => outcomes.map((outcome) => ('data' in outcome ? Number(outcome.data) : undefined))

describe('disorder on purpose', () => {
  it('is none where none is asked for', () => {
    const { within, reorder } = disorder({})
    const one = batch(0)
    expect(within(one)).toBe(one)
    expect(reorder).toBeUndefined()
  })

  it('shuffles inside a batch, each record with its outcome, the same way for the same seed', () => {
    const shuffled = disorder({ shuffleWithinBatch: 1 }).within(batch(0))
    expect(offsetsOf(shuffled)).toEqual(dataOf(shuffled))
    expect(offsetsOf(shuffled)).not.toEqual(offsetsOf(batch(0)))
    expect([...offsetsOf(shuffled)].sort((one, other) => one - other)).toEqual(offsetsOf(batch(0)))
    expect(disorder({ shuffleWithinBatch: 1 }).within(batch(0))).toEqual(shuffled)
    expect(disorder({ shuffleWithinBatch: 2 }).within(batch(0))).not.toEqual(shuffled)
  })

  it.each([1, 2, 3, 4, 5, 6])('never leaves two batches in their order (seed %i)', (seed) => {
    const batches = [batch(0), batch(100)]
    expect(disorder({ reorderBatches: seed }).reorder?.(batches)).toEqual([batch(100), batch(0)])
  })
})
