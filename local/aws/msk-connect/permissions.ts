import type { AwsRequest } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'
import type { ConnectorRequest } from './connector-request.ts'

type Asks = Pick<AwsRequest, 'authorize'>

/**
 * What MSK Connect does in the caller's name, of what the service authorization reference and the guide name: those for a log group, not for buckets and streams.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedstreamingforkafkaconnect.html
 * https://docs.aws.amazon.com/msk/latest/developerguide/mkc-iam-policy-examples.html
 */
export const lookupActions = [
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
] as const
export const logDeliveryActions = [
  'logs:CreateLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
] as const
export const logRemovalActions = ['logs:DeleteLogDelivery', 'logs:ListLogDeliveries'] as const
export const serviceRoleActions = ['iam:CreateServiceLinkedRole', 'iam:AttachRolePolicy', 'iam:PutRolePolicy'] as const

const service = 'kafkaconnect.amazonaws.com'

/** @param first whether MSK Connect has no service-linked role in the account yet */
export function authorizeCreation({ authorize }: Asks, { account }: AwsPlace, request: ConnectorRequest, first: boolean): void {
  authorize('kafkaconnect:CreateConnector', '*')
  authorize('iam:PassRole', request.serviceExecutionRoleArn, { 'iam:PassedToService': service })
  for (const action of lookupActions) authorize(action, '*')
  const { subnets, securityGroups } = request.kafkaCluster.apacheKafkaCluster.vpc
  const ec2 = (kind: string, id: string) => account.arn('ec2', `${kind}/${id}`)
  authorize('ec2:CreateNetworkInterface', [ec2('network-interface', '*'), ...subnets.map((subnet) => ec2('subnet', subnet))])
  authorize(
    'ec2:CreateNetworkInterface',
    securityGroups.map((group) => ec2('security-group', group)),
    vpcContext({ account }, securityGroups),
  )
  if (request.logDelivery?.workerLogDelivery.cloudWatchLogs.enabled) for (const action of logDeliveryActions) authorize(action, '*')
  if (!first) return
  const role = account.arn('iam', `role/aws-service-role/${service}/AWSServiceRoleForKafkaConnect`, { region: '' })
  for (const action of serviceRoleActions) authorize(action, role, { 'iam:AWSServiceName': service })
}

export function authorizeDeletion(
  { authorize }: Asks,
  { account }: AwsPlace,
  connectorArn: string,
  { kafkaCluster, logDelivery }: ConnectorRequest,
): void {
  authorize('kafkaconnect:DeleteConnector', connectorArn)
  const context = vpcContext({ account }, kafkaCluster.apacheKafkaCluster.vpc.securityGroups)
  authorize('ec2:DeleteNetworkInterface', account.arn('ec2', 'network-interface/*'), context)
  if (logDelivery?.workerLogDelivery.cloudWatchLogs.enabled) for (const action of logRemovalActions) authorize(action, '*')
}

/** The VPC of the security groups, as condition key. */
function vpcContext({ account }: Pick<AwsPlace, 'account'>, groups: readonly string[]): Record<string, string> {
  const group = account.find('AWS::EC2::SecurityGroup').find(({ physicalId }) => groups.includes(physicalId))
  const vpc = group?.properties.VpcId
  return typeof vpc === 'string' ? { 'ec2:Vpc': account.arn('ec2', `vpc/${vpc}`) } : {}
}
