import { randomBytes } from 'node:crypto'
import { KafkaConnectClient, ListConnectorsCommand, PauseConnectorCommand, ResumeConnectorCommand } from '@aws-sdk/client-kafkaconnect'
import { connectorStatus } from '../../../local/engines/connector.ts'
import { statusClients } from '../../../local/status/clients.ts'
import { type Facts } from '../../../local/status/facts.ts'
import { judge, verdictOf } from '../../../local/status/judge.ts'
import { look } from '../../../local/status/look.ts'
import { provisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { resourceNames } from '../../../pipeline/resource-names.ts'
import { capturedTables } from '../../../pipeline/tables.ts'
import { eventually } from '../whole-path/started-run.ts'
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
  const { status: ended, output, cause } = await operated.execute({ recover: 'lost-slot' })
  expect({ ended, cause }).toEqual({ ended: 'SUCCEEDED', cause: undefined })
  const { did }: { did: string[] } = JSON.parse(output ?? '{}')
  expect(did).toEqual(
    expect.arrayContaining(['noted that 2 tables lack changes', expect.stringMatching(/^removed \d+ rows? of public\.orders/)]),
  )
  expect(await unequal()).toEqual([])
  expect((await status()).verdict).toBe('green')
  // Asked again, it finds nothing lost.
  expect(JSON.parse((await operated.execute({ recover: 'lost-slot' })).output ?? '{}').already).toContain(
    'the slot debezium_slot is being read: nothing is lost',
  )
}, 400_000)
