import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './fault.ts'
import type { FaultyRun } from './faulty-run.ts'
import type { Proxy } from './proxy.ts'
import type { Random } from './random.ts'

/** Cut, and for a while refused. */
async function cut(way: Proxy, random: Random): Promise<void> {
  way.refuse(true)
  way.cut()
  try {
    await sleep(random.between(0, 4000))
  } finally {
    way.refuse(false)
  }
}

async function slow(way: Proxy, random: Random): Promise<void> {
  way.slow({ delayMs: random.between(20, 200), bytesPerSecond: random.between(50_000, 500_000) })
  try {
    await sleep(random.between(3000, 8000))
  } finally {
    way.slow(undefined)
  }
}

const ways = {
  source: { of: ({ wayToSource }: FaultyRun) => wayToSource, between: 'between Kafka Connect and PostgreSQL' },
  broker: {
    of: ({ wayToBroker }: FaultyRun) => wayToBroker,
    between: 'between the broker and its clients (Kafka Connect and the delivery)',
  },
} as const

export const connections: readonly Fault[] = Object.entries(ways).flatMap(([name, { of, between }]): Fault[] => [
  {
    name: `cut-${name}`,
    what: `connections cut ${between}, and refused for up to 4 s`,
    injections: 3,
    failures: 'none',
    inject: (faulty, random) => cut(of(faulty), random),
  },
  {
    name: `slow-${name}`,
    what: `20 to 200 ms more and 50 to 500 kB/s ${between}`,
    injections: 2,
    failures: 'none',
    inject: (faulty, random) => slow(of(faulty), random),
  },
])
