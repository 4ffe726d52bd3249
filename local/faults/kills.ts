import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { snapshotSignal } from '../../pipeline/snapshot-signal.ts'
import type { LocalRun } from '../run/local-run.ts'
import type { Fault, StartFault } from './fault.ts'
import { type EngineName, eventually, type FaultyRun } from './faulty-run.ts'
import type { Random } from './random.ts'
import { openTopic } from './topic.ts'

/** A killed engine is started again by its supervisor, under load after a while. */
const restartMs = 120_000

/** Kills them at once with SIGKILL; resolves when others run in their place. */
export async function kill(faulty: FaultyRun, names: readonly EngineName[]): Promise<void> {
  const victims = names.map((name) => {
    const engine = faulty.engine(name)
    const { pid, restarts } = engine
    if (pid === undefined) throw new Error(`${name} does not run`)
    return { engine, pid, restarts }
  })
  for (const { pid } of victims) process.kill(pid, 'SIGKILL')
  const isBack = ({ engine, pid, restarts }: (typeof victims)[number]) =>
    engine.restarts > restarts && engine.pid !== undefined && engine.pid !== pid
  await eventually(() => (victims.every(isBack) ? true : undefined), restartMs, `${names.join(', ')}, started again`)
}

const killing = (name: string, victims: readonly EngineName[], what: string, injections = 3): Fault => ({
  name,
  what,
  injections,
  failures: 'none',
  inject: (faulty) => kill(faulty, victims),
})

async function killFunction(faulty: FaultyRun): Promise<void> {
  const { functionPid: pid } = await faulty.delivery()
  if (pid !== null) process.kill(pid, 'SIGKILL')
}

/** The process that sends changes to Debezium; PostgreSQL ends all sessions then, and recovers. */
async function killSender(faulty: FaultyRun): Promise<void> {
  const pid = await faulty.atSource(async (client) => {
    const { rows } = await client.query<{ pid: string | null }>('SELECT active_pid::text AS pid FROM pg_replication_slots')
    return Number(rows[0]?.pid ?? 0)
  })
  if (pid > 0) process.kill(pid, 'SIGKILL')
}

/** At a moment at which a batch is settled and not yet in all tables: the journal holds it. */
async function killAtCommit(faulty: FaultyRun, random: Random): Promise<void> {
  const journal = join(faulty.run.paths.delivery, 'journal')
  const holdsBatch = () => (existsSync(journal) && readdirSync(journal).some((name) => !name.endsWith('-done')) ? true : undefined)
  await eventually(holdsBatch, 60_000, 'a batch that is being committed')
  await sleep(random.between(0, 150))
  await kill(faulty, ['delivery'])
}

/** All rows of the largest tables are read again, and the one that reads them is killed over it. */
async function killInIncrementalSnapshot(faulty: FaultyRun, random: Random): Promise<void> {
  const tables = ['accounts', 'every_type'].map((name) => ({ schema: 'app', name }))
  const id = `faults-${random.below(2 ** 32)}`
  await faulty.atSource((client) =>
    client.query(`INSERT INTO cdc.debezium_signal (id, type, data) VALUES ($1, 'execute-snapshot', $2)`, [id, snapshotSignal(tables)]),
  )
  await sleep(random.between(0, 2000))
  await kill(faulty, ['Kafka Connect'])
}

/** Each time when some more rows have been read; the snapshot is then taken again from its beginning. */
async function killInInitialSnapshot(run: LocalRun, random: Random, say: (line: string) => void): Promise<void> {
  const engine = (name: EngineName) => run.processes.running.find((process) => process.name === name)
  const connect = await eventually(() => (engine('Kafka') ? engine('Kafka Connect') : undefined), startMs, 'Kafka Connect')
  const topic = await openTopic(run.aws.place.engines.kafkaBootstrap())
  // The provisioning creates it.
  const end = () => topic.end().catch(() => 0)
  try {
    for (let injection = 0; injection < snapshotKills; injection += 1) {
      const enough = (await end()) + random.between(500, 12_000)
      await eventually(async () => ((await end()) >= enough ? true : undefined), startMs, 'rows of the initial snapshot')
      const { pid, restarts } = connect
      if (pid === undefined) throw new Error('Kafka Connect does not run')
      say(`kill -9 after ${await end()} rows`)
      process.kill(pid, 'SIGKILL')
      await eventually(
        () => (connect.restarts > restarts && connect.pid !== undefined ? true : undefined),
        restartMs,
        'Kafka Connect, started again',
      )
    }
  } finally {
    await topic.close()
  }
}

const snapshotKills = 2
const startMs = 300_000

export const startFaults: readonly StartFault[] = [
  {
    name: 'kill-in-initial-snapshot',
    what: 'kill -9 of Kafka Connect in the initial snapshot of 40,000 rows',
    injections: snapshotKills,
    injectAtStart: killInInitialSnapshot,
  },
]

export const kills: readonly Fault[] = [
  killing('kill-connect', ['Kafka Connect'], 'kill -9 of Kafka Connect'),
  killing('kill-broker', ['Kafka'], 'kill -9 of the broker'),
  killing('kill-postgres', ['PostgreSQL'], 'kill -9 of PostgreSQL'),
  {
    name: 'kill-sender',
    what: "kill -9 of PostgreSQL's sender of changes, upon which PostgreSQL ends all sessions and recovers",
    injections: 3,
    failures: 'none',
    inject: killSender,
  },
  killing('kill-catalog', ['Iceberg catalog'], 'kill -9 of the Iceberg catalog'),
  killing('kill-delivery', ['delivery'], 'kill -9 of the delivery'),
  {
    name: 'kill-at-commit',
    what: 'kill -9 of the delivery while a batch is being committed',
    injections: 4,
    failures: 'none',
    inject: killAtCommit,
  },
  { name: 'kill-function', what: 'kill -9 of the process of the Lambda function', injections: 6, failures: 'any', inject: killFunction },
  killing('kill-all', ['Kafka Connect', 'Kafka', 'PostgreSQL', 'Iceberg catalog', 'delivery'], 'kill -9 of all of them at once', 2),
  {
    name: 'kill-in-incremental-snapshot',
    what: 'kill -9 of Kafka Connect in an incremental snapshot',
    injections: 2,
    failures: 'none',
    inject: killInIncrementalSnapshot,
  },
]
