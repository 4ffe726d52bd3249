import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { type KafkaDecision, kafkaDecisions, kafkaDenials } from '../../../local/aws/kafka-denials.ts'
import type { Template } from '../../../local/cloudformation/template.ts'
import { kafkaSource } from '../../../local/delivery/source/kafka-source.ts'
import type { PartitionSource } from '../../../local/delivery/source/partition-source.ts'
import { awaitRunning, putConnector } from '../../../local/engines/connector.ts'
import { changeEventTopic, logicalMessageTopic } from '../../../pipeline/names.ts'
import { synthesized } from '../../lib/synthesized.ts'
import { withoutAction } from '../../local/aws/without-action.ts'
import { names, type RolesRun, startRolesRun } from './roles-run.ts'

const fixture = join(import.meta.dirname, '..', '..', 'fixtures', 'authorization', 'kafka-decisions.json')

let run: RolesRun
let templates: Record<string, Template>

beforeAll(async () => {
  templates = synthesized()
  run = await startRolesRun()
}, 300_000)

afterAll(() => run?.stop(), 60_000)

const brokerLog = () => readFileSync(run.logFile('kafka'), 'utf8')

async function eventually(what: string, look: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`${what}: not after ${timeoutMs / 1000} s`)
    await sleep(100)
  }
}

/** Reads as the delivery does, as Firehose's role. */
function read(): { values: string[]; problems: string[]; source: PartitionSource } {
  const values: string[] = []
  const problems: string[] = []
  const login = { user: names.firehoseRole, password: run.passwords.of[names.firehoseRole] ?? '' }
  const onError = (message: string) => void problems.push(message)
  const source = kafkaSource({ bootstrap: run.roleBootstrap, topic: changeEventTopic, clientId: 'delivery', login, onError })
  void source
    .run(new Map(), async (records) => void values.push(...records.map(({ value }) => String(value))))
    .catch((error: unknown) => problems.push(String(error)))
  return { values, problems, source }
}

async function insert(id: number): Promise<void> {
  const client = new Client({ connectionString: run.postgres.url })
  await client.connect()
  await client.query('INSERT INTO public.item VALUES ($1)', [id])
  await client.end()
}

/** Names that differ from run to run stand for themselves. */
const steady = ({ name, ...decision }: KafkaDecision) => ({ ...decision, name: name.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '<id>') })

test('without ACLs a role is refused everything', async () => {
  await expect(read().source.startOffsets(undefined)).resolves.toEqual(new Map())
})

test('the worker, its connector and the delivery run with what their roles allow, and are refused nothing', async () => {
  const { created, deleted } = await run.deploy(templates)
  expect(deleted).toEqual([])
  expect(created.length).toBeGreaterThan(20)
  expect(await run.deploy(templates)).toEqual({ created: [], deleted: [] })
  const worker = await run.startWorker()
  await putConnector(worker.uri, names.connector, run.connector)
  await awaitRunning(worker.uri, names.connector)
  const { values, source } = read()
  await eventually('the initial snapshot', () => values.filter((value) => value.includes('"table":"item"')).length === 2)
  await source.stop()
  // Heartbeats come every ten seconds, with a logical message that has a topic of its own.
  await eventually('a heartbeat', () =>
    brokerLog().includes(`WRITE from host = 127.0.0.1 on resource = Topic:LITERAL:${logicalMessageTopic}`),
  )
  await worker.stop()
  await awaitRunning((await run.startWorker()).uri, names.connector)
  expect(kafkaDenials(brokerLog())).toEqual([])
  expect(run.place.decisions.list()).toContainEqual(expect.objectContaining({ action: 'secretsmanager:GetSecretValue', allowed: true }))
  const decisions = [...new Set(kafkaDecisions(brokerLog()).map((decision) => JSON.stringify(steady(decision))))].toSorted()
  // To record them again: RECORD_DECISIONS=1.
  if (process.env['RECORD_DECISIONS']) writeFileSync(fixture, `[\n${decisions.map((text) => `  ${text}`).join(',\n')}\n]\n`)
  const recorded: KafkaDecision[] = JSON.parse(readFileSync(fixture, 'utf8'))
  expect(decisions).toEqual(expect.arrayContaining(recorded.map((decision) => JSON.stringify(decision))))
}, 300_000)

test('an action that is taken from the role is refused by the broker, and named', async () => {
  const { created, deleted } = await run.deploy(withoutAction(templates, names.connectRole, 'kafka-cluster:WriteData'))
  expect(created).toEqual([])
  expect(deleted.map(({ operation }) => operation)).toContain('WRITE')
  await insert(11)
  const denial =
    `The role ${names.connectRole} is not authorized to perform kafka-cluster:WriteData on the topic ${changeEventTopic}, ` +
    'or lacks an action that this requires'
  // The worker cannot even write that its task failed: nothing but the broker tells.
  await eventually('the refusal', () => kafkaDenials(brokerLog()).includes(denial))
  expect(readFileSync(run.logFile('connect'), 'utf8')).toContain(`Not authorized to access topics: [${changeEventTopic}]`)
}, 300_000)

test('so it is for the delivery', async () => {
  await run.deploy(withoutAction(templates, names.firehoseRole, 'kafka-cluster:DescribeGroup'))
  const { values, source } = read()
  const denial = `The role ${names.firehoseRole} is not authorized to perform kafka-cluster:DescribeGroup on the group`
  await eventually('the refusal', () => kafkaDenials(brokerLog()).some((sentence) => sentence.startsWith(denial)))
  await source.stop()
  expect(values).toEqual([])
}, 300_000)

test('no password stands in a log, or among the arguments of a process', () => {
  for (const engine of ['kafka', 'connect']) {
    const log = readFileSync(run.logFile(engine), 'utf8')
    for (const password of Object.values(run.passwords.of)) expect(log).not.toContain(password)
  }
  for (const pid of [run.kafka.pid, run.workerPid()]) {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    for (const password of Object.values(run.passwords.of)) expect(commandLine).not.toContain(password)
  }
})
