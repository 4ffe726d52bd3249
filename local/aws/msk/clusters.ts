import { z } from 'zod'
import type { DeployedResource } from '../../cloudformation/account.ts'
import { isObject, scalarText } from '../../cloudformation/json.ts'
import { AwsError, type AwsRequest } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'
import { type ClusterOperation, changeCluster, clusterState, clusterStatus, hasIam, isUnauthenticated } from './cluster-state.ts'

/** How long an update of connectivity restarts brokers (seconds at AWS): https://docs.aws.amazon.com/msk/latest/developerguide/mvpc-cluster-owner-action-turn-on.html */
const updateSeconds = 30 * 60

/** @throws AwsError `NotFoundException` */
export function findCluster({ account }: AwsPlace, arn: string): DeployedResource & { readonly arn: string } {
  const cluster = account.findByArn(arn)
  if (cluster?.type !== 'AWS::MSK::Cluster') throw new AwsError('NotFoundException', `The requested cluster ${arn} does not exist.`, 404)
  return { ...cluster, arn }
}

/** @throws AwsError `BadRequestException`: MSK's one name for everything that it does not do */
export function badRequest(message: string, invalidParameter: string): AwsError {
  return new AwsError('BadRequestException', message, 400, { invalidParameter })
}

export function statusOf(place: AwsPlace, arn: string) {
  return clusterStatus(clusterState(place.account, arn), arn, place.now())
}

/** GET /api/v2/clusters/{ClusterArn} */
export function describeCluster(place: AwsPlace, { authorize }: AwsRequest, arn: string): unknown {
  authorize('kafka:DescribeClusterV2', arn)
  const { properties } = findCluster(place, arn)
  const { state, running, vpcConnectivity, version } = statusOf(place, arn)
  const brokers = isObject(properties.BrokerNodeGroupInfo) ? properties.BrokerNodeGroupInfo : {}
  return {
    clusterInfo: {
      ...(running && { activeOperationArn: running.arn }),
      clusterType: 'PROVISIONED',
      clusterArn: arn,
      clusterName: scalarText(properties.ClusterName),
      currentVersion: version,
      state,
      provisioned: {
        brokerNodeGroupInfo: {
          clientSubnets: brokers.ClientSubnets,
          securityGroups: brokers.SecurityGroups ?? [],
          instanceType: brokers.InstanceType,
          connectivityInfo: { publicAccess: { type: 'DISABLED' }, vpcConnectivity: connectivityOf(vpcConnectivity) },
        },
        clientAuthentication: {
          sasl: { iam: { enabled: hasIam({ properties }) }, scram: { enabled: false } },
          unauthenticated: { enabled: isUnauthenticated({ properties }) },
        },
        currentBrokerSoftwareInfo: { kafkaVersion: scalarText(properties.KafkaVersion) },
        numberOfBrokerNodes: properties.NumberOfBrokerNodes,
      },
    },
  }
}

const connectivityOf = (enabled: boolean) => ({
  clientAuthentication: { sasl: { iam: { enabled }, scram: { enabled: false } }, tls: { enabled: false } },
})

const updateShape = z.strictObject({
  currentVersion: z.string(),
  connectivityInfo: z.strictObject({
    vpcConnectivity: z.strictObject({
      clientAuthentication: z.strictObject({ sasl: z.strictObject({ iam: z.strictObject({ enabled: z.boolean() }) }) }),
    }),
  }),
})

/** What MSK looks at in the VPC in the caller's name: those of its managed policy that fit. https://docs.aws.amazon.com/msk/latest/developerguide/security-iam-awsmanpol-AmazonMSKFullAccess.html */
const vpcReads = ['DescribeSubnets', 'DescribeVpcs', 'DescribeSecurityGroups', 'DescribeRouteTables', 'DescribeVpcEndpoints']

/** PUT /v1/clusters/{ClusterArn}/connectivity */
export async function updateConnectivity(place: AwsPlace, { authorize, body }: AwsRequest, arn: string): Promise<unknown> {
  authorize('kafka:UpdateConnectivity', arn, { 'kafka:publicAccessEnabled': 'false' })
  for (const action of vpcReads) authorize(`ec2:${action}`, '*')
  const { properties } = findCluster(place, arn)
  const parsed = updateShape.safeParse(JSON.parse(body))
  if (!parsed.success) throw badRequest(`The request isn't valid: ${z.prettifyError(parsed.error)}`, 'connectivityInfo')
  const { currentVersion, connectivityInfo } = parsed.data
  const { enabled } = connectivityInfo.vpcConnectivity.clientAuthentication.sasl.iam
  const { state, running, vpcConnectivity, version } = statusOf(place, arn)
  if (state !== 'ACTIVE' || running)
    throw badRequest(`This operation cannot be performed when the cluster is in the ${state} state.`, 'clusterArn')
  if (currentVersion !== version)
    throw badRequest('The version of the cluster that you specified is not the current version.', 'currentVersion')
  if (enabled === vpcConnectivity) throw badRequest('The request does not change the connectivity of the cluster.', 'connectivityInfo')
  refuseUnable(properties)
  const now = place.now()
  const before = clusterState(place.account, arn)
  const updates = before.updates + (before.lastOperation === null ? 0 : 1)
  const operation: ClusterOperation = {
    arn: `${arn.replace(':cluster/', ':cluster-operation/')}/${operationId(updates)}`,
    startedAt: now,
    endsAt: now + updateSeconds * place.timeScale * 1000,
    vpcConnectivity: enabled,
    error: null,
  }
  await changeCluster(place.account, arn, { vpcConnectivity, updates, lastOperation: operation })
  return { clusterArn: arn, clusterOperationArn: operation.arn }
}

const operationId = (updates: number) => `00000000-0000-4000-8000-${String(updates + 1).padStart(12, '0')}`

/** https://docs.aws.amazon.com/msk/latest/developerguide/aws-access-mult-vpc.html */
function refuseUnable(properties: DeployedResource['properties']): void {
  const brokers = isObject(properties.BrokerNodeGroupInfo) ? properties.BrokerNodeGroupInfo : {}
  if (scalarText(brokers.InstanceType).startsWith('kafka.t3.'))
    throw badRequest(
      `Multi-VPC private connectivity is not supported by the instance type ${scalarText(brokers.InstanceType)}.`,
      'connectivityInfo',
    )
  if (!hasIam({ properties }))
    throw badRequest('IAM access control must be enabled on the cluster before it is turned on for VPC connectivity.', 'connectivityInfo')
}

/** GET /api/v2/operations/{ClusterOperationArn} */
export function describeOperation(place: AwsPlace, { authorize }: AwsRequest, operationArn: string): unknown {
  // Has no resource-level permissions.
  authorize('kafka:DescribeClusterOperationV2', '*')
  const clusterArn = operationArn.replace(':cluster-operation/', ':cluster/').replace(/\/[^/]*$/, '')
  findCluster(place, clusterArn)
  const { lastOperation: operation } = clusterState(place.account, clusterArn)
  if (operation?.arn !== operationArn) throw new AwsError('NotFoundException', `The operation ${operationArn} does not exist.`, 404)
  const ended = operation.endsAt <= place.now()
  const failed = ended && operation.error !== null
  return {
    clusterOperationInfo: {
      clusterArn,
      clusterType: 'PROVISIONED',
      operationArn,
      operationType: 'UPDATE_CONNECTIVITY',
      operationState: failed ? 'UPDATE_FAILED' : ended ? 'UPDATE_COMPLETE' : 'UPDATE_IN_PROGRESS',
      startTime: new Date(operation.startedAt).toISOString(),
      ...(ended && { endTime: new Date(operation.endsAt).toISOString() }),
      ...(failed && operation.error && { errorInfo: { errorCode: operation.error.code, errorString: operation.error.text } }),
      provisioned: {
        operationSteps: [],
        targetClusterInfo: { connectivityInfo: { vpcConnectivity: connectivityOf(operation.vpcConnectivity) } },
      },
    },
  }
}
