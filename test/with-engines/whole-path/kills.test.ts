import type { Client } from 'pg'
import type { EngineEvent } from '../../../local/engines/supervisor.ts'
import { startWriting, type Writer } from '../../../local/faults/writer.ts'
import { eventually, type StartedRun, startRun } from './started-run.ts'
import { filesBelow, leftBehind, throwAway, throwawayFolder } from './throwaway.ts'
import { sampleChanges } from './workload.ts'

const dataDirectory = throwawayFolder()
const recoveryMs = 240_000
let started: StartedRun
let writer: Writer
/** How often each engine became ready. */
const readied = new Map<string, number>()

function countReady({ engine, kind }: EngineEvent): void {
  if (kind === 'ready') readied.set(engine, (readied.get(engine) ?? 0) + 1)
}

beforeAll(async () => {
  started = await startRun(dataDirectory, { onEngineEvent: countReady })
  writer = startWriting(started.run.source.url, sampleChanges(1), 20)
}, 300_000)

afterAll(async () => {
  try {
    await writer?.stop()
    await started?.stop()
  } finally {
    throwAway(dataDirectory)
  }
}, 300_000)

/** Process id of PostgreSQL's sender of changes. */
async function sender(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: string }>(
    "SELECT active_pid::text AS pid FROM pg_replication_slots WHERE slot_name = 'debezium_slot'",
  )
  return Number(rows[0]?.pid)
}

/** Rows flow before, during and after; then the path works again. */
async function killAndRecover(kill: () => Promise<void>, isBack: () => boolean | Promise<boolean>): Promise<void> {
  const before = writer.committed
  await eventually(() => (writer.committed > before + 20 ? true : undefined), 60_000, 'rows that flow')
  await kill()
  await eventually(async () => ((await isBack()) ? true : undefined), recoveryMs, 'the killed process, started again')
  await started.awaitCaughtUp(recoveryMs)
  const after = writer.committed
  await eventually(() => (writer.committed > after ? true : undefined), 60_000, 'rows that flow again')
}

test.each(['PostgreSQL', 'Kafka', 'Kafka Connect', 'Iceberg catalog', 'delivery', 'delivery'])(
  '%s is killed and comes back while rows flow',
  async (name) => {
    const engine = started.engine(name)
    const { pid, restarts } = engine
    const before = readied.get(name) ?? 0
    if (pid === undefined) throw new Error(`${name} does not run`)
    await killAndRecover(
      async () => void process.kill(pid, 'SIGKILL'),
      // Whoever waits for the tables waits for their catalog, too.
      () => name === 'Iceberg catalog' || (readied.get(name) ?? 0) > before,
    )
    expect(engine.restarts).toBeGreaterThan(restarts)
  },
  recoveryMs * 2,
)

test(
  'the process of the Lambda function is killed and comes back while rows flow',
  async () => {
    const { functionPid: pid } = await started.delivery()
    if (pid === null) throw new Error('the function does not run')
    const { restarts } = started.engine('delivery')
    await killAndRecover(
      async () => void process.kill(pid, 'SIGKILL'),
      async () => ![null, pid].includes((await started.delivery()).functionPid),
    )
    expect(started.engine('delivery').restarts).toBe(restarts)
  },
  recoveryMs * 2,
)

test(
  "PostgreSQL's sender of changes is killed, upon which PostgreSQL ends all sessions, while rows flow",
  async () => {
    const pid = await started.atSource(sender)
    const { restarts } = started.engine('PostgreSQL')
    await killAndRecover(
      async () => void process.kill(pid, 'SIGKILL'),
      async () => (await started.atSource(sender).catch(() => pid)) !== pid,
    )
    expect(started.engine('PostgreSQL').restarts).toBe(restarts)
  },
  recoveryMs * 2,
)

test('afterwards every table equals its source, and no record failed', async () => {
  await writer.stop()
  expect(writer.committed).toBeGreaterThan(200)
  const report = await started.verify()
  expect(report.tables.filter(({ differences, problem }) => problem ?? Object.values(differences).some((count) => count > 0))).toEqual([])
  expect(report.equal).toBe(true)
  expect(report.tables.map(({ table, sourceRows }) => `${table} ${sourceRows > 20}`)).toEqual([
    'public.orders true',
    'public.products true',
    'cdc.canary false',
  ])
  expect(filesBelow(started.run.state.failedRecords)).toEqual([])
}, 240_000)

test('stopping leaves nothing behind', async () => {
  await started.stop()
  expect(await leftBehind(dataDirectory)).toEqual([])
}, 300_000)
