import { DescribeDeliveryStreamCommand, ResourceNotFoundException } from '@aws-sdk/client-firehose'
import {
  DescribeClusterOperationV2Command,
  DescribeClusterV2Command,
  DescribeTopicCommand,
  GetClusterPolicyCommand,
  PutClusterPolicyCommand,
} from '@aws-sdk/client-kafka'
import { ListExecutionsCommand } from '@aws-sdk/client-sfn'
import { place } from '../../../handlers/provision/asked.ts'
import { badRequest, described, notFound, operation, operationArn } from '../../../handlers/provision/cluster-answers.ts'
import { answerSignals, aws, deliveryStream, policy, topic } from './aws.ts'
import type { ThrownRow } from './row.ts'

const { plan } = place
const cluster = (answer: ReturnType<typeof described>) => () => void aws.kafka.on(DescribeClusterV2Command).resolves(answer)
const failed = cluster(described({ State: 'FAILED', StateInfo: { Code: 'BrokerFailure', Message: 'no quorum' } }))
const stream = (change: object) => () => void aws.firehose.on(DescribeDeliveryStreamCommand).resolves(deliveryStream(change))
const noStream = () =>
  void aws.firehose.on(DescribeDeliveryStreamCommand).rejects(new ResourceNotFoundException({ message: 'not found', $metadata: {} }))
const otherPartitions = () => void aws.kafka.on(DescribeTopicCommand).resolves(topic({ PartitionCount: 3 }))

const teardownRuns = () => {
  const stateMachineArn = plan.stateMachines.teardown
  const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:down`
  const execution = { executionArn, stateMachineArn, name: 'down', status: 'RUNNING' as const, startDate: new Date(0) }
  aws.stepFunctions.on(ListExecutionsCommand).resolves({ executions: [execution] })
}

/** The request, the cluster, the topic and the delivery stream. */
export const clusterRows: readonly ThrownRow[] = [
  { step: 'check-request', error: 'InvalidRequest', input: { untill: 'Verified' }, says: '"untill" is not known', arrange: () => {} },
  { step: 'check-request', error: 'TeardownRunning', says: 'The execution down of the teardown state machine', arrange: teardownRuns },
  { step: 'check-request', error: 'DeliveryStreamMissing', says: 'CdcFirehose is not deployed', arrange: noStream },

  { step: 'ensure-vpc-connectivity', error: 'ClusterFailed', says: 'is FAILED (BrokerFailure: no quorum)', arrange: failed },
  {
    step: 'ensure-vpc-connectivity',
    error: 'ConnectivityImpossible',
    says: 'its brokers are kafka.t3.small',
    arrange: cluster(described({}, { brokerType: 'kafka.t3.small' })),
  },
  {
    step: 'ensure-vpc-connectivity',
    error: 'NotInTime',
    says: 'last seen: the cluster is UPDATING',
    look: 2,
    minutes: 121,
    arrange: cluster(described({ State: 'UPDATING' })),
  },

  { step: 'await-vpc-connectivity', error: 'ClusterFailed', says: 'is FAILED', arrange: failed },
  {
    step: 'await-vpc-connectivity',
    error: 'ConnectivityFailed',
    says: 'InternalError: no address is left in subnet-1',
    arrange() {
      cluster(described({ ActiveOperationArn: operationArn }))()
      aws.kafka.on(DescribeClusterOperationV2Command).resolves(operation({ error: 'no address is left in subnet-1' }))
    },
  },
  {
    step: 'await-vpc-connectivity',
    error: 'NotInTime',
    says: 'last seen: UPDATING',
    look: 2,
    minutes: 121,
    arrange: cluster(described({ State: 'UPDATING', ActiveOperationArn: operationArn })),
  },

  {
    step: 'ensure-cluster-policy',
    error: 'PolicyConflict',
    says: 'was changed by somebody else meanwhile',
    arrange() {
      aws.kafka
        .on(GetClusterPolicyCommand)
        .resolvesOnce(policy('K1', { Version: '2012-10-17', Statement: [] }))
        .resolves(policy('K2', { Version: '2012-10-17', Statement: [] }))
      aws.kafka.on(PutClusterPolicyCommand).rejects(badRequest('The version is not the current one'))
    },
  },

  {
    step: 'ensure-topic',
    error: 'ClusterFailed',
    says: 'is FAILED',
    arrange() {
      failed()
      aws.kafka.on(DescribeTopicCommand).rejects(badRequest('the cluster is not ACTIVE'))
    },
  },
  { step: 'ensure-topic', error: 'TopicMismatch', says: 'has 3 partitions and must have 1', arrange: otherPartitions },
  {
    step: 'ensure-topic',
    error: 'NotInTime',
    says: 'last seen: it is CREATING',
    look: 2,
    minutes: 61,
    arrange: () => void aws.kafka.on(DescribeTopicCommand).resolves(topic({ Status: 'CREATING' })),
  },
  { step: 'await-topic', error: 'TopicMismatch', says: 'has 3 partitions and must have 1', arrange: otherPartitions },
  {
    step: 'await-topic',
    error: 'NotInTime',
    says: 'last seen: not described by MSK',
    look: 2,
    minutes: 31,
    arrange: () => void aws.kafka.on(DescribeTopicCommand).rejects(notFound('no topic')),
  },

  {
    step: 'signal-delivery-ready',
    error: 'AwsUnavailable',
    input: { until: 'DeliveryReady', signal: { url: 'https://cloudformation-waitcondition-us-east-1.s3.amazonaws.com/handle' } },
    says: 'The wait condition could not be signalled',
    arrange: () => answerSignals(503),
  },

  { step: 'await-delivery-stream', error: 'DeliveryStreamMissing', says: plan.deliveryStream, arrange: noStream },
  {
    step: 'await-delivery-stream',
    error: 'DeliveryStreamFailed',
    says: 'is CREATING_FAILED (UNKNOWN_ERROR: no VPC connection)',
    arrange: stream({
      DeliveryStreamStatus: 'CREATING_FAILED',
      FailureDescription: { Type: 'UNKNOWN_ERROR', Details: 'no VPC connection' },
    }),
  },
  {
    step: 'await-delivery-stream',
    error: 'NotInTime',
    says: 'last seen: CREATING',
    look: 2,
    minutes: 61,
    arrange: stream({ DeliveryStreamStatus: 'CREATING' }),
  },
]
