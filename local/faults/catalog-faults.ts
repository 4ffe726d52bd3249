import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Fault } from './fault.ts'
import { eventually, type FaultyRun } from './faulty-run.ts'
import { kill } from './kills.ts'
import { losingProxy } from './losing-proxy.ts'
import type { Random } from './random.ts'

const settingsShape = z.looseObject({ catalogUri: z.string() })

/** Every second commit of the delivery happens without an answer: it has to find out by the table whether it did. */
async function loseAnswers(faulty: FaultyRun, random: Random): Promise<void> {
  const { catalogUri } = faulty.run.state
  const proxy = await losingProxy(catalogUri)
  try {
    await deliverTo(faulty, proxy.uri)
    const enough = random.between(3, 8)
    await eventually(() => (proxy.lost >= enough ? true : undefined), 60_000, `${enough} commits whose answer is lost`)
  } finally {
    await deliverTo(faulty, catalogUri)
    await proxy.close()
  }
}

/** The delivery reads its settings when it starts. */
async function deliverTo(faulty: FaultyRun, catalogUri: string): Promise<void> {
  const file = join(faulty.run.paths.directory, 'delivery.json')
  const settings = settingsShape.parse(JSON.parse(readFileSync(file, 'utf8')))
  writeFileSync(file, JSON.stringify({ ...settings, catalogUri }))
  await kill(faulty, ['delivery'])
}

export const catalogFaults: readonly Fault[] = [
  {
    name: 'answers-lost',
    what: 'every second commit to the Iceberg catalog happens and is not answered',
    injections: 1,
    failures: 'none',
    inject: loseAnswers,
  },
]
