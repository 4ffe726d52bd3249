import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { faultNamed } from '../../../local/faults/catalogue.ts'
import { type Fault, isStartFault } from '../../../local/faults/fault.ts'
import { eventually, type FaultyRun, startFaultyRun } from '../../../local/faults/faulty-run.ts'
import type { Misbehaviour } from '../../../local/faults/function-wrapper.ts'
import { type RoundResult, runRound } from '../../../local/faults/round.ts'
import { workloadTables } from '../../../local/faults/tables.ts'
import { writeTransaction } from '../../../local/faults/writer.ts'
import { filesBelow, leftBehind, processesIn, throwAway, throwawayFolder } from '../whole-path/throwaway.ts'

const folder = throwawayFolder()
const seed = 3
/** Records whose rows the early offset loses. */
const skipped = 60
let faulty: FaultyRun

beforeAll(async () => {
  faulty = await startFaultyRun({ folder })
}, 300_000)

afterAll(async () => {
  try {
    await faulty?.stop()
  } finally {
    throwAway(folder)
  }
}, 300_000)

const round = (fault: Fault): Promise<RoundResult> =>
  runRound({ faulty, fault, seed, say: () => {}, signal: new AbortController().signal, short: true })

function streamingFault(name: string): Fault {
  const fault = faultNamed(name)
  if (isStartFault(fault)) throw new Error(`${name} is of a start`)
  return fault
}

test.each(['kill-delivery', 'delivered-twice'])(
  '%s is survived',
  async (name) => {
    const result = await round(streamingFault(name))
    expect(result).toMatchObject({ fault: name, seed, passed: true, verdict: 'equal' })
    expect(result.transactions).toBeGreaterThan(10)
    expect(result.rows).toBeGreaterThan(50)
  },
  240_000,
)

/** A wrong build as a fault: what it does to rows has to be noticed. */
const wrongBuild = (how: Misbehaviour): Fault => ({
  name: 'wrong-build',
  what: how,
  injections: 1,
  failures: 'none',
  inject: async ({ transform }) => transform.misbehave(how),
  restore: async ({ transform }) => transform.behave(),
})

const early: Fault = { name: 'early-offset', what: 'an offset before its rows', injections: 1, failures: 'none', inject: writeOffsetEarly }

test.each([
  ['inserts where it should upsert', wrongBuild('inserts'), /[1-9]\d* duplicate/],
  ['keeps the first change of a row instead of the last', wrongBuild('keeps first'), /[1-9]\d* (extra|stale|missing)/],
  ['writes an offset before its rows', early, /[1-9]\d* (extra|stale|missing)/],
])(
  'a build that %s turns the suite red',
  async (_, fault, verdict) => {
    await startOver()
    expect(await round(fault)).toMatchObject({ passed: false, verdict: expect.stringMatching(verdict) })
  },
  240_000,
)

test('the build that is not broken is green again; what a failing function gave up is named', async () => {
  await startOver()
  const result = await round(streamingFault('function-fails'))
  expect(result).toMatchObject({ passed: true, verdict: expect.stringMatching(/^equal.* Lambda\.FunctionError [1-9]/) })
}, 240_000)

/** What a wrong build left in Iceberg would be found in the next round, too. */
async function startOver(): Promise<void> {
  await faulty.atSource((client) =>
    writeTransaction(
      client,
      workloadTables.map((table) => ({ text: `DELETE FROM ${table}`, values: [] })),
    ),
  )
  await faulty.caughtUp()
  const connection = await faulty.lake.connect()
  try {
    for (const { iceberg } of faulty.run.declared) await connection.run(`DELETE FROM ${faulty.namespace}.${iceberg}`)
  } finally {
    connection.closeSync()
  }
}

const checkpointShape = z.looseObject({ nextOffsets: z.record(z.string(), z.string()) })

/** Leaves what a delivery leaves that is killed between its offset and the records up to it. */
async function writeOffsetEarly(faultyRun: FaultyRun): Promise<void> {
  const { delivery: folderOfDelivery } = faultyRun.run.paths
  const delivery = faultyRun.engine('delivery')
  const { restarts, pid } = delivery
  if (pid === undefined) throw new Error('the delivery does not run')
  await eventually(
    () => {
      process.kill(pid, 'SIGSTOP')
      // A batch that is settled brings its own offset.
      if (filesBelow(join(folderOfDelivery, 'journal')).length === 0) return true
      process.kill(pid, 'SIGCONT')
      return undefined
    },
    60_000,
    'a moment between two batches',
  )
  const file = join(folderOfDelivery, 'checkpoint.json')
  const checkpoint = checkpointShape.parse(JSON.parse(readFileSync(file, 'utf8')))
  // That many have to be there, so that none of later is passed over.
  await faultyRun.topic(async (topic) => {
    const begun = await topic.end()
    await eventually(async () => ((await topic.end()) > begun + skipped ? true : undefined), 60_000, 'records to pass over')
  })
  const nextOffsets = Object.fromEntries(
    Object.entries(checkpoint.nextOffsets).map(([partition, next]) => [partition, String(BigInt(next) + BigInt(skipped))]),
  )
  writeFileSync(file, JSON.stringify({ ...checkpoint, nextOffsets }))
  process.kill(pid, 'SIGKILL')
  await eventually(() => (delivery.restarts > restarts ? true : undefined), 60_000, 'the delivery, started again')
}

test('stopping leaves nothing behind', async () => {
  await faulty.stop()
  expect(processesIn(folder)).toEqual([])
  expect(await leftBehind(join(folder, 'run'))).toEqual([])
}, 300_000)
