import { isObject } from '../../cloudformation/json.ts'
import { AwsError, type AwsRequest } from '../endpoint.ts'
import { streamStatus } from '../firehose/stream-state.ts'
import type { AwsPlace } from '../place.ts'
import { hasIam, isUnauthenticated } from './cluster-state.ts'
import { findCluster, statusOf } from './clusters.ts'

/** GET /v1/clusters/{ClusterArn}/bootstrap-brokers: the one broker of this machine, under each name that the cluster's settings give it. */
export function getBootstrapBrokers(place: AwsPlace, { authorize }: AwsRequest, arn: string): unknown {
  // Has no resource-level permissions.
  authorize('kafka:GetBootstrapBrokers', '*')
  const cluster = findCluster(place, arn)
  const { state, vpcConnectivity } = statusOf(place, arn)
  if (state === 'CREATING') throw new AwsError('ConflictException', `The cluster ${arn} is in the CREATING state.`, 409)
  const broker = place.engines.kafkaBootstrap()
  return {
    ...(isUnauthenticated(cluster) && { bootstrapBrokerStringTls: broker }),
    ...(hasIam(cluster) && { bootstrapBrokerStringSaslIam: broker }),
    ...(hasIam(cluster) && vpcConnectivity && { bootstrapBrokerStringVpcConnectivitySaslIam: broker }),
  }
}

/** GET /v1/clusters/{ClusterArn}/client-vpc-connections: one for each delivery stream that reads the cluster. */
export async function listClientVpcConnections(place: AwsPlace, { authorize }: AwsRequest, arn: string): Promise<unknown> {
  authorize('kafka:ListClientVpcConnections', arn)
  findCluster(place, arn)
  const streams = place.account
    .find('AWS::KinesisFirehose::DeliveryStream')
    .filter(({ properties: { MSKSourceConfiguration: source } }) => isObject(source) && source.MSKClusterARN === arn)
  return {
    clientVpcConnections: await Promise.all(
      streams.map(async (stream) => {
        const { status, createdAt } = await streamStatus(place, stream)
        return {
          authentication: 'SASL_IAM',
          creationTime: new Date(createdAt).toISOString(),
          state: status === 'ACTIVE' ? 'AVAILABLE' : 'CREATING',
          vpcConnectionArn: arn.replace(':cluster/', `:vpc-connection/${place.account.id}/`),
          owner: 'firehose.amazonaws.com',
        }
      }),
    ),
  }
}
