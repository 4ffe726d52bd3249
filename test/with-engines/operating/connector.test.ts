import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KafkaConnectClient, ListConnectorsCommand, PauseConnectorCommand, ResumeConnectorCommand } from '@aws-sdk/client-kafkaconnect'
import { readAssembly } from '../../../local/cloudformation/assembly.ts'
import { deployAssembly } from '../../../local/cloudformation/deploy.ts'
import { scalarText } from '../../../local/cloudformation/json.ts'
import { synthesize } from '../../../local/cloudformation/synthesize.ts'
import { connectorStatus } from '../../../local/engines/connector.ts'
import { enginesDirectory } from '../../../local/engines/paths.ts'
import { openTopic } from '../../../local/faults/topic.ts'
import { statusClients } from '../../../local/status/clients.ts'
import { type Facts } from '../../../local/status/facts.ts'
import { judge, verdictOf } from '../../../local/status/judge.ts'
import { look } from '../../../local/status/look.ts'
import { provisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { resourceNames } from '../../../pipeline/resource-names.ts'
import { capturedTables } from '../../../pipeline/tables.ts'
import { eventually } from '../whole-path/started-run.ts'
import { throwAway, throwawayFolder } from '../whole-path/throwaway.ts'
import { type OperatedRun, operate } from './operated-run.ts'

let operated: OperatedRun
let client: KafkaConnectClient
beforeAll(async () => {
  operated = await operate()
  client = new KafkaConnectClient(address())
}, 400_000)
afterAll(async () => {
  client?.destroy()
  await operated?.end()
}, 300_000)

function address() {
  const { account, endpoint, place } = operated.current.run.aws
  return { region: account.region, endpoint: endpoint.uri, credentials: place.principals.administrator }
}

const atSource = (sql: string, parameters: unknown[] = []) => operated.current.atSource((source) => source.query(sql, parameters))
const connectorArn = async () => (await client.send(new ListConnectorsCommand({}))).connectors?.[0]?.connectorArn ?? ''
const stateOf = async () => (await client.send(new ListConnectorsCommand({}))).connectors?.[0]?.connectorState
const hasState = (state: string) => eventually(async () => ((await stateOf()) === state ? true : undefined), 60_000, state)
const unequal = async () =>
  (await operated.current.verify()).tables.filter(
    ({ differences, problem }) => problem ?? Object.values(differences).some((one) => one > 0),
  )

/** As `npm run status` does. */
async function status(counts = false): Promise<{ verdict: string; red: string[]; facts: Facts }> {
  const { run } = operated.current
  const { deployment } = run
  const now = new Date()
  const clients = statusClients(address())
  try {
    const facts = await look({
      clients,
      plan: provisioningPlan(deployment, capturedTables(run.declared)),
      stateMachine: run.aws.account.arn('states', `stateMachine:${resourceNames(deployment).stateMachine}`),
      counts,
      now,
    })
    const judging = { bufferingSeconds: deployment.buffering.intervalSeconds, provision: '', region: deployment.region, now }
    const hops = judge(facts, judging)
    const red = hops.flatMap(({ name, next }) => next.map(({ heading }) => `${name}: ${heading}`))
    return { verdict: verdictOf(hops), red, facts }
  } finally {
    for (const one of Object.values(clients)) one.destroy()
  }
}

test('the status of a run that streams is green, and counts the rows of every table', async () => {
  await operated.current.awaitCaughtUp(120_000)
  const { verdict, red, facts } = await status(true)
  expect({ verdict, red }).toEqual({ verdict: 'green', red: [] })
  expect(facts.source).toMatchObject({ found: { active: true, walStatus: 'reserved' } })
  const tables = facts.tables && 'found' in facts.tables ? facts.tables.found : []
  expect(tables.map(({ source }) => source).toSorted()).toEqual(['public.orders', 'public.products'])
  for (const { rows, changedAt } of tables) {
    expect(Number(rows)).toBeGreaterThan(0)
    expect(Date.now() - Date.parse(changedAt ?? '')).toBeLessThan(10 * 60_000)
  }
}, 200_000)

test('while the connector is paused the status is red and says so; what is written meanwhile arrives once it is resumed', async () => {
  await client.send(new PauseConnectorCommand({ connectorArn: await connectorArn() }))
  await hasState('PAUSED')
  expect(await status()).toMatchObject({ verdict: 'red', red: ['connector: ConnectorPaused'] })
  await atSource(`INSERT INTO public.orders (order_id, status) VALUES (900001, 'while paused')`)
  await client.send(new ResumeConnectorCommand({ connectorArn: await connectorArn() }))
  await hasState('RUNNING')
  expect(await unequal()).toEqual([])
  expect((await status()).verdict).toBe('green')
}, 300_000)

test('a rotated secret restarts the connector, which logs in with it and goes on', async () => {
  const { aws, deployment } = operated.current.run
  const { secrets, engines } = aws.place
  const secret = secrets.find(({ arn }) => arn === deployment.secrets.debezium)
  const password = randomBytes(12).toString('hex')
  await atSource(`ALTER ROLE "${secret?.value['username']}" PASSWORD '${password}'`)
  Object.assign(secret?.value ?? {}, { password })
  const readers = async () => (await atSource('SELECT active_pid FROM pg_replication_slots')).rows[0]?.active_pid
  const before = await readers()
  aws.workflow.secretRotated(deployment.secrets.debezium)
  await eventually(async () => ((await readers()) !== before ? true : undefined), 60_000, 'another session of the connector')
  await hasState('RUNNING')
  // The old password is no use any more: a login since is one with the new.
  await atSource(`INSERT INTO public.orders (order_id, status) VALUES (900002, 'rotated')`)
  expect(await unequal()).toEqual([])
  expect((await connectorStatus(engines.connectUri(), resourceNames(deployment).connector))?.tasks).toMatchObject([{ state: 'RUNNING' }])
}, 300_000)

/** As a new release of this software would be: the plugin has another file, and the worker configuration another setting. */
async function deployAnother(folder: string): Promise<void> {
  const { run } = operated.current
  const [pluginFile, outputDirectory] = [join(folder, 'plugin.zip'), join(folder, 'cdk.out')]
  copyFileSync(join(enginesDirectory, 'plugin', 'debezium-postgres-plugin.zip'), pluginFile)
  writeFileSync(join(folder, 'added.txt'), 'another version')
  execFileSync('jar', ['ufM', pluginFile, '-C', folder, 'added.txt'])
  await synthesize({ outputDirectory, deploymentFile: run.paths.deployment, tablesFile: run.state.tablesFile, pluginFile })
  const assembly = readAssembly(outputDirectory)
  const stack = assembly.stacks.find(({ name }) => name === 'CdcMskConnectIam')
  const worker = Object.values(stack?.template.Resources ?? {}).find(({ Type }) => Type === 'AWS::KafkaConnect::WorkerConfiguration')
  const before = Buffer.from(scalarText(worker?.Properties?.['PropertiesFileContent']), 'base64').toString()
  const content = before.replace('offset.flush.interval.ms=1000\n', 'offset.flush.interval.ms=1500\n')
  expect(content).not.toBe(before)
  Object.assign(worker?.Properties ?? {}, {
    Name: resourceNames(run.deployment).workerConfiguration(content),
    PropertiesFileContent: Buffer.from(content).toString('base64'),
  })
  await deployAssembly(assembly, run.aws.account)
}

const connectLog = () => readFileSync(join(operated.current.run.paths.logs, 'connect.log'), 'utf8')
const workerProperty = (name: string) =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(readFileSync(join(operated.current.run.paths.connect, 'worker.properties'), 'utf8'))?.[1] ?? ''

/** Change events that snapshots made. */
async function snapshotReads(): Promise<number> {
  const topic = await openTopic(operated.current.run.state.kafkaBootstrap)
  try {
    return (await topic.read()).filter((value) => JSON.parse(String(value)).op === 'r').length
  } finally {
    await topic.close()
  }
}

test('a new plugin and another worker setting make the connector anew, which goes on without a snapshot, also when it was cut off in between', async () => {
  const folder = throwawayFolder()
  try {
    const snapshots = async () => (await atSource('SELECT * FROM cdc.snapshots ORDER BY 1, 2')).rows
    const [recorded, reads, logged, committed] = [await snapshots(), await snapshotReads(), connectLog().length, operated.writer.committed]
    const formerPlugin = workerProperty('plugin.path')
    await deployAnother(folder)
    const [cutOff] = await operated.interrupt({}, ['Ensure the connector'])
    const deleted = cutOff?.events.flatMap(({ stateExitedEventDetails: left }) =>
      left?.['name'] === 'Ensure the connector' ? [String(left['output'])] : [],
    )
    expect(deleted?.join()).toContain('deleted the connector aurora-cdc-debezium, which had another plugin, worker configuration')
    expect(['DELETING', undefined]).toContain(await stateOf())
    await atSource(`INSERT INTO public.orders (order_id, status) VALUES (900004, 'without a connector')`)
    const { status: ended, output, cause } = await operated.execute({})
    expect({ ended, cause }).toEqual({ ended: 'SUCCEEDED', cause: undefined })
    expect(JSON.parse(output ?? '{}').did).toEqual([
      'created the connector aurora-cdc-debezium',
      expect.stringMatching(/^deleted the former plugin aurora-cdc-debezium-/),
      expect.stringMatching(/^deleted the former worker configuration aurora-cdc-worker-/),
    ])
    // The worker that runs has what was deployed.
    expect(workerProperty('plugin.path')).not.toBe(formerPlugin)
    expect(existsSync(join(workerProperty('plugin.path'), 'plugin', 'added.txt'))).toBe(true)
    expect(existsSync(formerPlugin)).toBe(false)
    expect(workerProperty('offset.flush.interval.ms')).toBe('1500')
    // It found the offsets, and took no snapshot.
    expect(
      connectLog()
        .slice(logged)
        .match(/Snapshot ended with SnapshotResult \[status=\w+/g),
    ).toEqual(['Snapshot ended with SnapshotResult [status=SKIPPED'])
    expect(await snapshots()).toEqual(recorded)
    expect(await snapshotReads()).toBe(reads)
    expect(operated.writer.committed).toBeGreaterThan(committed + 20)
    expect(await unequal()).toEqual([])
  } finally {
    throwAway(folder)
  }
}, 400_000)

test('a slot that was dropped is named, and recovered from: what was missed is there, and what vanished is gone', async () => {
  await operated.current.awaitCaughtUp(120_000)
  await client.send(new PauseConnectorCommand({ connectorArn: await connectorArn() }))
  await hasState('PAUSED')
  await atSource(
    `DELETE FROM public.orders WHERE order_id = 900001; INSERT INTO public.orders (order_id, status) VALUES (900003, 'missed')`,
  )
  await eventually(
    async () => {
      await atSource('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL')
      return await atSource('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots').then(
        () => true,
        () => undefined,
      )
    },
    30_000,
    'the slot is dropped',
  )
  expect((await status()).red).toContain('source: SlotLost')
  expect(await operated.execute({})).toMatchObject({ status: 'FAILED', error: 'SlotLost', cause: expect.stringContaining('lost-slot') })
  // Another one under the name makes up for nothing: Debezium cannot go on from it, and the execution says why.
  await atSource("SELECT pg_create_logical_replication_slot('debezium_slot', 'pgoutput')")
  await client.send(new ResumeConnectorCommand({ connectorArn: await connectorArn() }))
  await hasState('RUNNING')
  expect(await operated.execute({})).toMatchObject({
    status: 'FAILED',
    error: 'SlotLost',
    cause: expect.stringContaining('another one was made under its name'),
  })
  const recover = { recover: 'lost-slot' }
  await operated.interrupt(recover, ['Forget the lost slot'])
  const { status: ended, output, cause } = await operated.execute(recover)
  expect({ ended, cause }).toEqual({ ended: 'SUCCEEDED', cause: undefined })
  const { did }: { did: string[] } = JSON.parse(output ?? '{}')
  expect(did).toEqual(
    expect.arrayContaining(['noted that 2 tables lack changes', expect.stringMatching(/^removed \d+ rows? of public\.orders/)]),
  )
  expect(await unequal()).toEqual([])
  expect((await status()).verdict).toBe('green')
  // Asked again, it finds nothing lost.
  expect(JSON.parse((await operated.execute(recover)).output ?? '{}').already).toContain(
    'the slot debezium_slot is being read: nothing is lost',
  )
}, 400_000)
