import { CreateTopicCommand, KafkaClient, UpdateTopicCommand } from '@aws-sdk/client-kafka'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from './aws-errors.ts'
import { describeCluster, refuseLostCluster } from './cluster/describe-cluster.ts'
import { type StepPlace, stepHandler } from './step.ts'
import { describeTopic, refuseOtherPartitions, type TopicView } from './topic/describe-topic.ts'
import { differences, topicConfigs } from './topic/settings.ts'

type Topic = ProvisioningPlan['topic']

/** The topic as `CreateTopic` takes it. */
export function wantedTopic(clusterArn: string, { name, partitions, replicationFactor, settings }: Topic) {
  return {
    ClusterArn: clusterArn,
    TopicName: name,
    PartitionCount: partitions,
    ReplicationFactor: replicationFactor,
    Configs: topicConfigs(settings),
  }
}

const kafka = new KafkaClient(clientSettings)
export const handler = stepHandler('ensure-topic', ensureTopic)

/** Creates the topic of all change events, or changes its settings to those wanted. @throws PipelineError `TopicMismatch` */
export async function ensureTopic(
  request: StepRequest,
  { plan: { topic }, environment: { clusterArn }, now }: Pick<StepPlace, 'plan' | 'environment' | 'now'>,
): Promise<StepAnswer> {
  try {
    const found = await describeTopic(kafka, clusterArn, topic.name)
    return found ? await changeTopic(request, now(), clusterArn, topic, found) : await createTopic(request, now(), clusterArn, topic)
  } catch (error) {
    if (!isServiceException(error) || !/^(BadRequest|Conflict)Exception$/.test(error.name)) throw error
    // MSK has topic operations on ACTIVE clusters only, and has no name of its own for saying so.
    const cluster = await describeCluster(kafka, clusterArn)
    refuseLostCluster(cluster)
    if (cluster.state === 'ACTIVE') throw error
    return wait(request, now(), topic, `the cluster is ${cluster.state}`)
  }
}

async function createTopic(request: StepRequest, now: Date, clusterArn: string, topic: Topic): Promise<StepAnswer> {
  try {
    await kafka.send(new CreateTopicCommand(wantedTopic(clusterArn, topic)))
  } catch (error) {
    if (!isServiceException(error) || error.name !== 'TopicExistsException') throw error
    // MSK's descriptions are up to a minute old: it was made since, or is made by another execution.
    return wait(request, now, topic, 'it exists, and MSK does not describe it yet')
  }
  return ready(request, now, { seen: `MSK creates the topic ${topic.name}`, did: [`created the topic ${topic.name}`] })
}

async function changeTopic(request: StepRequest, now: Date, clusterArn: string, topic: Topic, found: TopicView): Promise<StepAnswer> {
  if (found.status !== 'ACTIVE') return wait(request, now, topic, `it is ${found.status}`)
  refuseOtherPartitions(topic, found)
  const others = differences(topic.settings, found.settings)
  if (others.length === 0) {
    const already = `the topic ${topic.name} is as wanted`
    return ready(request, now, { seen: already, already: [already] })
  }
  await kafka.send(new UpdateTopicCommand({ ClusterArn: clusterArn, TopicName: topic.name, Configs: topicConfigs(topic.settings) }))
  const did = `set ${others.join(', ')} of the topic ${topic.name}`
  return ready(request, now, { seen: `MSK updates the topic ${topic.name}`, did: [did] })
}

function wait(request: StepRequest, now: Date, { name }: Topic, seen: string): StepAnswer {
  return notYet(request, now, {
    what: `Looking for the topic ${name}`,
    seen,
    usual: '1 to 2 min are usual',
    limitMinutes: 60,
    remedy: 'Look at the cluster and its topics in the MSK console.',
  })
}
