import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { openTopic } from '../../../local/faults/topic.ts'
import { readRun } from '../../../local/run/state.ts'
import { type RunningCommand, runCommand, startCommand } from './command.ts'
import { eventually } from './started-run.ts'
import { leftBehind, leftBehindAfter, throwAway, throwawayFolder } from './throwaway.ts'

const dataDirectory = throwawayFolder()
const running: RunningCommand[] = []
const once = ['start', '--once', '--data', dataDirectory]
/** When the tables were as before the walkthrough, as the first run printed it. */
let before = ''

afterAll(async () => {
  try {
    for (const command of running) command.signal('SIGTERM')
    await Promise.all(running.map(({ ended }) => ended))
  } finally {
    throwAway(dataDirectory)
  }
}, 60_000)

function start(...args: string[]): RunningCommand {
  const command = startCommand(['start', '--data', dataDirectory, ...args])
  running.push(command)
  return command
}

const sql = async (query: string): Promise<unknown> => {
  const { code, output, errors } = await runCommand(['sql', '--data', dataDirectory, '--json', query])
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  return JSON.parse(output)
}

/** How often each kind of change event of each table is on the topic of the run. */
async function changeEvents(): Promise<Record<string, number>> {
  const run = readRun(dataDirectory)
  if (!run) throw new Error('nothing runs')
  const topic = await openTopic(run.kafkaBootstrap)
  try {
    const counts: Record<string, number> = {}
    for (const value of await topic.read()) {
      const { op, source }: { op: string; source: { table: string } } = JSON.parse(String(value))
      const kind = `${op} ${source.table}`
      counts[kind] = (counts[kind] ?? 0) + 1
    }
    return counts
  } finally {
    await topic.close()
  }
}

test('npm start -- --once shows the walkthrough in plain lines, ends with exit code 0, and leaves nothing behind', async () => {
  const { code, output, errors } = await runCommand(once)
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(output).not.toContain('\u001b')
  for (const stage of ['PostgreSQL', 'Kafka', 'Kafka Connect', 'Deploy the stacks', 'Delivery', 'Provisioning']) {
    expect(output).toMatch(new RegExp(`^done    ${stage} \\(\\d+\\.\\d s\\)$`, 'm'))
  }
  expect(output.match(/^Equal: /gm)).toHaveLength(2)
  expect(output).not.toContain('≠')
  expect(output).toContain('✓ public.orders → orders: 10 rows, 10 in Iceberg: equal')
  expect(output).toContain('✓ public.products → products: 8 rows, 8 in Iceberg: equal')
  before = /FOR TIMESTAMP AS OF (TIMESTAMP '[^']+')/.exec(output)?.[1] ?? ''
  expect(await leftBehind(dataDirectory)).toEqual([])
}, 300_000)

test('after it stopped, sql answers with a catalog of its own, and travels in time', async () => {
  const bucket = '"s3tablescatalog/aurora-cdc-tables"."aurora_cdc"'
  const question = (asOf: string) =>
    `SELECT count(*) AS orders, sum(CASE status WHEN 'SHIPPED' THEN 1 ELSE 0 END) AS shipped FROM ${bucket}."orders"${asOf}`
  expect(await sql(`${question('')} UNION ALL ${question(` FOR TIMESTAMP AS OF ${before}`)}`)).toEqual([
    { orders: '10', shipped: '2' },
    { orders: '7', shipped: '2' },
  ])
  expect(await leftBehind(dataDirectory)).toEqual([])
}, 60_000)

test('a killed npm start leaves nothing behind either', async () => {
  const command = start()
  await command.wrote(/Streaming\./)
  expect(command.output).toContain('The walkthrough was done by an earlier run.')
  const run = readRun(dataDirectory)
  if (!run) throw new Error('nothing runs')
  process.kill(run.process.pid, 'SIGKILL')
  expect(await command.ended).toBe(137)
  expect(await leftBehindAfter(dataDirectory, 12_000)).toEqual([])
}, 300_000)

test('when only the process that the user started is killed, the rest ends by itself', async () => {
  const command = start()
  await command.wrote(/^done {4}PostgreSQL/m)
  command.signal('SIGKILL')
  expect(await leftBehindAfter(dataDirectory, 20_000)).toEqual([])
}, 300_000)

test('the next run goes on: no second initial snapshot, no second walkthrough; sql and verify find it; Ctrl-C ends it', async () => {
  const command = start()
  await command.wrote(/Streaming\./)
  const counts = await changeEvents()
  expect(counts).toMatchObject({
    'r orders': 7,
    'r products': 7,
    'c orders': 3,
    'u orders': 2,
    'c products': 2,
    'u products': 3,
    'd products': 1,
  })

  const second = await runCommand(once)
  expect({ ...second, errors: second.errors.trimEnd().split('\n') }).toEqual({
    code: 2,
    output: '',
    errors: [expect.stringMatching(/^DataFolderUnusable: The data folder \S+ is in use by another run \(process \d+\): .+\.$/)],
  })
  expect(await sql('SELECT count(*) AS orders FROM orders')).toEqual([{ orders: '10' }])
  expect(await runCommand(['verify', '--data', dataDirectory])).toMatchObject({ code: 0, output: expect.stringMatching(/^Equal: /m) })

  command.signal('SIGINT')
  expect(await command.ended).toBe(130)
  expect(await leftBehind(dataDirectory)).toEqual([])
}, 300_000)

test('Ctrl-C in the middle of the start ends it cleanly', async () => {
  const command = start('--reset')
  await command.wrote(/^done {4}PostgreSQL/m)
  command.signal('SIGINT')
  expect(await command.ended).toBe(130)
  expect(command.errors).toBe('')
  expect(command.output).not.toContain('Provisioning')
  expect(await leftBehind(dataDirectory)).toEqual([])
}, 300_000)

/** A connection to the source of a run, as soon as its changes stream: a transaction before that would keep the slot from being created. */
async function connectToSource(): Promise<Client> {
  const pgpass = join(dataDirectory, 'pgpass')
  const ports = join(dataDirectory, 'ports.json')
  return eventually(
    async () => {
      if (!existsSync(pgpass)) return undefined
      const [, , , user, password] = readFileSync(pgpass, 'utf8').trimEnd().split(':')
      const { postgres: port }: { postgres: number } = JSON.parse(readFileSync(ports, 'utf8'))
      const client = new Client({ host: '127.0.0.1', port, user, password, database: 'shop' })
      client.on('error', () => {})
      try {
        await client.connect()
        const { rowCount } = await client.query('SELECT FROM pg_replication_slots WHERE active')
        if (rowCount) return client
      } catch {
        // Not there yet.
      }
      await client.end().catch(() => {})
      return undefined
    },
    240_000,
    'streaming',
  )
}

test('Ctrl-C in the middle of the walkthrough ends it, and the next run does the rest', async () => {
  const command = start('--once')
  // The walkthrough waits for this row.
  const client = await connectToSource()
  await client.query("BEGIN; SELECT FROM public.products WHERE product_name = 'Headphones' FOR UPDATE")
  await command.wrote(/Headphones and Desk Lamps are sold/)
  command.signal('SIGINT')
  expect(await command.ended).toBe(130)
  // The folder was emptied: everything began again.
  expect(command.output).toContain('Both tables after the initial snapshot:')
  expect(await leftBehind(dataDirectory)).toEqual([])
  await client.end().catch(() => {})

  const { code, output, errors } = await runCommand(once)
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(output).toContain('Both tables where the last run left the walkthrough:')
  expect(output).not.toContain('Three orders come in')
  expect(output).toContain('Headphones and Desk Lamps are sold')
  expect(output).toContain('✓ public.products → products: 8 rows, 8 in Iceberg: equal')
  expect(await leftBehind(dataDirectory)).toEqual([])
}, 600_000)
