import { z } from 'zod'
import { forgetCluster, initialVersion } from '../../aws/msk/cluster-state.ts'
import type { JsonObject } from '../json.ts'
import { parseProperties, type ResourceContext, type ResourceProvider, refused, uuidOf } from '../provider.ts'

const flag = z.strictObject({ Enabled: z.boolean() })

const clusterShape = z.strictObject({
  ClusterName: z.string().regex(/^[a-zA-Z0-9-]{1,64}$/),
  KafkaVersion: z.string(),
  NumberOfBrokerNodes: z.int().min(1),
  BrokerNodeGroupInfo: z.strictObject({
    InstanceType: z.string(),
    ClientSubnets: z.array(z.string()).min(2).max(3),
    SecurityGroups: z.array(z.string()).min(1).optional(),
    StorageInfo: z.strictObject({ EBSStorageInfo: z.strictObject({ VolumeSize: z.int().min(1).max(16384) }) }).optional(),
    // Multi-VPC connectivity can only be switched on later; so it is no property here, and with it a template is refused.
    ConnectivityInfo: z
      .undefined(
        'multi-VPC connectivity cannot be set at creation: https://docs.aws.amazon.com/msk/latest/developerguide/mvpc-cluster-owner-action-turn-on.html',
      )
      .optional(),
  }),
  ClientAuthentication: z.strictObject({
    Sasl: z.strictObject({ Iam: flag.optional(), Scram: flag.optional() }).optional(),
    Unauthenticated: flag.optional(),
  }),
  EncryptionInfo: z.strictObject({
    EncryptionInTransit: z.strictObject({ ClientBroker: z.enum(['TLS', 'TLS_PLAINTEXT', 'PLAINTEXT']), InCluster: z.boolean() }),
    EncryptionAtRest: z.strictObject({ DataVolumeKMSKeyId: z.string() }).optional(),
  }),
  ConfigurationInfo: z.strictObject({ Arn: z.string(), Revision: z.int().min(1) }),
  EnhancedMonitoring: z.enum(['DEFAULT', 'PER_BROKER', 'PER_TOPIC_PER_BROKER', 'PER_TOPIC_PER_PARTITION']).optional(),
  LoggingInfo: z
    .strictObject({
      BrokerLogs: z.strictObject({ CloudWatchLogs: z.strictObject({ Enabled: z.boolean(), LogGroup: z.string() }).optional() }),
    })
    .optional(),
  Tags: z.record(z.string(), z.string()).optional(),
})

/** The cluster as a record; a broker of this machine stands for it. */
export const mskCluster: ResourceProvider = {
  type: 'AWS::MSK::Cluster',
  replacedBy: [
    'ClusterName',
    'BrokerNodeGroupInfo.ClientSubnets',
    'BrokerNodeGroupInfo.SecurityGroups',
    'BrokerNodeGroupInfo.BrokerAZDistribution',
    'EncryptionInfo.EncryptionAtRest',
    'EncryptionInfo.EncryptionInTransit.InCluster',
  ],
  replacementAdvice: 'another cluster would be empty: the topic and its offsets would be gone',
  identify({ ClusterName }, context) {
    const name = typeof ClusterName === 'string' ? ClusterName : context.generatedName.slice(-64)
    const arn = context.account.arn('kafka', `cluster/${name}/${uuidOf(context)}-1`)
    return { physicalId: arn, arn, key: name, attributes: { Arn: arn, CurrentVersion: initialVersion } }
  },
  async check(properties, context) {
    const cluster = parseProperties(clusterShape, properties, context)
    checkBrokers(cluster, context)
    checkConfiguration(cluster, context)
  },
  async delete({ arn }, account) {
    if (arn !== undefined) await forgetCluster(account, arn)
  },
}

function checkBrokers({ NumberOfBrokerNodes, BrokerNodeGroupInfo }: z.output<typeof clusterShape>, context: ResourceContext): void {
  const zones = BrokerNodeGroupInfo.ClientSubnets.length
  if (NumberOfBrokerNodes % zones !== 0)
    throw refused(context, `The number of broker nodes must be a multiple of Availability Zones in the Client Subnets parameter (${zones})`)
  for (const group of BrokerNodeGroupInfo.SecurityGroups ?? []) {
    const known = context.account.find('AWS::EC2::SecurityGroup').some(({ physicalId }) => physicalId === group)
    // A security group that was made elsewhere is not known here.
    if (!known && !/^sg-[0-9a-f]{8,17}$/.test(group)) throw refused(context, `The security group ${group} does not exist`)
  }
}

function checkConfiguration(
  { ConfigurationInfo, LoggingInfo }: z.output<typeof clusterShape>,
  { account, ...context }: ResourceContext,
): void {
  const configuration = account.findByArn(ConfigurationInfo.Arn)
  const latest = configuration?.attributes['LatestRevision.Revision']
  if (typeof latest !== 'number' || ConfigurationInfo.Revision > latest)
    throw refused(context, `Revision ${ConfigurationInfo.Revision} of the configuration ${ConfigurationInfo.Arn} does not exist`)
  const logs = LoggingInfo?.BrokerLogs.CloudWatchLogs
  if (logs?.Enabled && !account.find('AWS::Logs::LogGroup').some(({ physicalId }) => physicalId === logs.LogGroup))
    throw refused(context, `The log group ${logs.LogGroup} does not exist`)
}

const scalableTargetShape = z.strictObject({
  ServiceNamespace: z.literal('kafka'),
  ScalableDimension: z.literal('kafka:broker-storage:VolumeSize'),
  ResourceId: z.string(),
  // The smallest cannot be chosen: https://docs.aws.amazon.com/msk/latest/developerguide/msk-autoexpand.html
  MinCapacity: z.literal(1),
  MaxCapacity: z.int().min(1).max(16384),
  RoleARN: z.string().optional(),
})

export const scalableTarget: ResourceProvider = {
  type: 'AWS::ApplicationAutoScaling::ScalableTarget',
  replacedBy: ['ServiceNamespace', 'ScalableDimension', 'ResourceId'],
  identify(properties: JsonObject, context) {
    const { ServiceNamespace, ScalableDimension, ResourceId } = parseProperties(scalableTargetShape, properties, context)
    const id = `${ResourceId}|${ScalableDimension}|${ServiceNamespace}`
    return { physicalId: id, attributes: { Id: id } }
  },
  async check(properties, context) {
    const { ResourceId } = parseProperties(scalableTargetShape, properties, context)
    if (context.account.findByArn(ResourceId)?.type !== 'AWS::MSK::Cluster') throw refused(context, `There is no cluster ${ResourceId}`)
  },
}

const scalingPolicyShape = z.strictObject({
  PolicyName: z.string().min(1).max(256),
  PolicyType: z.literal('TargetTrackingScaling'),
  ScalingTargetId: z.string(),
  TargetTrackingScalingPolicyConfiguration: z.strictObject({
    PredefinedMetricSpecification: z.strictObject({ PredefinedMetricType: z.literal('KafkaBrokerStorageUtilization') }),
    TargetValue: z.number().min(10).max(80),
    DisableScaleIn: z.literal(true, 'storage of a broker cannot shrink'),
  }),
})

export const scalingPolicy: ResourceProvider = {
  type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
  replacedBy: ['PolicyName', 'ScalingTargetId'],
  identify(properties, context) {
    const { PolicyName } = parseProperties(scalingPolicyShape, properties, context)
    const arn = context.account.arn('autoscaling', `scalingPolicy:${uuidOf(context)}:resource/kafka:policyName/${PolicyName}`)
    return { physicalId: arn, arn, attributes: { Arn: arn } }
  },
}
