import { differences, wantedConnector } from '../../../../handlers/provision/connector/wanted-connector.ts'
import { place } from '../asked.ts'
import { brokers, described, wanted } from './connector-answers.ts'

test('the wanted connector is made of the plan and of what AWS drew', () => {
  expect(wanted).toMatchObject({
    connectorName: place.plan.connector.name,
    capacity: { provisionedCapacity: { mcuCount: 1, workerCount: 1 } },
    connectorConfiguration: place.plan.connector.properties,
    kafkaCluster: {
      apacheKafkaCluster: { bootstrapServers: brokers, vpc: { subnets: place.plan.connector.subnets, securityGroups: ['sg-1'] } },
    },
    kafkaClusterClientAuthentication: { authenticationType: 'IAM' },
    kafkaClusterEncryptionInTransit: { encryptionType: 'TLS' },
    plugins: [{ customPlugin: { customPluginArn: 'plugin' } }],
    workerConfiguration: { workerConfigurationArn: 'worker-configuration' },
    serviceExecutionRoleArn: place.plan.connector.roleArn,
    kafkaConnectVersion: '3.7.x',
  })
})

test('an unauthenticated connector is encrypted all the same', () => {
  const { connector } = place.plan
  expect(wantedConnector({ connector: { ...connector, authentication: 'unauthenticated' } }, place.environment, brokers)).toMatchObject({
    kafkaClusterClientAuthentication: { authenticationType: 'NONE' },
    kafkaClusterEncryptionInTransit: { encryptionType: 'TLS' },
  })
})

test('none of the connector’s settings holds a password', () => {
  expect(JSON.stringify(wanted)).not.toMatch(/"database\.password":"(?!\$\{secretsmanager:)/)
})

const same = { fixed: [], properties: [], capacity: false }

test('a connector as wanted does not differ, whatever the order of brokers, subnets and properties', () => {
  expect(differences(wanted, described())).toEqual(same)
  const { bootstrapServers, vpc } = wanted.kafkaCluster?.apacheKafkaCluster ?? {}
  const reversed = {
    connectorConfiguration: Object.fromEntries(Object.entries(wanted.connectorConfiguration ?? {}).toReversed()),
    kafkaCluster: {
      apacheKafkaCluster: {
        bootstrapServers: bootstrapServers?.split(',').toReversed().join(','),
        vpc: { ...vpc, subnets: vpc?.subnets?.toReversed() },
      },
    },
  }
  expect(differences(wanted, described(reversed))).toEqual(same)
})

test('other brokers of the same cluster are no difference, those of another one are', () => {
  const at = (bootstrapServers: string) => ({
    kafkaCluster: { apacheKafkaCluster: { ...wanted.kafkaCluster?.apacheKafkaCluster, bootstrapServers } },
  })
  expect(differences(wanted, described(at('b-2.c.kafka.us-east-1.amazonaws.com:9098,b-3.c.kafka.us-east-1.amazonaws.com:9098')))).toEqual(
    same,
  )
  expect(differences(wanted, described(at('b-1.other:9098')))).toEqual({ ...same, fixed: ['cluster'] })
})

test.each<[string, Parameters<typeof described>[0]]>([
  ['plugin', { plugins: [{ customPlugin: { customPluginArn: 'former', revision: 1 } }] }],
  ['worker configuration', { workerConfiguration: { workerConfigurationArn: 'former', revision: 1 } }],
  ['worker configuration', { workerConfiguration: undefined }],
  ['role', { serviceExecutionRoleArn: 'arn:aws:iam::111122223333:role/former' }],
  ['Kafka Connect version', { kafkaConnectVersion: '2.7.1' }],
  [
    'network',
    {
      kafkaCluster: {
        apacheKafkaCluster: {
          bootstrapServers: brokers,
          vpc: { subnets: place.plan.connector.subnets.slice(1), securityGroups: ['sg-1'] },
        },
      },
    },
  ],
  [
    'network',
    {
      kafkaCluster: {
        apacheKafkaCluster: { bootstrapServers: brokers, vpc: { subnets: [...place.plan.connector.subnets], securityGroups: ['sg-2'] } },
      },
    },
  ],
  ['authentication', { kafkaClusterClientAuthentication: { authenticationType: 'NONE' } }],
  ['authentication', { kafkaClusterEncryptionInTransit: { encryptionType: 'PLAINTEXT' } }],
  ['log group', { logDelivery: { workerLogDelivery: { cloudWatchLogs: { enabled: false } } } }],
])('another %s cannot be changed by an update', (what, change) => {
  expect(differences(wanted, described(change))).toEqual({ ...same, fixed: [what] })
})

test('properties that changed, came or went are named, without their values', () => {
  const { 'poll.interval.ms': _gone, ...rest } = wanted.connectorConfiguration ?? {}
  const properties = { ...rest, 'max.batch.size': '1', former: 'value' }
  expect(new Set(differences(wanted, described({ connectorConfiguration: properties })).properties)).toEqual(
    new Set(['poll.interval.ms', 'max.batch.size', 'former']),
  )
  expect(
    differences(wanted, described({ connectorConfiguration: { ...wanted.connectorConfiguration, 'connector.class': 'Former' } })),
  ).toMatchObject({
    fixed: ['connector class'],
  })
})

test('capacity differs by itself', () => {
  expect(differences(wanted, described({ capacity: { provisionedCapacity: { mcuCount: 2, workerCount: 1 } } }))).toEqual({
    ...same,
    capacity: true,
  })
  expect(differences(wanted, described({ capacity: { autoScaling: { mcuCount: 1 } } }))).toEqual({ ...same, capacity: true })
})
