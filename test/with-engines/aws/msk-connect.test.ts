import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateConnectorCommand,
  DeleteConnectorCommand,
  DescribeConnectorCommand,
  DescribeConnectorOperationCommand,
  KafkaConnectClient,
  ListConnectorsCommand,
  UpdateConnectorCommand,
} from '@aws-sdk/client-kafkaconnect'
import { Client } from 'pg'
import { type Capture, startCapture } from '../../../local/engines/capture.ts'
import { connectorStatus } from '../../../local/engines/connector.ts'
import { postgresCredentials } from '../../../local/engines/credentials.ts'
import { connectorProperties } from '../../../pipeline/connector.ts'
import { canaryTable, connectorName, replicationSlot } from '../../../pipeline/names.ts'
import { createPublicationStatements, grantStatements, ownSchemaStatements, publishedTables } from '../../../pipeline/source-sql.ts'
import { type ConnectorFixture, connectorFixture } from '../../local/aws/connector-fixture.ts'

// MSK Connect's stand-in in front of a real Kafka Connect with Debezium and PostgreSQL, by the deployment's properties: TLS required, three replicas.

const tables = [{ schema: 'public', name: 'item' }]
let directory: string
let capture: Capture
let source: Client
let it: ConnectorFixture
let client: KafkaConnectClient

const properties = (secretName = 'aurora/debezium') =>
  connectorProperties({
    tables,
    database: { hostname: '127.0.0.1', port: capture.postgres.port, name: 'app', sslmode: 'require', secretName },
    topics: { replicationFactor: 3, retentionHours: 168 },
  })

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'msk-connect-'))
  chmodSync(directory, 0o755)
  capture = await startCapture({ dataDirectory: directory, database: 'app', secretName: 'aurora/debezium' })
  source = new Client({ connectionString: capture.postgres.url })
  await source.connect()
  const { user } = postgresCredentials(directory).debezium
  const statements = [
    'CREATE TABLE public.item (id integer PRIMARY KEY, name text)',
    ...ownSchemaStatements(),
    ...createPublicationStatements(publishedTables(tables)),
    ...grantStatements(user, [...tables, canaryTable], 'attribute'),
  ]
  for (const statement of statements) await source.query(statement)
  it = await connectorFixture(capture.connect.uri)
  client = new KafkaConnectClient(it.served.client())
}, 300_000)

afterAll(async () => {
  await source?.end()
  await it?.close()
  await capture?.stop()
  rmSync(directory, { recursive: true, force: true })
}, 60_000)

const create = async (connectorConfiguration: Record<string, string>) =>
  (await client.send(new CreateConnectorCommand({ ...it.request, connectorConfiguration }))).connectorArn ?? ''

/** Looks until the connector has left that state, as time passes at AWS. */
async function after(state: string, connectorArn: string) {
  for (let looks = 0; looks < 120; looks++) {
    const described = await client.send(new DescribeConnectorCommand({ connectorArn }))
    if (described.connectorState !== state) return described
    it.fixture.pass(60)
    await sleep(500)
  }
  throw new Error(`the connector is ${state} after 60 s`)
}

async function removed(connectorArn: string): Promise<void> {
  await client.send(new DeleteConnectorCommand({ connectorArn }))
  await client.send(new ListConnectorsCommand({}))
  it.fixture.pass(120)
  expect((await client.send(new ListConnectorsCommand({}))).connectors).toEqual([])
}

test('a connector with a secret that does not exist ends FAILED', async () => {
  const arn = await create(properties('aurora/nobody'))
  const { connectorState, stateDescription } = await after('CREATING', arn)
  expect([connectorState, stateDescription?.message]).toEqual(['FAILED', expect.stringMatching(/\w/)])
  await removed(arn)
}, 300_000)

test('the deployment’s connector runs, is updated, has a bad update taken back, and is made anew on its slot', async () => {
  const arn = await create(properties())
  expect(await after('CREATING', arn)).toMatchObject({ connectorState: 'RUNNING', connectorConfiguration: properties() })
  expect((await connectorStatus(capture.connect.uri, connectorName))?.tasks).toMatchObject([{ state: 'RUNNING' }])

  const update = async (connectorConfiguration: Record<string, string>) => {
    const { currentVersion } = await client.send(new DescribeConnectorCommand({ connectorArn: arn }))
    const { connectorOperationArn } = await client.send(
      new UpdateConnectorCommand({ connectorArn: arn, currentVersion, connectorConfiguration }),
    )
    await after('UPDATING', arn)
    return await client.send(new DescribeConnectorOperationCommand({ connectorOperationArn }))
  }
  expect(await update({ ...properties(), 'poll.interval.ms': '60' })).toMatchObject({ connectorOperationState: 'UPDATE_COMPLETE' })
  const bad = await update({ ...properties(), 'max.batch.size': '0' })
  expect(bad).toMatchObject({ connectorOperationState: 'UPDATE_FAILED', errorInfo: { code: 'InvalidInput.InvalidConnectorConfiguration' } })
  expect(await client.send(new DescribeConnectorCommand({ connectorArn: arn }))).toMatchObject({
    connectorState: 'RUNNING',
    connectorConfiguration: { 'poll.interval.ms': '60' },
  })

  await removed(arn)
  const again = await create(properties())
  expect(await after('CREATING', again)).toMatchObject({ connectorState: 'RUNNING' })
  const { rows } = await source.query('SELECT slot_name FROM pg_replication_slots')
  expect(rows).toEqual([{ slot_name: replicationSlot }])
}, 300_000)
