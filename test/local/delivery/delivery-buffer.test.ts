import { setTimeout as sleep } from 'node:timers/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Batch } from '../../../local/delivery/commit/batch.ts'
import { offsetsOf } from '../../../local/delivery/commit/checkpoint.ts'
import { OpenBatch } from '../../../local/delivery/commit/open-batch.ts'
import { DeliveryBuffer, type DeliveryBufferSettings } from '../../../local/delivery/delivery-buffer.ts'
import type { TransformedBatch } from '../../../local/delivery/invocation/transform.ts'
import { Metrics } from '../../../local/delivery/metrics.ts'
import { deferred } from '../../../local/lambda/deferred.ts'

let instance: DuckDBInstance
let connection: DuckDBConnection

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:')
  connection = await instance.connect()
})
afterAll(() => {
  connection.closeSync()
  instance.closeSync()
})

/** Two failed records of so many bytes each: a batch without any table. */
const batch = (offset: number, bytes = 10): TransformedBatch => ({
  records: [offset, offset + 1].map((one) => ({ partition: 0, offset: BigInt(one), arrivalMs: one, value: Buffer.alloc(bytes) })),
  outcomes: [0, 1].map(() => ({ result: 'Failed', errorCode: 'c', errorMessage: 'm', attemptsMade: 1, endedMs: 0 })),
})

function bufferOf(settings: Partial<DeliveryBufferSettings>) {
  const commits: Batch[] = []
  const failures: unknown[] = []
  const buffer = new DeliveryBuffer({
    hints: { bytes: 1000, intervalMs: 60_000 },
    reorder: undefined,
    onFailure: (error) => failures.push(error),
    open: (after) =>
      new OpenBatch(after ? offsetsOf(after.nextOffsets) : new Map([[1, 5n]]), {
        id: String(after ? Number(after.id) + 1 : 1),
        connection,
        destinations: { route: () => ({ refusal: { errorCode: 'c', errorMessage: 'm' }, errorOutputPrefix: undefined }) },
        lambdaArn: undefined,
        metrics: new Metrics(),
        onError: () => {},
      }),
    commit: async (one) => void commits.push(one),
    ...settings,
  })
  return {
    buffer,
    commits,
    failures,
    offsets: () => commits.map(({ failed }) => failed.map(({ eventId }) => Number(eventId.split('-')[1]))),
  }
}

describe('the buffer before the tables', () => {
  it('closes a batch by its size, and says where the next one begins', async () => {
    const { buffer, commits } = bufferOf({})
    await buffer.add(batch(0, 300))
    expect(commits).toEqual([])
    await buffer.add(batch(2, 300))
    expect(commits).toMatchObject([{ id: '1', nextOffsets: { 0: '4', 1: '5' }, recordCount: 4, oldestArrivalMs: 0 }])
    await buffer.add(batch(4, 600))
    await buffer.stop()
    expect(commits[1]).toMatchObject({ id: '2', nextOffsets: { 0: '6', 1: '5' }, recordCount: 2, oldestArrivalMs: 4 })
  })

  it('closes a batch when its interval is over, counted from the first record', async () => {
    const { buffer, offsets } = bufferOf({ hints: { bytes: 1000, intervalMs: 40 } })
    await buffer.add(batch(0))
    await sleep(25)
    await buffer.add(batch(2))
    expect(offsets()).toEqual([])
    await sleep(40)
    expect(offsets()).toEqual([[0, 1, 2, 3]])
    await buffer.stop()
  })

  it('commits one batch at a time: the next one fills on, and by size it makes the source wait', async () => {
    const releases: (() => void)[] = []
    const begun: string[] = []
    const { buffer } = bufferOf({
      hints: { bytes: 1000, intervalMs: 10 },
      commit: ({ id }) => {
        begun.push(id)
        return new Promise((resolve) => {
          releases.push(resolve)
        })
      },
    })
    await buffer.add(batch(0))
    await sleep(30)
    expect(begun).toEqual(['1'])
    await buffer.add(batch(2))
    await sleep(30)
    expect(begun).toEqual(['1'])
    expect(buffer.recordCount).toBe(4)
    let accepted = false
    const adding = buffer.add(batch(4, 600)).then(() => {
      accepted = true
      return accepted
    })
    await sleep(20)
    expect(accepted).toBe(false)
    releases[0]?.()
    await adding
    expect(begun).toEqual(['1', '2'])
    releases[1]?.()
    await buffer.stop()
  })

  it('delivers what became due while another batch was committed', async () => {
    const first = deferred<void>()
    const ids: string[] = []
    const { buffer } = bufferOf({
      hints: { bytes: 1000, intervalMs: 10 },
      commit: ({ id }) => {
        ids.push(id)
        return id === '1' ? first.promise : Promise.resolve()
      },
    })
    await buffer.add(batch(0))
    await sleep(30)
    await buffer.add(batch(2))
    await sleep(30)
    first.resolve()
    await sleep(20)
    expect(ids).toEqual(['1', '2'])
    await buffer.stop()
  })

  it('commits nothing after it was stopped', async () => {
    const { buffer, commits } = bufferOf({ hints: { bytes: 1000, intervalMs: 20 } })
    await buffer.add(batch(0))
    await buffer.stop()
    await sleep(40)
    expect(commits).toEqual([])
  })

  it('reports a commit that failed', async () => {
    const { buffer, failures } = bufferOf({ hints: { bytes: 1, intervalMs: 10 }, commit: () => Promise.reject(new Error('no disk')) })
    await buffer.add(batch(0))
    await sleep(10)
    expect(failures).toEqual([new Error('no disk')])
  })

  it('applies Lambda batches in another order where that is asked for, and waits for two', async () => {
    const { buffer, offsets } = bufferOf({ hints: { bytes: 1000, intervalMs: 20 }, reorder: (batches) => [...batches].reverse() })
    await buffer.add(batch(0))
    await sleep(50)
    expect(offsets()).toEqual([])
    await buffer.add(batch(2))
    await sleep(50)
    expect(offsets()).toEqual([[2, 3, 0, 1]])
    await buffer.add(batch(4))
    await sleep(400)
    expect(offsets()).toEqual([
      [2, 3, 0, 1],
      [4, 5],
    ])
    await buffer.stop()
  })
})
