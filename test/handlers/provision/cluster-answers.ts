import { BadRequestException, type Cluster, NotFoundException } from '@aws-sdk/client-kafka'
import { clusterArn } from './asked.ts'

export const operationArn = `${clusterArn.replace(':cluster/', ':cluster-operation/')}/0d0d0d0d-1111-4222-8333-444455556666`

/** What DescribeClusterV2 answers for a cluster of the stack, with some of it otherwise. */
export function described(
  change: Omit<Partial<Cluster>, 'Provisioned'> = {},
  { vpc = false, iam = true, brokerType = 'kafka.m5.large', kafkaVersion = '3.9.x' } = {},
): { ClusterInfo: Cluster } {
  return {
    ClusterInfo: {
      ClusterType: 'PROVISIONED',
      ClusterArn: clusterArn,
      ClusterName: 'aurora-cdc',
      CurrentVersion: 'K3AEGXETSR30VB',
      State: 'ACTIVE',
      Provisioned: {
        BrokerNodeGroupInfo: {
          BrokerAZDistribution: 'DEFAULT',
          ClientSubnets: ['subnet-1', 'subnet-2'],
          InstanceType: brokerType,
          SecurityGroups: ['sg-1'],
          ConnectivityInfo: {
            PublicAccess: { Type: 'DISABLED' },
            VpcConnectivity: {
              ClientAuthentication: { Sasl: { Iam: { Enabled: vpc }, Scram: { Enabled: false } }, Tls: { Enabled: false } },
            },
          },
        },
        ClientAuthentication: { Sasl: { Iam: { Enabled: iam }, Scram: { Enabled: false } }, Unauthenticated: { Enabled: false } },
        CurrentBrokerSoftwareInfo: { KafkaVersion: kafkaVersion },
        NumberOfBrokerNodes: 2,
      },
      ...change,
    },
  }
}

/** What DescribeClusterOperationV2 answers for the update that turns connectivity on, or for another one. */
export function operation({ ended, error, another = false }: { ended?: Date; error?: string; another?: boolean } = {}) {
  return {
    ClusterOperationInfo: {
      ClusterArn: clusterArn,
      OperationArn: operationArn,
      OperationType: another ? 'UPDATE_BROKER_TYPE' : 'UPDATE_CONNECTIVITY',
      OperationState: error ? 'UPDATE_FAILED' : ended ? 'UPDATE_COMPLETE' : 'UPDATE_IN_PROGRESS',
      ...(ended && { EndTime: ended }),
      ...(error !== undefined && { ErrorInfo: { ErrorCode: 'InternalError', ErrorString: error } }),
      Provisioned: {
        TargetClusterInfo: another
          ? { InstanceType: 'kafka.m5.xlarge' }
          : { ConnectivityInfo: { VpcConnectivity: { ClientAuthentication: { Sasl: { Iam: { Enabled: true } } } } } },
      },
    },
  }
}

export const badRequest = (message: string) => new BadRequestException({ message, Message: message, $metadata: { httpStatusCode: 400 } })

export const notFound = (message: string) => new NotFoundException({ message, Message: message, $metadata: { httpStatusCode: 404 } })
