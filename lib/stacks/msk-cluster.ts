import { CfnOutput, RemovalPolicy, Token } from 'aws-cdk-lib'
import { CfnScalableTarget, CfnScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling'
import { CfnSecurityGroup, CfnSecurityGroupIngress } from 'aws-cdk-lib/aws-ec2'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { CfnCluster, CfnConfiguration } from 'aws-cdk-lib/aws-msk'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { brokerProperties } from '../../pipeline/broker-properties.ts'
import { DeploymentStack, type StackSettings } from '../deployment-stack.ts'

/** Ports of an MSK broker. https://docs.aws.amazon.com/msk/latest/developerguide/port-info.html */
const ports = { iam: 9098, unauthenticated: 9094 } as const
/** Each broker behind multi-VPC connectivity (PrivateLink) gets a port of this range for IAM. */
const privateLinkPorts = { from: 14001, to: 14100 } as const
/** Of a broker's disk, in percent: grown before Kafka runs out, and rarely, because a volume can be grown only every six hours. */
const storageTarget = 60

/**
 * The MSK cluster, its configuration, and the security groups of brokers and MSK Connect workers. Multi-VPC connectivity is never in this template: MSK refuses it at
 * creation, and what is in no template is in no update of one (docs/decisions/0044).
 */
export class CdcMskCluster extends DeploymentStack {
  constructor(scope: Construct, { deployment }: StackSettings) {
    super(scope, 'CdcMskCluster', deployment, 'Kafka cluster that carries the change events')
    const { kafka, network, kmsKey } = deployment
    const brokers = this.securityGroups()
    const configuration = new CfnConfiguration(this, 'Configuration', {
      name: this.names.cluster,
      description: 'Broker properties of the change event cluster',
      serverProperties: Object.entries(brokerProperties(kafka))
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    })
    const logGroup = new LogGroup(this, 'BrokerLogs', {
      logGroupName: this.names.clusterLogGroup,
      retention: deployment.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const cluster = new CfnCluster(this, 'Cluster', {
      clusterName: this.names.cluster,
      kafkaVersion: kafka.version,
      numberOfBrokerNodes: kafka.brokers,
      brokerNodeGroupInfo: {
        instanceType: kafka.brokerType,
        clientSubnets: network.subnets,
        securityGroups: [brokers.attrGroupId],
        storageInfo: { ebsStorageInfo: { volumeSize: kafka.storageGiB } },
      },
      clientAuthentication: { sasl: { iam: { enabled: true } }, unauthenticated: { enabled: kafka.authentication === 'unauthenticated' } },
      encryptionInfo: {
        encryptionInTransit: { clientBroker: 'TLS', inCluster: true },
        ...(kmsKey !== undefined && { encryptionAtRest: { dataVolumeKmsKeyId: kmsKey } }),
      },
      // The latest revision, not 1: else a changed property would never reach the brokers.
      configurationInfo: { arn: configuration.attrArn, revision: Token.asNumber(configuration.attrLatestRevisionRevision) },
      enhancedMonitoring: 'PER_TOPIC_PER_BROKER',
      loggingInfo: { brokerLogs: { cloudWatchLogs: { enabled: true, logGroup: logGroup.logGroupName } } },
    })
    new StringParameter(this, 'ClusterArn', {
      parameterName: this.names.clusterArnParameter,
      description: 'ARN of the change event cluster, for the stacks that use it',
      stringValue: cluster.attrArn,
    })
    this.growStorage(cluster.attrArn)
    new CfnOutput(this, 'MskClusterArn', { value: cluster.attrArn, description: 'ARN of the cluster' })
  }

  /** https://docs.aws.amazon.com/msk/latest/developerguide/msk-autoexpand.html */
  private growStorage(clusterArn: string): void {
    const target = new CfnScalableTarget(this, 'Storage', {
      serviceNamespace: 'kafka',
      scalableDimension: 'kafka:broker-storage:VolumeSize',
      resourceId: clusterArn,
      minCapacity: 1,
      maxCapacity: this.deployment.kafka.maximumStorageGiB,
    })
    new CfnScalingPolicy(this, 'StorageGrowth', {
      policyName: `${this.names.cluster}-storage`,
      policyType: 'TargetTrackingScaling',
      scalingTargetId: target.ref,
      targetTrackingScalingPolicyConfiguration: {
        predefinedMetricSpecification: { predefinedMetricType: 'KafkaBrokerStorageUtilization' },
        targetValue: storageTarget,
        // Storage of a broker cannot shrink.
        disableScaleIn: true,
      },
    })
  }

  /** Brokers admit the workers, the Aurora cluster and PrivateLink; Aurora admits the workers. Nothing else is let in. */
  private securityGroups(): CfnSecurityGroup {
    const { kafka, network, aurora } = this.deployment
    const group = (id: string, groupDescription: string) => new CfnSecurityGroup(this, id, { groupDescription, vpcId: network.vpc })
    const brokers = group('BrokerSecurityGroup', 'Kafka brokers')
    const workers = group('WorkerSecurityGroup', 'MSK Connect workers')
    const admit = (id: string, groupId: string, port: number, sourceSecurityGroupId: string, description: string) =>
      new CfnSecurityGroupIngress(this, id, {
        groupId,
        ipProtocol: 'tcp',
        fromPort: port,
        toPort: port,
        sourceSecurityGroupId,
        description,
      })
    const brokerPorts = kafka.authentication === 'iam' ? [ports.iam] : [ports.iam, ports.unauthenticated]
    for (const port of brokerPorts) {
      admit(`BrokersFromWorkers${port}`, brokers.attrGroupId, port, workers.attrGroupId, 'MSK Connect workers')
      admit(`BrokersFromAurora${port}`, brokers.attrGroupId, port, aurora.securityGroup, 'Hosts in the security group of Aurora')
    }
    network.cidrs.forEach((cidrIp, index) => {
      const { from: fromPort, to: toPort } = privateLinkPorts
      const description = 'Firehose by PrivateLink'
      new CfnSecurityGroupIngress(this, `BrokersFromPrivateLink${index}`, {
        groupId: brokers.attrGroupId,
        ipProtocol: 'tcp',
        fromPort,
        toPort,
        cidrIp,
        description,
      })
    })
    admit('AuroraFromWorkers', aurora.securityGroup, aurora.port, workers.attrGroupId, 'MSK Connect workers')
    new StringParameter(this, 'WorkerSecurityGroupId', {
      parameterName: this.names.workerSecurityGroupParameter,
      description: 'Security group of the MSK Connect workers',
      stringValue: workers.attrGroupId,
    })
    return brokers
  }
}
