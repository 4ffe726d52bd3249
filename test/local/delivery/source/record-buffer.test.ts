import { setTimeout as sleep } from 'node:timers/promises'
import type { SourceRecord } from '../../../../local/delivery/source/partition-source.ts'
import { RecordBuffer } from '../../../../local/delivery/source/record-buffer.ts'

const record = (offset: number, bytes: number): SourceRecord => ({
  partition: 0,
  offset: BigInt(offset),
  arrivalMs: 1,
  value: Buffer.alloc(bytes),
})
const buffer = (settings: Partial<ConstructorParameters<typeof RecordBuffer>[0]>) =>
  new RecordBuffer({
    bytes: 100,
    intervalMs: 60_000,
    capacityBytes: 1000,
    weightLimit: 500,
    weight: ({ value }) => value?.length ?? 0,
    ...settings,
  })
const offsets = (records: SourceRecord[] | undefined) => records?.map(({ offset }) => Number(offset))

describe('the buffer before the function', () => {
  it('gives a batch as soon as it has the size', async () => {
    const full = buffer({})
    await full.put([record(1, 60), record(2, 60), record(3, 60)])
    expect(offsets(await full.take())).toEqual([1, 2])
  })

  it('gives what there is when the interval of the oldest record is over', async () => {
    const slow = buffer({ intervalMs: 50 })
    const startedAt = performance.now()
    const batch = slow.take()
    await slow.put([record(1, 1)])
    expect(offsets(await batch)).toEqual([1])
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(49)
  })

  it('lets no batch weigh more than the limit, but a single heavy record', async () => {
    const heavy = buffer({ bytes: 10_000, intervalMs: 0, capacityBytes: 10_000 })
    await heavy.put([record(1, 300), record(2, 300), record(3, 600), record(4, 1)])
    expect([offsets(await heavy.take()), offsets(await heavy.take()), offsets(await heavy.take()), offsets(await heavy.take())]).toEqual([
      [1],
      [2],
      [3],
      [4],
    ])
  })

  it('makes the source wait while it is full', async () => {
    const small = buffer({ capacityBytes: 50 })
    let accepted = false
    const putting = small.put([record(1, 60), record(2, 60)]).then(() => {
      accepted = true
      return accepted
    })
    await sleep(10)
    expect(accepted).toBe(false)
    await small.take()
    await putting
    expect(accepted).toBe(true)
  })

  it('ends everybody who waits when it is closed', async () => {
    const closing = buffer({ capacityBytes: 0 })
    const taking = closing.take()
    const putting = closing.put([record(1, 60)])
    closing.close()
    await putting
    expect(await taking).toBeUndefined()
  })
})
