import { setTimeout as sleep } from 'node:timers/promises'
import { type BadColumns, badRecords, type Envelope } from './bad-records.ts'
import type { Fault, Injected } from './fault.ts'
import type { FaultyRun } from './faulty-run.ts'
import type { Random } from './random.ts'

const columns: BadColumns = { key: 'id', text: 'state', otherText: 'owner', integer: 'visits', decimal: 'balance' }
/** Records of each kind that are small; of the large ones there is one. */
const repetitions = 40
const largeBytes = 50_000

/** Bad records of every kind, between the good ones that are written meanwhile. */
async function produceBadRecords(faulty: FaultyRun, random: Random): Promise<Injected> {
  const failed: Record<string, number> = {}
  await faulty.topic(async (topic) => {
    const real = await realEvent(async () => topic.read(Math.max(0, (await topic.end()) - 2000)))
    const records = badRecords(real, columns, 'bad')
    const isLarge = ({ value }: (typeof records)[number]) => (value?.length ?? 0) > largeBytes
    const drawn = Array.from({ length: repetitions }, () => records.filter((record) => !isLarge(record))).flat()
    drawn.push(...records.filter(isLarge))
    while (drawn.length > 0) {
      const [record] = drawn.splice(random.below(drawn.length), 1)
      if (!record) break
      await topic.produce(record.value)
      if (record.becomes !== 'dropped') failed[record.becomes] = (failed[record.becomes] ?? 0) + 1
    }
  })
  return { failed }
}

/** A created row of the table that the bad records are made of. */
async function realEvent(read: () => Promise<Buffer[]>): Promise<Envelope> {
  for (;;) {
    const value = (await read()).findLast((one) => one.includes('"op":"c"') && one.includes('"table":"accounts"') && !one.includes('"bad"'))
    if (value) return JSON.parse(String(value))
    await sleep(200)
  }
}

export const topicFaults: readonly Fault[] = [
  {
    name: 'bad-records',
    what: 'some 1,000 bad records of 30 kinds in the topic, between good ones',
    injections: 2,
    failures: 'counted',
    inject: produceBadRecords,
  },
]
