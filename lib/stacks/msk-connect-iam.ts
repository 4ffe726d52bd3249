import { CfnDeletionPolicy, CfnOutput, RemovalPolicy } from 'aws-cdk-lib'
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnCustomPlugin, CfnWorkerConfiguration } from 'aws-cdk-lib/aws-kafkaconnect'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Asset } from 'aws-cdk-lib/aws-s3-assets'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { topicReplicas } from '../../pipeline/broker-properties.ts'
import { workerProperties } from '../../pipeline/connector.ts'
import { changeEventTopic, heartbeatTopic, logicalMessageTopic, offsetsTopic } from '../../pipeline/names.ts'
import { acknowledgeWildcards } from '../acknowledge.ts'
import { connectorArn, kafkaResourceArn } from '../arns.ts'
import { DeploymentStack, type StackSettings } from '../deployment-stack.ts'
import { decryptSecrets } from '../keys.ts'
import { vpcNetworking, vpcNetworkingWildcards } from '../vpc-networking.ts'

/** Only the beginning of the group's name is documented; no other connector is on this cluster. */
const workerGroups = '__amazon_msk_connect_*'

const allow = (actions: string[], resources: string[]) => new PolicyStatement({ actions, resources })

/** What the connector runs with: its role, its log group, its plugin and its worker configuration. The connector itself is the state machine's. */
export class CdcMskConnectIam extends DeploymentStack {
  constructor(scope: Construct, { deployment, plugin }: StackSettings) {
    super(scope, 'CdcMskConnectIam', deployment, 'Role, log group, plugin and worker configuration of the Debezium connector')
    const { names } = this
    const asset = new Asset(this, 'PluginObject', { path: plugin })
    const role = new Role(this, 'Role', {
      roleName: names.connectRole,
      description: 'Service execution role of the Debezium connector',
      assumedBy: new ServicePrincipal('kafkaconnect.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': deployment.account },
          ArnLike: { 'aws:SourceArn': connectorArn(this, names.connector) },
        },
      }),
      inlinePolicies: {
        Kafka: new PolicyDocument({ statements: this.kafka() }),
        Secret: new PolicyDocument({ statements: this.secret() }),
        Plugin: new PolicyDocument({ statements: [allow(['s3:GetObject'], [asset.bucket.arnForObjects(asset.s3ObjectKey)])] }),
        Network: new PolicyDocument({ statements: vpcNetworking(this, deployment) }),
      },
    })
    acknowledgeWildcards(role, [
      [this.kafkaArn('topic', this.internal), "MSK Connect draws the ids in the names of the connector's own topics"],
      [this.kafkaArn('group', workerGroups), 'MSK Connect draws the name of the group of its workers, on a cluster of our own'],
      ...vpcNetworkingWildcards(this),
    ])
    const logGroup = new LogGroup(this, 'LogGroup', {
      logGroupName: names.connectLogGroup,
      retention: deployment.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const customPlugin = new CfnCustomPlugin(this, 'Plugin', {
      name: names.plugin(asset.assetHash),
      description: 'Debezium for PostgreSQL with the configuration provider for secrets',
      contentType: 'ZIP',
      location: { s3Location: { bucketArn: asset.bucket.bucketArn, fileKey: asset.s3ObjectKey } },
    })
    const properties = workerProperties({ region: deployment.region, replicationFactor: topicReplicas(deployment.kafka) })
    const content = Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('')
    const worker = new CfnWorkerConfiguration(this, 'WorkerConfiguration', {
      name: names.workerConfiguration(content),
      description: 'Converters, offsets topic, configuration provider and producer limits',
      propertiesFileContent: Buffer.from(content).toString('base64'),
    })
    for (const resource of [customPlugin, worker]) {
      // The connector still runs with the old one when CloudFormation has made the new one: the state machine moves it, then deletes the old one.
      resource.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN
      resource.cfnOptions.deletionPolicy = CfnDeletionPolicy.DELETE
    }
    new StringParameter(this, 'PluginArn', {
      parameterName: names.pluginArnParameter,
      description: 'ARN of the plugin that the connector should run',
      stringValue: customPlugin.attrCustomPluginArn,
    })
    new StringParameter(this, 'WorkerConfigurationArn', {
      parameterName: names.workerConfigurationArnParameter,
      description: 'ARN of the worker configuration that the connector should run with',
      stringValue: worker.attrWorkerConfigurationArn,
    })
    new CfnOutput(this, 'ConnectorLogGroup', { value: logGroup.logGroupName, description: 'What the connector and its worker log' })
  }

  private get cluster(): string {
    return StringParameter.valueForStringParameter(this, this.names.clusterArnParameter)
  }

  /** `__amazon_msk_connect_<offsets|status|configs>_<connector>_<id>` */
  private get internal(): string {
    return `__amazon_msk_connect_*_${this.names.connector}_*`
  }

  private kafkaArn(kind: 'topic' | 'group', name: string): string {
    return kafkaResourceArn(this, this.cluster, kind, name)
  }

  /** https://docs.aws.amazon.com/msk/latest/developerguide/msk-connect-service-execution-role.html */
  private kafka(): PolicyStatement[] {
    const topic = (name: string) => this.kafkaArn('topic', name)
    return [
      allow(['kafka-cluster:Connect', 'kafka-cluster:DescribeCluster', 'kafka-cluster:WriteDataIdempotently'], [this.cluster]),
      allow(
        ['kafka-cluster:CreateTopic', 'kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData', 'kafka-cluster:WriteData'],
        [topic(this.internal), topic(offsetsTopic)],
      ),
      // Kafka Connect refuses an offsets topic that forgets offsets after a while; without the right to look, it does not look.
      allow(['kafka-cluster:DescribeTopicDynamicConfiguration'], [topic(this.internal), topic(offsetsTopic)]),
      allow(
        ['kafka-cluster:CreateTopic', 'kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData'],
        [changeEventTopic, heartbeatTopic, logicalMessageTopic].map(topic),
      ),
      allow(['kafka-cluster:AlterGroup', 'kafka-cluster:DescribeGroup'], [this.kafkaArn('group', workerGroups)]),
    ]
  }

  private secret(): PolicyStatement[] {
    const { debezium, kmsKey } = this.deployment.secrets
    return [allow(['secretsmanager:GetSecretValue'], [debezium]), ...decryptSecrets(this, kmsKey)]
  }
}
