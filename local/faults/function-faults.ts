import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './fault.ts'
import type { FaultyRun } from './faulty-run.ts'
import type { Misbehaviour } from './function-wrapper.ts'
import type { Random } from './random.ts'

/** Longer than Firehose's documented retries: records fail. */
const lastingMs = 3000

const misbehaving = (name: string, how: readonly Misbehaviour[], what: string, lasts: (random: Random) => number): Fault => ({
  name,
  what,
  injections: how.length,
  failures: 'any',
  async inject({ transform }: FaultyRun, random: Random) {
    transform.misbehave(random.pick(how))
    await sleep(lasts(random))
    transform.behave()
  },
  restore: async ({ transform }) => transform.behave(),
})

export const functionFaults: readonly Fault[] = [
  misbehaving('function-fails-shortly', ['throws', 'exits', 'throws'], 'the function throws or exits for less than 0.4 s', (random) =>
    random.between(50, 400),
  ),
  misbehaving('function-fails', ['throws', 'exits'], 'the function throws or exits, until Firehose gives batches up', () => lastingMs),
  misbehaving('function-hangs', ['hangs', 'hangs'], 'the function answers nothing until it is ended', (random) =>
    random.between(100, 1000),
  ),
  misbehaving(
    'function-answers-nonsense',
    ['nonsense', 'loses', 'answers twice', 'too much'],
    'the function answers something else, too few records, records twice, more than Lambda lets through',
    (random) => random.between(200, 1500),
  ),
]
