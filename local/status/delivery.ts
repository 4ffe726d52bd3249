import { DescribeDeliveryStreamCommand, type FirehoseClient } from '@aws-sdk/client-firehose'
import { DescribeTopicCommand, type KafkaClient } from '@aws-sdk/client-kafka'
import { isServiceException } from '../../handlers/provision/aws-errors.ts'
import type { TopicFacts } from './facts.ts'

/** The delivery stream; undefined where there is none. */
export async function streamOf(
  firehose: FirehoseClient,
  DeliveryStreamName: string,
): Promise<{ status: string; failure: string | null; clusterArn: string | undefined } | undefined> {
  const answer = await unlessMissing(firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName })))
  const stream = answer?.DeliveryStreamDescription
  if (!stream) return undefined
  const { Type, Details } = stream.FailureDescription ?? {}
  const failure = [Type, Details].filter(Boolean).join(': ')
  return {
    status: stream.DeliveryStreamStatus ?? 'in no state',
    failure: failure === '' ? null : failure,
    clusterArn: stream.Source?.MSKSourceDescription?.MSKClusterARN,
  }
}

/** The topic on the cluster that the delivery stream reads, which is how the cluster's ARN is known; null where there is none. */
export async function topicOf(
  kafka: KafkaClient,
  TopicName: string,
  ClusterArn: string | undefined,
  endOffsets: (() => Promise<readonly string[]>) | undefined,
): Promise<TopicFacts | null> {
  if (ClusterArn === undefined) return null
  const topic = await unlessMissing(kafka.send(new DescribeTopicCommand({ ClusterArn, TopicName })))
  if (!topic) return null
  return {
    status: topic.Status ?? 'in no state',
    partitions: topic.PartitionCount ?? 0,
    endOffsets: endOffsets ? await endOffsets() : null,
  }
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isServiceException(error) && /^(ResourceNotFound|NotFound|UnknownTopicOrPartition)Exception$/.test(error.name)) return undefined
    throw error
  }
}
