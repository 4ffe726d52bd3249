import { DeleteTopicCommand, KafkaClient } from '@aws-sdk/client-kafka'
import { offsetsTopic } from '../../pipeline/names.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from '../provision/aws-errors.ts'
import { describeCluster } from '../provision/cluster/describe-cluster.ts'
import { type StepPlace, stepHandler } from '../provision/step.ts'
import { describeTopic } from '../provision/topic/describe-topic.ts'

const kafka = new KafkaClient(clientSettings)
export const handler = stepHandler('ensure-no-offsets-topic', ensureNoOffsetsTopic)

/**
 * Deletes the topic of the connector's offsets: a connector that is made later would go on from a position in a slot that is gone, without a snapshot, and what
 * happened in between would be missing without a word.
 * @throws PipelineError `NotInTime`
 */
export async function ensureNoOffsetsTopic(
  request: StepRequest<object, StepAnswer, unknown>,
  { environment: { clusterArn }, now }: Pick<StepPlace, 'environment' | 'now'>,
): Promise<StepAnswer> {
  const did = [...(request.previous?.did ?? [])]
  try {
    const topic = await describeTopic(kafka, clusterArn, offsetsTopic)
    if (!topic) {
      const gone = `there is no topic ${offsetsTopic}`
      return ready(request, now(), { seen: gone, did, already: did.length > 0 ? [] : [gone] })
    }
    if (topic.status === 'DELETING' || did.length > 0) return { ...wait(request, now(), topic.status), did }
    await kafka.send(new DeleteTopicCommand({ ClusterArn: clusterArn, TopicName: offsetsTopic }))
    return { ...wait(request, now(), 'DELETING'), did: [`deleted the topic ${offsetsTopic}`] }
  } catch (error) {
    if (!isServiceException(error)) throw error
    if (/^(NotFound|UnknownTopicOrPartition)Exception$/.test(error.name))
      return { ...wait(request, now(), 'gone since it was described'), did }
    // A member of the worker's group that has not left yet.
    if (error.name === 'GroupSubscribedToTopicException') return { ...wait(request, now(), 'it is still subscribed to'), did }
    if (!/^(BadRequest|Conflict)Exception$/.test(error.name)) throw error
    // MSK has topic operations on ACTIVE clusters only, and has no name of its own for saying so.
    const { state } = await describeCluster(kafka, clusterArn)
    if (state === 'ACTIVE') throw error
    return { ...wait(request, now(), `the cluster is ${state}`), did }
  }
}

function wait(request: StepRequest<object, StepAnswer, unknown>, now: Date, seen: string): StepAnswer {
  return notYet(request, now, {
    what: `Deleting the topic ${offsetsTopic}`,
    seen,
    usual: '1 to 2 min are usual',
    limitMinutes: 60,
    remedy: 'Look at the cluster and its topics in the MSK console.',
  })
}
