import { GetBootstrapBrokersCommand, KafkaClient } from '@aws-sdk/client-kafka'
import {
  BadRequestException,
  ConflictException,
  CreateConnectorCommand,
  DeleteConnectorCommand,
  DeleteCustomPluginCommand,
  DeleteWorkerConfigurationCommand,
  DescribeConnectorCommand,
  DescribeConnectorOperationCommand,
  type DescribeConnectorResponse,
  KafkaConnectClient,
  ListConnectorsCommand,
  ListCustomPluginsCommand,
  ListWorkerConfigurationsCommand,
  NotFoundException,
  UpdateConnectorCommand,
} from '@aws-sdk/client-kafkaconnect'
import { mockClient } from 'aws-sdk-client-mock'
import type { ConnectorAnswer } from '../../../handlers/provision/connector/converge.ts'
import { ensureConnector } from '../../../handlers/provision/ensure-connector.ts'
import { asked, clusterArn, place, waitedFor } from './asked.ts'
import { arn, brokers, described, summary, wanted } from './connector/connector-answers.ts'

const kafka = mockClient(KafkaClient)
const kafkaConnect = mockClient(KafkaConnectClient)
const { name } = place.plan.connector
const operationArn = `arn:aws:kafkaconnect:us-east-1:111122223333:connector-operation/${name}/0a/0b`

beforeEach(() => {
  kafka.reset()
  kafkaConnect.reset()
  kafka
    .on(GetBootstrapBrokersCommand, { ClusterArn: clusterArn })
    .resolves({ BootstrapBrokerStringSaslIam: brokers, BootstrapBrokerStringTls: 'b-1.c:9094' })
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [] })
  kafkaConnect.on(CreateConnectorCommand).resolves({ connectorArn: arn, connectorName: name, connectorState: 'CREATING' })
  kafkaConnect.on(DeleteConnectorCommand).resolves({ connectorArn: arn, connectorState: 'DELETING' })
  kafkaConnect.on(UpdateConnectorCommand).resolves({ connectorArn: arn, connectorState: 'UPDATING', connectorOperationArn: operationArn })
  kafkaConnect.on(ListCustomPluginsCommand).resolves({ customPlugins: [] })
  kafkaConnect.on(ListWorkerConfigurationsCommand).resolves({ workerConfigurations: [] })
})

function there(change: Partial<DescribeConnectorResponse> = {}): void {
  kafkaConnect
    .on(ListConnectorsCommand)
    .resolves({ connectors: [{ ...summary(), connectorName: `${name}-2`, connectorArn: 'other' }, summary(change)] })
  kafkaConnect.on(DescribeConnectorCommand, { connectorArn: arn }).resolves(described(change))
}

const refusal = (message: string) => ({ message, $metadata: { httpStatusCode: 400 } })
const changing = new Set(['CreateConnectorCommand', 'UpdateConnectorCommand', 'DeleteConnectorCommand'])
const changed = () =>
  kafkaConnect.calls().flatMap(({ args: [command] }) => (changing.has(command.constructor.name) ? [command.constructor.name] : []))
const withProperty = (property: string, value: string) => ({
  connectorConfiguration: { ...wanted.connectorConfiguration, [property]: value },
})

test('a connector that is not there is created', async () => {
  expect(await ensureConnector(asked(), place)).toMatchObject({ ready: true, did: [`created the connector ${name}`], connectorArn: arn })
  expect(kafkaConnect.commandCalls(CreateConnectorCommand).map(({ args: [{ input }] }) => input)).toEqual([wanted])
  expect(kafkaConnect.commandCalls(ListConnectorsCommand)[0]?.args[0].input).toMatchObject({ connectorNamePrefix: name })
})

test('unauthenticated workers get the brokers’ TLS listener, which is the only other one', async () => {
  const { connector } = place.plan
  const unauthenticated = { ...place, plan: { ...place.plan, connector: { ...connector, authentication: 'unauthenticated' as const } } }
  await ensureConnector(asked(), unauthenticated)
  expect(kafkaConnect.commandCalls(CreateConnectorCommand)[0]?.args[0].input).toMatchObject({
    kafkaCluster: { apacheKafkaCluster: { bootstrapServers: 'b-1.c:9094' } },
    kafkaClusterClientAuthentication: { authenticationType: 'NONE' },
  })
})

test('without brokers for the authentication nothing is created', async () => {
  kafka.on(GetBootstrapBrokersCommand).resolves({ BootstrapBrokerStringTls: 'b-1.c:9094' })
  await expect(ensureConnector(asked(), place)).rejects.toMatchObject({
    name: 'BrokersUnknown',
    message: expect.stringContaining(clusterArn),
  })
  expect(changed()).toEqual([])
})

test.each(['RUNNING', 'CREATING'] as const)('one that is %s as wanted is left alone', async (connectorState) => {
  there({ connectorState })
  expect(await ensureConnector(asked(), place)).toMatchObject({
    ready: true,
    did: [],
    already: [expect.stringContaining(name)],
    connectorArn: arn,
  })
  expect(changed()).toEqual([])
})

test('one of a longer name is another one, and pages are read to the end', async () => {
  kafkaConnect
    .on(ListConnectorsCommand, { connectorNamePrefix: name })
    .resolves({ connectors: [{ ...summary(), connectorName: `${name}-2` }], nextToken: 'next' })
    .on(ListConnectorsCommand, { connectorNamePrefix: name, nextToken: 'next' })
    .resolves({ connectors: [summary()] })
  kafkaConnect.on(DescribeConnectorCommand).resolves(described())
  expect(await ensureConnector(asked(), place)).toMatchObject({ ready: true, did: [] })
})

test('properties that differ are updated by the whole configuration, with the current version', async () => {
  there(withProperty('poll.interval.ms', '1'))
  expect(await ensureConnector(asked(), place)).toMatchObject({
    ready: true,
    did: [`updated 1 properties of the connector ${name}: poll.interval.ms`],
    operationArn,
  })
  expect(kafkaConnect.commandCalls(UpdateConnectorCommand).map(({ args: [{ input }] }) => input)).toEqual([
    { connectorArn: arn, currentVersion: 'K3T4TT2Z381HKD', connectorConfiguration: wanted.connectorConfiguration },
  ])
})

test('capacity comes after the properties, in an update of its own', async () => {
  const capacity = { provisionedCapacity: { mcuCount: 2, workerCount: 1 } }
  there({ ...withProperty('poll.interval.ms', '1'), capacity })
  const first = await ensureConnector(asked(), place)
  expect(first).toMatchObject({ ready: false, operationArn, connectorArn: arn })
  there({ capacity, connectorState: 'UPDATING' })
  const second = await ensureConnector(asked<ConnectorAnswer>(first), place)
  expect(second).toMatchObject({ ready: false, seen: expect.stringContaining('UPDATING'), operationArn, did: first.did })
  there({ capacity })
  kafkaConnect.on(DescribeConnectorOperationCommand).resolves({ connectorOperationState: 'UPDATE_COMPLETE' })
  const third = await ensureConnector(asked<ConnectorAnswer>(second), place)
  expect(third).toMatchObject({ ready: true, did: [...first.did, `changed the capacity of the connector ${name}`] })
  expect(kafkaConnect.commandCalls(UpdateConnectorCommand)[1]?.args[0].input).toEqual({
    connectorArn: arn,
    currentVersion: 'K3T4TT2Z381HKD',
    capacity: wanted.capacity,
  })
})

test('an update that was taken back is not begun again and again', async () => {
  there(withProperty('poll.interval.ms', '1'))
  const errorInfo = { code: 'InvalidInput.InvalidConnectorConfiguration', message: 'poll.interval.ms is too small' }
  kafkaConnect
    .on(DescribeConnectorOperationCommand, { connectorOperationArn: operationArn })
    .resolves({ connectorOperationState: 'ROLLBACK_COMPLETE', errorInfo })
  const previous: ConnectorAnswer = { ...waitedFor(5), connectorArn: arn, operationArn }
  await expect(ensureConnector(asked(previous), place)).rejects.toMatchObject({
    name: 'ConnectorUpdateFailed',
    message: expect.stringMatching(/ROLLBACK_COMPLETE.*poll\.interval\.ms is too small/),
  })
  expect(changed()).toEqual([])
})

test.each<[string, Partial<DescribeConnectorResponse>]>([
  ['had another plugin', { plugins: [{ customPlugin: { customPluginArn: 'former', revision: 1 } }] }],
  ['had another connector class', withProperty('connector.class', 'Former')],
  ['had failed', { connectorState: 'FAILED' }],
])('one that %s is deleted, and made anew once its name is free', async (why, change) => {
  there(change)
  const deleting = await ensureConnector(asked(), place)
  expect(deleting).toMatchObject({ ready: false, did: [`deleted the connector ${name}, which ${why}`] })
  expect(changed()).toEqual(['DeleteConnectorCommand'])
  there({ ...change, connectorState: 'DELETING' })
  const waiting = await ensureConnector(asked<ConnectorAnswer>(deleting), place)
  expect(waiting).toMatchObject({ ready: false, did: deleting.did, seen: expect.stringContaining('DELETING') })
  expect(changed()).toEqual(['DeleteConnectorCommand'])
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [] })
  expect(await ensureConnector(asked<ConnectorAnswer>(waiting), place)).toMatchObject({
    ready: true,
    did: [...deleting.did, `created the connector ${name}`],
  })
})

test.each(['UPDATING', 'RESTARTING', 'DELETING', 'PAUSING', 'RESUMING'] as const)(
  'while it is %s nothing is done',
  async (connectorState) => {
    there({ connectorState, ...withProperty('poll.interval.ms', '1') })
    expect(await ensureConnector(asked(), place)).toMatchObject({ ready: false, did: [], seen: expect.stringContaining(connectorState) })
    expect(changed()).toEqual([])
  },
)

test('one that is being created otherwise than wanted is waited for', async () => {
  there({ connectorState: 'CREATING', ...withProperty('poll.interval.ms', '1') })
  expect(await ensureConnector(asked(), place)).toMatchObject({ ready: false })
  expect(changed()).toEqual([])
})

test('one that somebody paused stays paused, and how to resume it is told', async () => {
  there({ connectorState: 'PAUSED' })
  await expect(ensureConnector(asked(), place)).rejects.toMatchObject({
    name: 'ConnectorPaused',
    message: expect.stringContaining(`aws kafkaconnect resume-connector --region us-east-1 --connector-arn ${arn}`),
  })
})

test('what another execution did in between is read again', async () => {
  kafkaConnect.on(CreateConnectorCommand).rejects(new ConflictException({ ...refusal('name exists'), $metadata: { httpStatusCode: 409 } }))
  expect(await ensureConnector(asked(), place)).toMatchObject({ ready: false, did: [], seen: expect.stringContaining('name exists') })
  const differing = withProperty('poll.interval.ms', '1')
  const after = [{ currentVersion: 'K2' }, { connectorState: 'UPDATING' as const }, { connectorArn: 'another' }]
  for (const change of after) {
    there(differing)
    kafkaConnect
      .on(DescribeConnectorCommand)
      .resolvesOnce(described(differing))
      .resolves(described({ ...differing, ...change }))
    if (change.connectorArn)
      kafkaConnect
        .on(ListConnectorsCommand)
        .resolvesOnce({ connectors: [summary()] })
        .resolves({ connectors: [] })
    kafkaConnect.on(UpdateConnectorCommand).rejects(new BadRequestException(refusal('in words that are documented nowhere')))
    expect(await ensureConnector(asked(), place)).toMatchObject({ ready: false, did: [] })
  }
  there(differing)
  kafkaConnect.on(UpdateConnectorCommand).rejects(new ConflictException(refusal('conflict')))
  expect(await ensureConnector(asked(), place)).toMatchObject({ ready: false, did: [] })
  kafkaConnect.on(DescribeConnectorCommand).rejects(new NotFoundException(refusal('gone')))
  kafkaConnect.on(CreateConnectorCommand).resolves({ connectorArn: arn })
  expect(await ensureConnector(asked(), place)).toMatchObject({ ready: true, did: [`created the connector ${name}`] })
})

test('any other refusal is not taken for that', async () => {
  kafkaConnect.on(CreateConnectorCommand).rejects(new BadRequestException(refusal('The log group does not exist.')))
  await expect(ensureConnector(asked(), place)).rejects.toThrow('The log group does not exist.')
  kafkaConnect.on(CreateConnectorCommand).rejects(new NotFoundException(refusal('The plugin does not exist.')))
  await expect(ensureConnector(asked(), place)).rejects.toThrow('The plugin does not exist.')
  there(withProperty('poll.interval.ms', '1'))
  kafkaConnect.on(UpdateConnectorCommand).rejects(new BadRequestException(refusal('poll.interval.ms is too small.')))
  await expect(ensureConnector(asked(), place)).rejects.toThrow('poll.interval.ms is too small.')
})

test('it is waited for an hour at most', async () => {
  there({ connectorState: 'DELETING' })
  await expect(ensureConnector(asked<ConnectorAnswer>(waitedFor(61)), place)).rejects.toMatchObject({ name: 'NotInTime' })
})

describe('plugins and worker configurations that a connector was moved away from', () => {
  const { pluginPrefix, workerConfigurationPrefix } = place.plan.connector
  const plugin = (customPluginArn: string, day: number, customPluginState: 'ACTIVE' | 'DELETING' = 'ACTIVE') => ({
    customPluginArn,
    customPluginState,
    name: `${pluginPrefix}${customPluginArn}`,
    creationTime: new Date(Date.UTC(2026, 10, day)),
  })
  const worker = (workerConfigurationArn: string, day: number) => ({
    workerConfigurationArn,
    workerConfigurationState: 'ACTIVE' as const,
    name: `${workerConfigurationPrefix}${workerConfigurationArn}`,
    creationTime: new Date(Date.UTC(2026, 10, day)),
  })
  const deleted = () => [
    ...kafkaConnect.commandCalls(DeleteCustomPluginCommand).map(({ args: [{ input }] }) => input.customPluginArn),
    ...kafkaConnect.commandCalls(DeleteWorkerConfigurationCommand).map(({ args: [{ input }] }) => input.workerConfigurationArn),
  ]

  beforeEach(() => {
    kafkaConnect.on(DeleteCustomPluginCommand).resolves({})
    kafkaConnect.on(DeleteWorkerConfigurationCommand).resolves({})
    kafkaConnect.on(ListWorkerConfigurationsCommand, { namePrefix: workerConfigurationPrefix, maxResults: 100 }).resolves({
      workerConfigurations: [worker('former', 1), worker('worker-configuration', 2), worker('next', 3)],
    })
    kafkaConnect.on(ListCustomPluginsCommand, { namePrefix: pluginPrefix, maxResults: 100 }).resolves({
      customPlugins: [plugin('used', 1), plugin('former', 1), plugin('going', 1, 'DELETING'), plugin('plugin', 2), plugin('next', 3)],
    })
  })

  const other = () => ({ ...summary(), connectorName: 'other', plugins: [{ customPlugin: { customPluginArn: 'used', revision: 1 } }] })

  test('are deleted, but not what another connector uses, nor what a deployment has just made', async () => {
    there()
    kafkaConnect.on(ListConnectorsCommand, { maxResults: 100 }).resolves({ connectors: [summary(), other()] })
    const { did } = await ensureConnector(asked(), place)
    expect(deleted()).toEqual(['former', 'former'])
    expect(did).toEqual([
      `deleted the former plugin ${pluginPrefix}former`,
      `deleted the former worker configuration ${workerConfigurationPrefix}former`,
    ])
  })

  test('stay while the connector is being moved', async () => {
    there({ plugins: [{ customPlugin: { customPluginArn: 'former', revision: 1 } }] })
    await ensureConnector(asked(), place)
    expect(deleted()).toEqual([])
  })

  test('stay where the wanted one is not listed', async () => {
    kafkaConnect.on(ListCustomPluginsCommand).resolves({ customPlugins: [plugin('former', 1)] })
    kafkaConnect.on(ListWorkerConfigurationsCommand).resolves({ workerConfigurations: [worker('former', 1)] })
    there()
    await ensureConnector(asked(), place)
    expect(deleted()).toEqual([])
  })

  test('that another execution deletes, or somebody begins to use, are no failure', async () => {
    there()
    kafkaConnect.on(ListConnectorsCommand, { maxResults: 100 }).resolves({ connectors: [summary(), other()] })
    kafkaConnect.on(DeleteCustomPluginCommand).rejects(new NotFoundException(refusal('gone')))
    kafkaConnect.on(DeleteWorkerConfigurationCommand).rejects(new ConflictException(refusal('in use')))
    expect(await ensureConnector(asked(), place)).toMatchObject({ ready: true, did: [] })
  })
})
