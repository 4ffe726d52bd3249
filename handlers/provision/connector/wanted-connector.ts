import type { CreateConnectorRequest, DescribeConnectorResponse } from '@aws-sdk/client-kafkaconnect'
import type { ProvisioningEnvironment, ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'

/** The connector as it should be, in the words of CreateConnector. */
export function wantedConnector(
  { connector }: Pick<ProvisioningPlan, 'connector'>,
  environment: ProvisioningEnvironment,
  bootstrapServers: string,
): CreateConnectorRequest {
  return {
    connectorName: connector.name,
    connectorDescription: 'Change events of Aurora PostgreSQL, by Debezium',
    // Provisioned: autoscaling would set tasks.max, and Debezium has one task.
    capacity: { provisionedCapacity: { ...connector.capacity } },
    connectorConfiguration: { ...connector.properties },
    kafkaCluster: {
      apacheKafkaCluster: {
        bootstrapServers,
        vpc: { subnets: [...connector.subnets], securityGroups: [environment.workerSecurityGroup] },
      },
    },
    kafkaClusterClientAuthentication: { authenticationType: connector.authentication === 'iam' ? 'IAM' : 'NONE' },
    kafkaClusterEncryptionInTransit: { encryptionType: 'TLS' },
    kafkaConnectVersion: connector.kafkaConnectVersion,
    logDelivery: { workerLogDelivery: { cloudWatchLogs: { enabled: true, logGroup: connector.logGroup } } },
    // Neither can be changed once made, so the first revision is the only one.
    plugins: [{ customPlugin: { customPluginArn: environment.pluginArn, revision: 1 } }],
    workerConfiguration: { workerConfigurationArn: environment.workerConfigurationArn, revision: 1 },
    serviceExecutionRoleArn: connector.roleArn,
  }
}

type Described = Pick<
  DescribeConnectorResponse,
  | 'capacity'
  | 'connectorConfiguration'
  | 'kafkaCluster'
  | 'kafkaClusterClientAuthentication'
  | 'kafkaClusterEncryptionInTransit'
  | 'kafkaConnectVersion'
  | 'logDelivery'
  | 'plugins'
  | 'serviceExecutionRoleArn'
  | 'workerConfiguration'
>

export interface Differences {
  /** What no update can change: the connector has to be made anew. In words. */
  readonly fixed: readonly string[]
  /** Names of properties that differ; never their values. */
  readonly properties: readonly string[]
  readonly capacity: boolean
}

/** How a connector differs from the wanted one. https://docs.aws.amazon.com/msk/latest/developerguide/mkc-update-connector.html */
export function differences(wanted: CreateConnectorRequest, is: Described): Differences {
  const before = is.connectorConfiguration ?? {}
  const after = wanted.connectorConfiguration ?? {}
  const properties = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name])
  const parts: [string, unknown, unknown][] = [
    ['plugin', pluginOf(wanted), pluginOf(is)],
    ['worker configuration', wanted.workerConfiguration?.workerConfigurationArn, is.workerConfiguration?.workerConfigurationArn],
    ['role', wanted.serviceExecutionRoleArn, is.serviceExecutionRoleArn],
    ['Kafka Connect version', wanted.kafkaConnectVersion, is.kafkaConnectVersion],
    ['network', networkOf(wanted), networkOf(is)],
    [
      'authentication',
      `${wanted.kafkaClusterClientAuthentication?.authenticationType}/${wanted.kafkaClusterEncryptionInTransit?.encryptionType}`,
      `${is.kafkaClusterClientAuthentication?.authenticationType}/${is.kafkaClusterEncryptionInTransit?.encryptionType}`,
    ],
    ['log group', logGroupOf(wanted), logGroupOf(is)],
  ]
  const fixed = parts.filter(([, wish, has]) => wish !== has).map(([what]) => what)
  if (!sharesBroker(wanted, is)) fixed.push('cluster')
  if (properties.includes('connector.class')) fixed.push('connector class')
  const [wish, has] = [wanted.capacity?.provisionedCapacity, is.capacity?.provisionedCapacity]
  return { fixed, properties, capacity: wish?.mcuCount !== has?.mcuCount || wish?.workerCount !== has?.workerCount }
}

function pluginOf({ plugins }: Described): string | undefined {
  return plugins?.[0]?.customPlugin?.customPluginArn
}

function networkOf({ kafkaCluster }: Described): string {
  const vpc = kafkaCluster?.apacheKafkaCluster?.vpc
  return [vpc?.subnets, vpc?.securityGroups].map((ids) => (ids ?? []).toSorted().join(',')).join(' ')
}

function logGroupOf({ logDelivery }: Described): string | undefined {
  const logs = logDelivery?.workerLogDelivery?.cloudWatchLogs
  return logs?.enabled === true ? logs.logGroup : undefined
}

/** MSK names three brokers at random: any that is in both lists is enough to reach the cluster. */
function sharesBroker(wanted: Described, is: Described): boolean {
  const brokers = ({ kafkaCluster }: Described) => (kafkaCluster?.apacheKafkaCluster?.bootstrapServers ?? '').split(',')
  const known = new Set(brokers(is))
  return brokers(wanted).some((broker) => known.has(broker))
}
