import { GetClusterPolicyCommand, KafkaClient } from '@aws-sdk/client-kafka'
import { Kafka, logLevel } from 'kafkajs'
import { teardownDefinition } from '../../../lib/workflow/teardown.ts'
import { startWriting } from '../../../local/faults/writer.ts'
import type { Execution } from '../../../local/workflow/execution.ts'
import { offsetsTopic } from '../../../pipeline/names.ts'
import { resourceNames } from '../../../pipeline/resource-names.ts'
import { type TeardownReport, teardownInput } from '../../../pipeline/teardown.ts'
import { cutOffEverywhere } from '../provisioning/cut-off.ts'
import { runCommand, startCommand } from '../whole-path/command.ts'
import { eventually, type StartedRun, startRun } from '../whole-path/started-run.ts'
import { throwAway, throwawayFolder } from '../whole-path/throwaway.ts'
import { sampleChanges } from '../whole-path/workload.ts'

const folder = throwawayFolder()
let started: StartedRun

beforeAll(async () => {
  started = await startRun(folder)
}, 300_000)

afterAll(async () => {
  try {
    await started?.stop()
  } finally {
    throwAway(folder)
  }
}, 60_000)

async function execute(which: 'stateMachine' | 'teardownStateMachine', input: string): Promise<Execution> {
  const { account, workflow } = started.run.aws
  const { executionArn } = workflow.executions.start(
    account.arn('states', `stateMachine:${resourceNames(started.run.deployment)[which]}`),
    input,
  )
  return await workflow.executions.ended(executionArn)
}

const connector = () => resourceNames(started.run.deployment).connector
const tearDown = () => execute('teardownStateMachine', teardownInput(connector()))
const reportOf = ({ output }: Execution): TeardownReport => JSON.parse(output ?? 'null')

/** What of the pipeline is left at the source, in Kafka and at MSK. */
async function remains() {
  const { rows } = await started.atSource((client) =>
    client.query<{ what: string }>(`
      SELECT 'slot ' || slot_name AS what FROM pg_replication_slots UNION ALL SELECT 'publication ' || pubname FROM pg_publication
      UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'cdc' ORDER BY 1`),
  )
  const admin = new Kafka({ clientId: 'test', brokers: [started.run.state.kafkaBootstrap], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const topics = await admin.listTopics()
  await admin.disconnect()
  const { account, endpoint, place } = started.run.aws
  const kafka = new KafkaClient({ endpoint: endpoint.uri, region: account.region, credentials: place.principals.administrator })
  const policy = await kafka.send(new GetClusterPolicyCommand({ ClusterArn: account.find('AWS::MSK::Cluster')[0]?.arn })).then(
    () => ['cluster policy'],
    (error: Error) => (error.name === 'NotFoundException' ? [] : [error.name]),
  )
  kafka.destroy()
  const workers = started.run.processes.running.filter(({ name }) => name === 'Kafka Connect').map(({ name }) => name)
  return [...rows.map(({ what }) => what), ...topics.filter((name) => name === offsetsTopic), ...policy, ...workers]
}

/** The rows of both samples at the source and in Iceberg: without the canary nothing tells when all has arrived, so they are compared at once. */
async function bothSides() {
  const columns = { orders: 'order_id, status, total_amount', products: 'product_id, product_name, stock_quantity' }
  const sides = { source: [] as unknown[], iceberg: [] as unknown[] }
  for (const [table, names] of Object.entries(columns)) {
    const text = names.split(', ').map((name) => `CAST(${name} AS varchar)`)
    const sql = (from: string) => `SELECT concat_ws('|', ${text.join(', ')}) FROM ${from} ORDER BY 1`
    const { rows } = await started.atSource((client) => client.query<unknown[]>({ text: sql(`public.${table}`), rowMode: 'array' }))
    sides.source.push(rows.flat().map(String).toSorted())
    sides.iceberg.push((await started.query(sql(`$.${table}`))).flat().map(String).toSorted())
  }
  return sides
}

const everything = ['publication dbz_publication', 'schema cdc', 'slot debezium_slot', offsetsTopic, 'cluster policy', 'Kafka Connect']

test('another input changes nothing, nor does a teardown while the provisioning runs, which Ctrl-C does not stop', async () => {
  expect(await execute('teardownStateMachine', '{}')).toMatchObject({ status: 'FAILED', error: 'TeardownNotConfirmed' })
  const watching = startCommand(['provision', '--local', '--data', folder])
  const [executionArn = ''] = await watching.wrote(/^arn:\S+:execution:\S+$/m)
  watching.signal('SIGINT')
  expect(await watching.ended).toBe(130)
  expect(watching.output).toContain(`the execution goes on. To watch it again: npm run provision -- --local --watch ${executionArn}`)
  const { executions } = started.run.aws.workflow
  // Before that it would see the teardown, and both would refuse to begin.
  const isUnderWay = () => executions.describe(executionArn).events.some(({ type }) => type === 'TaskStateExited')
  await eventually(() => (isUnderWay() ? true : undefined), 60_000, 'the request was checked')
  expect(await tearDown()).toMatchObject({ status: 'FAILED', error: 'ProvisioningRunning' })
  expect(await executions.ended(executionArn)).toMatchObject({ status: 'SUCCEEDED' })
  expect(await remains()).toEqual(everything)
}, 300_000)

test('everything that was committed before arrives, and nothing is left', async () => {
  const writer = startWriting(started.run.source.url, sampleChanges(7), 2)
  await eventually(() => (writer.committed > 100 ? true : undefined), 60_000, 'a hundred transactions')
  await writer.stop()
  const { code, output, errors } = await runCommand(['provision', '--local', '--data', folder, '--tear-down'])
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  const [executionArn = ''] = /^arn:\S+:execution:\S+$/m.exec(output) ?? []
  const down = started.run.aws.workflow.executions.describe(executionArn)
  expect({ status: down.status, error: down.error, cause: down.cause }).toEqual({ status: 'SUCCEEDED' })
  const report = reportOf(down)
  expect(report).toMatchObject({ outcome: 'the pipeline is down', undelivered: null })
  expect(report.did).toEqual([
    `deleted the connector ${connector()}`,
    'dropped the replication slot debezium_slot',
    'dropped the publication dbz_publication',
    "dropped the schema cdc with the pipeline's own tables",
    `deleted the topic ${offsetsTopic}`,
    'deleted the cluster policy, which held nothing but the statement for Firehose',
  ])
  expect(report.kept.map(({ what }) => what)).toContain('3 Iceberg tables of aurora-cdc-tables/aurora_cdc')
  expect(report.next.at(-1)).toBe('npx cdk destroy --all')
  expect(await remains()).toEqual([])
  const { source, iceberg } = await bothSides()
  expect(iceberg).toEqual(source)
}, 300_000)

test('taken down again, it says that nothing was to be done', async () => {
  const again = await tearDown()
  expect(again).toMatchObject({ status: 'SUCCEEDED' })
  const { outcome, did, undelivered } = reportOf(again)
  expect({ outcome, did, undelivered }).toEqual({ outcome: 'nothing was to be done: the pipeline is down', did: [], undelivered: null })
}, 60_000)

test('provisioned again, it begins with a snapshot of what the source has by then', async () => {
  await started.atSource((client) =>
    client.query(`INSERT INTO public.orders (order_id, customer_id, order_date, total_amount, status) SELECT n, 1, 'today', 1, 'while down' FROM generate_series(90001, 90200) n;
      UPDATE public.products SET stock_quantity = stock_quantity + 1000`),
  )
  // Of rows that are not in Iceberg: one that is there, and is deleted while nothing captures it, stays there.
  const writer = startWriting(started.run.source.url, sampleChanges(8, 5000), 10)
  const up = await execute('stateMachine', '{}')
  await writer.stop()
  expect({ status: up.status, error: up.error, cause: up.cause }).toEqual({ status: 'SUCCEEDED' })
  expect(await remains()).toEqual(everything)
  expect(await started.verify()).toMatchObject({ equal: true })
}, 300_000)

test('cut off after each state, and with each step killed in the middle, it comes to the same', async () => {
  const { stoppedAfter, killedIn, last } = await cutOffEverywhere(started.run, teardownInput(connector()), 'teardownStateMachine')
  const tasks = Object.entries(teardownDefinition((step) => step).States).flatMap(([name, { Type }]) => (Type === 'Task' ? [name] : []))
  // There are no grants where IAM governs the catalog; and after the last task an execution has ended before it can be stopped.
  const spared = new Set(['Revoke the grants of the pipeline', 'Report what was removed'])
  expect(tasks.filter((name) => !stoppedAfter.includes(name) && !spared.has(name))).toEqual([])
  expect(killedIn.length).toBeGreaterThan(10)
  expect(reportOf(last).did).toEqual([])
  expect(await remains()).toEqual([])
}, 240_000)
