import type { Deployment } from './deployment.ts'
import { maximumMessageBytes } from './names.ts'

/** Of Kafka's record batch around a message: a batch is what `message.max.bytes` limits. */
const batchOverheadBytes = 64 * 1024

/** Properties of the brokers, as an MSK configuration and as a local broker take them. */
export function brokerProperties(kafka: Pick<Deployment['kafka'], 'brokers' | 'retentionHours'>): Record<string, string> {
  const replicas = topicReplicas(kafka)
  return {
    'auto.create.topics.enable': 'true',
    'default.replication.factor': String(replicas),
    // With two replicas one broker may be down (MSK patches them one by one) only if one in-sync replica is enough.
    'min.insync.replicas': String(Math.max(1, replicas - 1)),
    // One partition: Kafka keeps order within a partition only.
    'num.partitions': '1',
    // The time of arrival, from which Firehose's freshness metric is computed. https://docs.aws.amazon.com/firehose/latest/dev/msk-troubleshooting.html
    'log.message.timestamp.type': 'LogAppendTime',
    'log.retention.hours': String(kafka.retentionHours),
    'message.max.bytes': String(maximumMessageBytes + batchOverheadBytes),
    'replica.fetch.max.bytes': String(maximumMessageBytes + batchOverheadBytes),
  }
}

/** Replicas of every topic of the deployment. */
export function topicReplicas({ brokers }: Pick<Deployment['kafka'], 'brokers'>): number {
  return Math.min(brokers, 3)
}
