import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { awaitSnapshot, type SnapshotAnswer } from '../../../handlers/provision/await-snapshot.ts'
import { checkSource } from '../../../handlers/provision/check-source.ts'
import { ensureSource } from '../../../handlers/provision/ensure-source.ts'
import type { StepPlace } from '../../../handlers/provision/step.ts'
import { cloudWatchLogsService } from '../../../local/aws/cloudwatch-logs.ts'
import { type AwsEndpoint, serveAws, withoutAccount } from '../../../local/aws/endpoint.ts'
import { rdsDataService } from '../../../local/aws/rds-data.ts'
import { type Capture, startCapture } from '../../../local/engines/capture.ts'
import { awaitRunning, putConnector } from '../../../local/engines/connector.ts'
import { postgresCredentials } from '../../../local/engines/credentials.ts'
import { ensureTopic } from '../../../local/engines/kafka.ts'
import { connectSource } from '../../../local/source/connection.ts'
import { connectorProperties } from '../../../pipeline/connector.ts'
import { changeEventTopic, connectorName } from '../../../pipeline/names.ts'
import { grantStatements } from '../../../pipeline/source-sql.ts'
import { capturedTables, parseTables } from '../../../pipeline/tables.ts'
import { asked, place as unitPlace } from '../../handlers/provision/asked.ts'
import { type PlaceFixture, placeFixture } from '../../local/aws/place.ts'

const secretName = 'aurora/debezium'
const { plan } = unitPlace
const tables = capturedTables(
  parseTables({
    tables: ['one', 'two'].map((name) => ({ schema: 'public', name, columns: [{ name: 'id', type: 'integer' }], primaryKey: ['id'] })),
  }),
)

let dataDirectory: string
let capture: Capture
let account: PlaceFixture
let endpoint: AwsEndpoint
let place: StepPlace

beforeAll(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'snapshot-'))
  chmodSync(dataDirectory, 0o755)
  capture = await startCapture({ dataDirectory, database: 'app', secretName })
  const logsDirectory = join(dataDirectory, 'logs')
  account = await placeFixture({ engines: { logsDirectory, postgresUrl: () => capture.postgres.url } })
  const Properties = { LogGroupName: plan.connector.logGroup }
  await account.fixture.deploy({ logs: { Resources: { Log: { Type: 'AWS::Logs::LogGroup', Properties } } } }, account.place.account)
  const { administrator, debezium } = postgresCredentials(dataDirectory)
  const secret = (arn: string, { user, password }: { user: string; password: string }) => ({
    name: arn,
    arn,
    value: { username: user, password },
  })
  const secrets = [secret(plan.source.preparationSecret, administrator), secret(plan.source.debeziumSecret, debezium)]
  const services = {
    logs: cloudWatchLogsService(account.place),
    'rds-data': rdsDataService({ engines: account.place.engines, secrets }, plan.source),
  }
  endpoint = await serveAws(services, { access: withoutAccount })
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint.uri,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  })
  place = { ...unitPlace, now: () => new Date(), plan: { ...plan, tables, source: { ...plan.source, database: 'app' } } }
  const client = await connectSource(capture.postgres.url)
  await client.query('CREATE TABLE public.one (id int PRIMARY KEY); CREATE TABLE public.two (id int PRIMARY KEY)')
  await client.query('INSERT INTO public.one SELECT generate_series(1, 40000); INSERT INTO public.two SELECT generate_series(1, 1234)')
  const captured = tables.filter(({ schema }) => schema === 'public')
  // What a database administrator does before: the last one is about the pipeline's own table, which is not there yet.
  for (const grant of grantStatements(debezium.user, captured, 'attribute').filter((sql) => !sql.includes('"cdc"')))
    await client.query(grant)
  await client.end()
  await ensureTopic(capture.kafka.bootstrap, { name: changeEventTopic, partitions: 1, retentionHours: 168 })
}, 300_000)

afterAll(async () => {
  await endpoint?.close()
  await account?.close()
  await capture?.stop()
  rmSync(dataDirectory, { recursive: true })
})

/** Asks as the state machine does, with a pause between. */
async function untilReady(startTime: Date): Promise<SnapshotAnswer[]> {
  const answers: SnapshotAnswer[] = []
  const { execution, ...rest } = asked<SnapshotAnswer>()
  do {
    const request = { ...rest, execution: { ...execution, StartTime: startTime.toISOString() }, previous: answers.at(-1) ?? null }
    answers.push(await awaitSnapshot(request, place))
    await sleep(200)
  } while (!answers.at(-1)?.ready)
  return answers
}

test('the end of a real initial snapshot is seen, with its tables and rows; a later execution knows that it was made', async () => {
  const began = new Date()
  await checkSource(asked(), place)
  await ensureSource(asked(), place)
  await checkSource(asked(), place)
  const properties = connectorProperties({
    tables,
    database: { hostname: '127.0.0.1', port: capture.postgres.port, name: 'app', sslmode: 'disable', secretName },
    topics: { replicationFactor: 1, retentionHours: 168 },
  })
  await putConnector(capture.connect.uri, connectorName, properties)
  await awaitRunning(capture.connect.uri, connectorName)
  const answers = await untilReady(began)
  expect(answers.at(-1)).toMatchObject({
    seen: 'the initial snapshot is complete (3 of 3 tables, 41,234 rows), and the slot is being read',
    progress: { phase: 'completed', tables: 3, of: 3, rows: 41_234 },
  })
  // A connector's clock is given a minute.
  const later = await untilReady(new Date(Date.now() + 60_000))
  expect(later.map(({ seen }) => seen)).toEqual([
    expect.stringContaining('the slot debezium_slot is being read'),
    'the slot is being read, and nothing was logged of a snapshot: it was made before',
  ])
  // While the connector reads its slot, the source is still as it should be.
  await checkSource(asked(), place)
}, 300_000)
