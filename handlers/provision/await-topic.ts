import { KafkaClient } from '@aws-sdk/client-kafka'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from './aws-errors.ts'
import { type StepPlace, stepHandler } from './step.ts'
import { describeTopic, refuseOtherPartitions, type TopicView } from './topic/describe-topic.ts'
import { differences } from './topic/settings.ts'

const kafka = new KafkaClient(clientSettings)
export const handler = stepHandler('await-topic', awaitTopic)

/** Whether the topic is ACTIVE with its settings. @throws PipelineError `TopicMismatch` */
export async function awaitTopic(
  request: StepRequest,
  { plan: { topic }, environment: { clusterArn }, now, log }: Pick<StepPlace, 'plan' | 'environment' | 'now' | 'log'>,
): Promise<StepAnswer> {
  const wait = (seen: string) =>
    notYet(request, now(), {
      what: `The topic ${topic.name}`,
      seen,
      usual: '1 to 2 min are usual',
      limitMinutes: 30,
      remedy: `Look at the topic in the MSK console (cluster ${clusterArn}).`,
    })
  const found = await look(clusterArn, topic.name)
  if (typeof found === 'string') return wait(found)
  const lacks = shortcoming(topic, found)
  if (lacks !== undefined) return wait(lacks)
  const few = found.replicas < topic.replicationFactor
  const advice = `it has ${found.replicas} replicas and should have ${topic.replicationFactor}: Kafka's own tool (kafka-reassign-partitions) adds them`
  if (few) log.warn(`the topic ${topic.name}: ${advice}`)
  return ready(request, now(), { seen: `the topic ${topic.name} is ACTIVE${few ? `; ${advice}` : ''}` })
}

/** The topic, or why MSK does not describe it now: it has topic operations on ACTIVE clusters only, and maintenance may come at any time. */
async function look(clusterArn: string, name: string): Promise<TopicView | string> {
  try {
    return (await describeTopic(kafka, clusterArn, name)) ?? 'not described by MSK'
  } catch (error) {
    if (isServiceException(error) && /^(BadRequest|Conflict)Exception$/.test(error.name))
      return `not described by MSK now (${error.message})`
    throw error
  }
}

/** What the topic still lacks. */
function shortcoming(topic: ProvisioningPlan['topic'], found: TopicView): string | undefined {
  if (found.status !== 'ACTIVE') return found.status
  refuseOtherPartitions(topic, found)
  const others = differences(topic.settings, found.settings)
  return others.length === 0 ? undefined : `ACTIVE with ${others.map((name) => `${name}=${found.settings[name] ?? ''}`).join(', ')}`
}
