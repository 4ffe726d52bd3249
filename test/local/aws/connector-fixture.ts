import type { CreateConnectorRequest } from '@aws-sdk/client-kafkaconnect'
import { mskConnectService } from '../../../local/aws/msk-connect.ts'
import type { ConnectWorkers } from '../../../local/aws/place.ts'
import { scalarText } from '../../../local/cloudformation/json.ts'
import { type FakeConnect, serveConnect } from './kafka-connect.ts'
import { inline, type PlaceFixture, placeFixture, type Served, trust } from './place.ts'

export const connectorName = 'aurora-cdc-debezium'
const roleArn = 'arn:aws:iam::111122223333:role/connect'

/** An account with all that a connector refers to, and MSK Connect over a Kafka Connect in memory. */
export interface ConnectorFixture {
  readonly fixture: PlaceFixture
  readonly served: Served
  readonly connect: FakeConnect
  /** What CreateConnector takes for a connector that is accepted. */
  readonly request: CreateConnectorRequest
  /** Deploys the stack with this plugin and worker configuration. @returns their ARNs */
  deploy(plugin?: string, worker?: string): Promise<{ readonly plugin: string; readonly worker: string }>
  close(): Promise<void>
}

/**
 * @param uri of a Kafka Connect; unless given, of one in memory
 * @param workers that are started and stopped; unless given, they are always there
 */
export async function connectorFixture(uri?: string, workers?: ConnectWorkers): Promise<ConnectorFixture> {
  const connect = await serveConnect()
  const fixture = await placeFixture({ engines: { connectUri: () => uri ?? connect.uri, ...(workers && { workers }) } })
  const { account } = fixture.place
  fixture.fixture.asset('plugin')
  const deploy = async (plugin = 'a', worker = 'a') => {
    await fixture.fixture.deploy({ connect: template(plugin, worker) }, account)
    const output = (name: string) => scalarText(account.stacks.connect?.outputs[name]?.value)
    return { plugin: output('Plugin'), worker: output('Worker') }
  }
  const { plugin, worker } = await deploy()
  const group = account.find('AWS::EC2::SecurityGroup')[0]?.physicalId ?? ''
  return {
    fixture,
    connect,
    served: await fixture.serve({ kafkaconnect: mskConnectService(fixture.place) }),
    deploy,
    request: {
      connectorName,
      capacity: { provisionedCapacity: { mcuCount: 1, workerCount: 1 } },
      connectorConfiguration: {
        'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Kafka Connect's placeholder
        'database.password': '${secretsmanager:debezium:password}',
        'database.sslmode': 'require',
        'topic.creation.default.replication.factor': '2',
      },
      kafkaCluster: {
        apacheKafkaCluster: {
          bootstrapServers: '127.0.0.1:9098',
          vpc: { subnets: ['subnet-0123456789abcdef0'], securityGroups: [group] },
        },
      },
      kafkaClusterClientAuthentication: { authenticationType: 'IAM' },
      kafkaClusterEncryptionInTransit: { encryptionType: 'TLS' },
      kafkaConnectVersion: '3.7.x',
      logDelivery: { workerLogDelivery: { cloudWatchLogs: { enabled: true, logGroup: '/aws/msk-connect/aurora-cdc' } } },
      plugins: [{ customPlugin: { customPluginArn: plugin, revision: 1 } }],
      workerConfiguration: { workerConfigurationArn: worker, revision: 1 },
      serviceExecutionRoleArn: roleArn,
    },
    async close() {
      await fixture.close()
      await connect.close()
    },
  }
}

function template(plugin: string, worker: string) {
  const content = `key.converter=a\nvalue.converter=b\nconfig.providers=secretsmanager\n# ${worker}\n`
  const own = { UpdateReplacePolicy: 'Retain', DeletionPolicy: 'Delete' }
  return {
    Resources: {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: { RoleName: 'connect', AssumeRolePolicyDocument: trust('kafkaconnect.amazonaws.com'), Policies: [inline([])] },
      },
      Group: {
        Type: 'AWS::EC2::SecurityGroup',
        Properties: { GroupName: 'workers', GroupDescription: 'workers', VpcId: 'vpc-0123456789abcdef0' },
      },
      LogGroup: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/aws/msk-connect/aurora-cdc' } },
      Plugin: {
        Type: 'AWS::KafkaConnect::CustomPlugin',
        ...own,
        Properties: {
          Name: `aurora-cdc-debezium-${plugin}`,
          ContentType: 'ZIP',
          Location: { S3Location: { BucketArn: 'arn:aws:s3:::assets', FileKey: 'plugin.zip' } },
        },
      },
      Worker: {
        Type: 'AWS::KafkaConnect::WorkerConfiguration',
        ...own,
        Properties: { Name: `aurora-cdc-worker-${worker}`, PropertiesFileContent: Buffer.from(content).toString('base64') },
      },
    },
    Outputs: {
      Plugin: { Value: { 'Fn::GetAtt': ['Plugin', 'CustomPluginArn'] } },
      Worker: { Value: { 'Fn::GetAtt': ['Worker', 'WorkerConfigurationArn'] } },
    },
  }
}
