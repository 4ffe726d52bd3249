import {
  type ClusterOperationV2,
  DescribeClusterOperationV2Command,
  DescribeClusterV2Command,
  type KafkaClient,
} from '@aws-sdk/client-kafka'
import { PipelineError } from '../../../pipeline/errors.ts'

/** What the steps need of MSK's description of a cluster. */
export interface ClusterView {
  readonly arn: string
  readonly state: string
  /** What MSK says about the state, where it says something. */
  readonly reason: string
  /** Changes with every update; an update of the cluster must name it. */
  readonly version: string
  /** The update that runs now. */
  readonly operationArn: string | null
  readonly iam: boolean
  /** Whether multi-VPC connectivity is on for IAM authentication. */
  readonly vpcConnectivity: boolean
  /** Empty for a serverless cluster, which has none. */
  readonly brokerType: string
  readonly kafkaVersion: string
}

export async function describeCluster(kafka: KafkaClient, clusterArn: string): Promise<ClusterView> {
  const { ClusterInfo: cluster } = await kafka.send(new DescribeClusterV2Command({ ClusterArn: clusterArn }))
  const provisioned = cluster?.Provisioned
  const brokers = provisioned?.BrokerNodeGroupInfo
  const { Code: code, Message: message } = cluster?.StateInfo ?? {}
  return {
    arn: clusterArn,
    state: cluster?.State ?? 'unknown',
    reason: [code, message].filter(Boolean).join(': '),
    version: cluster?.CurrentVersion ?? '',
    operationArn: cluster?.ActiveOperationArn ?? null,
    iam: provisioned?.ClientAuthentication?.Sasl?.Iam?.Enabled === true,
    vpcConnectivity: brokers?.ConnectivityInfo?.VpcConnectivity?.ClientAuthentication?.Sasl?.Iam?.Enabled === true,
    brokerType: brokers?.InstanceType ?? '',
    kafkaVersion: provisioned?.CurrentBrokerSoftwareInfo?.KafkaVersion ?? '',
  }
}

export async function describeOperation(kafka: KafkaClient, operationArn: string): Promise<ClusterOperationV2> {
  const { ClusterOperationInfo: operation } = await kafka.send(new DescribeClusterOperationV2Command({ ClusterOperationArn: operationArn }))
  return operation ?? {}
}

/** Every other state passes by itself: in HEALING, MAINTENANCE and REBOOTING_BROKER data flows, and updates are refused until the cluster is ACTIVE again. */
const lost = new Set(['FAILED', 'DELETING'])

/** @throws PipelineError `ClusterFailed` in a state that ends every wait. https://docs.aws.amazon.com/msk/latest/developerguide/msk-cluster-states.html */
export function refuseLostCluster({ arn, state, reason }: ClusterView): void {
  if (!lost.has(state)) return
  throw new PipelineError(
    'ClusterFailed',
    `The MSK cluster ${arn} is ${state}${reason && ` (${reason})`}: it has to be created again. Delete the stack CdcFirehose, then deploy all stacks.`,
  )
}
