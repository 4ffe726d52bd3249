import { z } from 'zod'
import { AwsError, type AwsRequest } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'
import { type TopicDescription, withAdmin } from './broker-topics.ts'
import { changeCluster, clusterState } from './cluster-state.ts'
import { badRequest, findCluster, statusOf } from './clusters.ts'

/** MSK's knowledge of topics is refreshed about every minute. https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html */
const refreshSeconds = 60

const settingsShape = z.record(z.string(), z.string())
const createShape = z.strictObject({
  topicName: z.string().regex(/^[a-zA-Z0-9._-]{1,249}$/),
  partitionCount: z.int().min(1),
  replicationFactor: z.int().min(1),
  configs: z.string().optional(),
})
const updateShape = z.strictObject({ configs: z.string().optional(), partitionCount: z.int().min(1).optional() })

/** POST /v1/clusters/{ClusterArn}/topics */
export async function createTopic(place: AwsPlace, request: AwsRequest, arn: string): Promise<unknown> {
  const { topicName: name, partitionCount, replicationFactor, configs } = parse(createShape, request.body)
  authorizeTopic(request, arn, name, ['CreateTopic'], ['CreateTopic'])
  const brokers = activeCluster(place, arn)
  if (replicationFactor > brokers)
    throw new AwsError('KafkaRequestException', `Replication factor: ${replicationFactor} larger than available brokers: ${brokers}.`, 400)
  const settings = settingsOf(configs)
  await withAdmin(place, async (admin) => {
    const created = await admin.create(name, partitionCount, settings)
    if (!created) throw new AwsError('TopicExistsException', `Topic '${name}' already exists.`, 409)
  })
  await remember(place, arn, name, replicationFactor, 'CREATING')
  return { topicArn: topicArn(arn, name), topicName: name, status: 'CREATING' }
}

/** GET /v1/clusters/{ClusterArn}/topics/{TopicName} */
export async function describeTopic(place: AwsPlace, request: AwsRequest, arn: string, name: string): Promise<unknown> {
  authorizeTopic(request, arn, name, ['DescribeTopic'], ['DescribeTopic', 'DescribeTopicDynamicConfiguration'])
  const brokers = activeCluster(place, arn)
  const topic = await withAdmin(place, (admin) => admin.describe(name))
  if (!topic) throw missing(name)
  return {
    ...summary(place, arn, topic, brokers),
    configs: Buffer.from(JSON.stringify(topic.settings)).toString('base64'),
    status: statusOfTopic(place, arn, name),
  }
}

/** GET /v1/clusters/{ClusterArn}/topics */
export async function listTopics(place: AwsPlace, request: AwsRequest, arn: string, query: URLSearchParams): Promise<unknown> {
  request.authorize('kafka:ListTopics', arn)
  request.authorize('kafka-cluster:Connect', arn)
  request.authorize('kafka-cluster:DescribeTopic', topicArn(arn, '*'))
  const brokers = activeCluster(place, arn)
  const filter = query.get('topicNameFilter') ?? ''
  const topics = await withAdmin(place, async (admin) => {
    const names = (await admin.names()).filter((name) => name.startsWith(filter))
    return (await Promise.all(names.map((name) => admin.describe(name)))).filter((topic) => topic !== undefined)
  })
  return { topics: topics.map((topic) => ({ ...summary(place, arn, topic, brokers), outOfSyncReplicaCount: 0 })) }
}

/** PUT /v1/clusters/{ClusterArn}/topics/{TopicName} */
export async function updateTopic(place: AwsPlace, request: AwsRequest, arn: string, name: string): Promise<unknown> {
  authorizeTopic(request, arn, name, ['UpdateTopic'], ['DescribeTopic', 'AlterTopic', 'AlterTopicDynamicConfiguration'])
  const brokers = activeCluster(place, arn)
  const { configs, partitionCount } = parse(updateShape, request.body)
  // https://docs.aws.amazon.com/msk/latest/developerguide/msk-update-topic.html
  if ((configs === undefined) === (partitionCount === undefined))
    throw badRequest('You must specify either configs or partitionCount to update.', 'configs')
  const topic = await withAdmin(place, async (admin) => {
    const found = await admin.describe(name)
    if (!found) throw missing(name)
    if (configs !== undefined) await admin.configure(name, settingsOf(configs))
    if (partitionCount !== undefined) {
      if (partitionCount <= found.partitions)
        throw new AwsError(
          'KafkaRequestException',
          `The topic ${name} currently has ${found.partitions} partition(s); ${partitionCount} would not be an increase.`,
          400,
        )
      await admin.addPartitions(name, partitionCount)
    }
    return found
  })
  await remember(place, arn, name, replicasOf(place, arn, topic, brokers), 'UPDATING')
  return { topicArn: topicArn(arn, name), topicName: name, status: 'UPDATING' }
}

/** DELETE /v1/clusters/{ClusterArn}/topics/{TopicName} */
export async function deleteTopic(place: AwsPlace, request: AwsRequest, arn: string, name: string): Promise<unknown> {
  authorizeTopic(request, arn, name, ['DeleteTopic'], ['DescribeTopic', 'DeleteTopic'])
  activeCluster(place, arn)
  await withAdmin(place, async (admin) => {
    if (!(await admin.describe(name))) throw missing(name)
    await admin.remove(name)
  })
  const { [name]: _gone, ...topics } = clusterState(place.account, arn).topics
  await changeCluster(place.account, arn, { topics })
  return { topicArn: topicArn(arn, name), topicName: name, status: 'DELETING' }
}

/** MSK's own actions, and those of Kafka that it takes in the caller's name. https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html */
function authorizeTopic({ authorize }: AwsRequest, arn: string, name: string, own: readonly string[], kafka: readonly string[]): void {
  const topic = topicArn(arn, name)
  for (const action of own) authorize(`kafka:${action}`, topic)
  authorize('kafka-cluster:Connect', arn)
  for (const action of kafka) authorize(`kafka-cluster:${action}`, topic)
}

/** Number of brokers. @throws AwsError where the cluster has no topic operations now */
function activeCluster(place: AwsPlace, arn: string): number {
  const { properties } = findCluster(place, arn)
  const { state } = statusOf(place, arn)
  if (state !== 'ACTIVE') throw badRequest(`This operation cannot be performed when the cluster is in the ${state} state.`, 'clusterArn')
  return Number(properties.NumberOfBrokerNodes)
}

/** @throws AwsError `BadRequestException` */
function settingsOf(configs: string | undefined): Record<string, string> {
  if (configs === undefined) return {}
  try {
    return settingsShape.parse(JSON.parse(Buffer.from(configs, 'base64').toString('utf8')))
  } catch {
    throw badRequest("The configs aren't a JSON object of texts in base64.", 'configs')
  }
}

function parse<Shape extends z.ZodType>(shape: Shape, body: string): z.output<Shape> {
  const parsed = shape.safeParse(JSON.parse(body))
  if (!parsed.success)
    throw badRequest(`The request isn't valid: ${z.prettifyError(parsed.error)}`, parsed.error.issues[0]?.path.join('.') ?? '')
  return parsed.data
}

const topicArn = (clusterArn: string, name: string) => `${clusterArn.replace(':cluster/', ':topic/')}/${name}`

const missing = (name: string) => new AwsError('NotFoundException', `The topic '${name}' does not exist.`, 404)

function summary(place: AwsPlace, arn: string, topic: TopicDescription, brokers: number) {
  return {
    topicArn: topicArn(arn, topic.name),
    topicName: topic.name,
    partitionCount: topic.partitions,
    replicationFactor: replicasOf(place, arn, topic, brokers),
  }
}

/** The one broker of this machine stands for all: a topic has the replicas that were asked for, or those that the brokers give by default. */
function replicasOf(place: AwsPlace, arn: string, { name }: TopicDescription, brokers: number): number {
  return clusterState(place.account, arn).topics[name]?.replicationFactor ?? Math.min(brokers, 3)
}

function statusOfTopic(place: AwsPlace, arn: string, name: string): string {
  const known = clusterState(place.account, arn).topics[name]
  return known !== undefined && known.until > place.now() ? known.status : 'ACTIVE'
}

function remember(place: AwsPlace, arn: string, name: string, replicationFactor: number, status: 'CREATING' | 'UPDATING'): Promise<void> {
  const until = place.now() + refreshSeconds * place.timeScale * 1000
  const { topics } = clusterState(place.account, arn)
  return changeCluster(place.account, arn, { topics: { ...topics, [name]: { replicationFactor, status, until } } })
}
