import { KafkaClient } from '@aws-sdk/client-kafka'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { type StepPlace, stepHandler } from './step.ts'
import { describeTopic, refuseOtherPartitions, type TopicView } from './topic/describe-topic.ts'
import { differences } from './topic/settings.ts'

const kafka = new KafkaClient()
export const handler = stepHandler('await-topic', awaitTopic)

/** Whether the topic is ACTIVE with its settings. @throws PipelineError `TopicMismatch` */
export async function awaitTopic(
  request: StepRequest,
  { plan: { topic }, environment: { clusterArn }, now, log }: Pick<StepPlace, 'plan' | 'environment' | 'now' | 'log'>,
): Promise<StepAnswer> {
  const found = await describeTopic(kafka, clusterArn, topic.name)
  const lacks = shortcoming(topic, found)
  if (found && lacks === undefined) {
    const few = found.replicas < topic.replicationFactor
    const advice = `it has ${found.replicas} replicas and should have ${topic.replicationFactor}: Kafka's own tool (kafka-reassign-partitions) adds them`
    if (few) log.warn(`the topic ${topic.name}: ${advice}`)
    return ready(request, now(), { seen: `the topic ${topic.name} is ACTIVE${few ? `; ${advice}` : ''}` })
  }
  return notYet(request, now(), {
    what: `The topic ${topic.name}`,
    seen: lacks ?? 'not there',
    usual: '1 to 2 min are usual',
    limitMinutes: 30,
    remedy: `Look at the topic in the MSK console (cluster ${clusterArn}).`,
  })
}

/** What the topic still lacks. */
function shortcoming(topic: ProvisioningPlan['topic'], found: TopicView | undefined): string | undefined {
  if (!found) return 'not described by MSK'
  if (found.status !== 'ACTIVE') return found.status
  refuseOtherPartitions(topic, found)
  const others = differences(topic.settings, found.settings)
  return others.length === 0 ? undefined : `ACTIVE with ${others.map((name) => `${name}=${found.settings[name] ?? ''}`).join(', ')}`
}
