import { DescribeTopicCommand, type KafkaClient } from '@aws-sdk/client-kafka'
import { PipelineError } from '../../../pipeline/errors.ts'
import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { isServiceException } from '../aws-errors.ts'
import { settingsOf, type TopicSettings } from './settings.ts'

/** What MSK says about a topic; it may be a minute old. https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html */
export interface TopicView {
  readonly status: string
  readonly partitions: number
  readonly replicas: number
  readonly settings: TopicSettings
}

export async function describeTopic(kafka: KafkaClient, clusterArn: string, name: string): Promise<TopicView | undefined> {
  try {
    const topic = await kafka.send(new DescribeTopicCommand({ ClusterArn: clusterArn, TopicName: name }))
    return {
      status: topic.Status ?? 'unknown',
      partitions: topic.PartitionCount ?? 0,
      replicas: topic.ReplicationFactor ?? 0,
      settings: settingsOf(topic.Configs ?? ''),
    }
  } catch (error) {
    if (isServiceException(error) && /^(NotFound|UnknownTopicOrPartition)Exception$/.test(error.name)) return undefined
    throw error
  }
}

/** Kafka cannot take partitions away, and with several there is no order between changes of a row's key. @throws PipelineError `TopicMismatch` */
export function refuseOtherPartitions({ name, partitions }: ProvisioningPlan['topic'], topic: TopicView): void {
  if (topic.partitions === partitions) return
  throw new PipelineError(
    'TopicMismatch',
    `The topic ${name} has ${topic.partitions} partitions and must have ${partitions}, since Kafka keeps the order of changes within a partition only; partitions cannot be ` +
      'taken away. If nothing in it is needed, delete the connector, the stack CdcFirehose and the topic, then deploy and start a new execution.',
  )
}
