import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  DescribeTopicCommand,
  KafkaClient,
  ListTopicsCommand,
  UpdateTopicCommand,
} from '@aws-sdk/client-kafka'
import { Kafka, logLevel } from 'kafkajs'
import { awaitTopic } from '../../../handlers/provision/await-topic.ts'
import { ensureTopic } from '../../../handlers/provision/ensure-topic.ts'
import type { StepPlace } from '../../../handlers/provision/step.ts'
import { settingsOf, topicConfigs } from '../../../handlers/provision/topic/settings.ts'
import { changeCluster } from '../../../local/aws/msk/cluster-state.ts'
import { mskService } from '../../../local/aws/msk.ts'
import { type RunningKafka, startKafka } from '../../../local/engines/kafka.ts'
import { portsFor } from '../../../local/engines/ports.ts'
import { asked, place as asTheStep } from '../../handlers/provision/asked.ts'
import { deployCluster } from '../../local/aws/msk/cluster-fixture.ts'
import { type PlaceFixture, placeFixture, type Served } from '../../local/aws/place.ts'

let directory: string
let broker: RunningKafka
let place: PlaceFixture
let served: Served
let kafka: KafkaClient
let ClusterArn: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'topics-'))
  const port = await portsFor(join(directory, 'ports.json'), ['kafka', 'controller'])
  broker = await startKafka({
    dataDirectory: join(directory, 'kafka'),
    logFile: join(directory, 'kafka.log'),
    port: port('kafka'),
    controllerPort: port('controller'),
    retentionHours: 168,
  })
  place = await placeFixture({ engines: { kafkaBootstrap: () => broker.bootstrap } })
  served = await place.serve({ kafka: mskService(place.place) })
  kafka = new KafkaClient(served.client())
  ClusterArn = await deployCluster(place)
}, 300_000)

afterAll(async () => {
  kafka.destroy()
  await place.close()
  await broker.stop()
  rmSync(directory, { recursive: true })
})

const TopicName = 'aurora.cdc.all-tables'
const settings = { 'retention.ms': '604800000', 'message.timestamp.type': 'LogAppendTime' }
const create = (change: object = {}) =>
  kafka.send(
    new CreateTopicCommand({ ClusterArn, TopicName, PartitionCount: 1, ReplicationFactor: 2, Configs: topicConfigs(settings), ...change }),
  )
const describeTopic = async () => {
  const { Configs = '', ...topic } = await kafka.send(new DescribeTopicCommand({ ClusterArn, TopicName }))
  return { ...topic, settings: settingsOf(Configs) }
}

/** What the broker itself says. */
async function partitionsAtBroker(): Promise<number | undefined> {
  const admin = new Kafka({ clientId: 'test', brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const { topics } = await admin.fetchTopicMetadata()
    return topics.find(({ name }) => name === TopicName)?.partitions.length
  } finally {
    await admin.disconnect()
  }
}

test("MSK's topic operations are done to the topics of the real broker", async () => {
  await expect(describeTopic()).rejects.toMatchObject({ name: 'NotFoundException' })
  expect(await partitionsAtBroker()).toBeUndefined()

  const TopicArn = `${ClusterArn.replace(':cluster/', ':topic/')}/${TopicName}`
  expect(await create()).toMatchObject({ TopicArn, Status: 'CREATING' })
  expect(await partitionsAtBroker()).toBe(1)
  expect(await describeTopic()).toMatchObject({
    TopicArn,
    TopicName,
    PartitionCount: 1,
    ReplicationFactor: 2,
    Status: 'CREATING',
    settings,
  })
  place.pass(60)
  expect(await describeTopic()).toMatchObject({ Status: 'ACTIVE', settings: { ...settings, 'cleanup.policy': 'delete' } })
  await expect(create()).rejects.toMatchObject({ name: 'TopicExistsException' })

  await kafka.send(new UpdateTopicCommand({ ClusterArn, TopicName, Configs: topicConfigs({ ...settings, 'retention.ms': '1000' }) }))
  expect(await describeTopic()).toMatchObject({ Status: 'UPDATING', settings: { ...settings, 'retention.ms': '1000' } })
  place.pass(60)
  await kafka.send(new UpdateTopicCommand({ ClusterArn, TopicName, PartitionCount: 3 }))
  expect(await partitionsAtBroker()).toBe(3)
  await expect(kafka.send(new UpdateTopicCommand({ ClusterArn, TopicName, PartitionCount: 2 }))).rejects.toMatchObject({
    name: 'KafkaRequestException',
    message: expect.stringContaining('would not be an increase'),
  })

  const { Topics } = await kafka.send(new ListTopicsCommand({ ClusterArn, TopicNameFilter: 'aurora.' }))
  expect(Topics).toMatchObject([{ TopicName, PartitionCount: 3, ReplicationFactor: 2 }])
  await kafka.send(new DeleteTopicCommand({ ClusterArn, TopicName }))
  await expect(describeTopic()).rejects.toMatchObject({ name: 'NotFoundException' })
}, 60_000)

test('the steps create the topic once, and change what is otherwise', async () => {
  const { endpoint, region, credentials } = served.client()
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  })
  const step: StepPlace = {
    ...asTheStep,
    environment: { ...asTheStep.environment, clusterArn: ClusterArn },
    now: () => new Date(place.place.now()),
  }
  expect(await ensureTopic(asked(), step)).toMatchObject({ ready: true, did: [`created the topic ${TopicName}`] })
  const first = await awaitTopic(asked(), step)
  expect(first).toMatchObject({ ready: false, seen: expect.stringContaining('CREATING') })
  place.pass(60)
  expect(await awaitTopic(asked(first), step)).toMatchObject({ ready: true, seen: `the topic ${TopicName} is ACTIVE` })
  expect(await ensureTopic(asked(), step)).toMatchObject({ ready: true, did: [], already: [`the topic ${TopicName} is as wanted`] })

  await kafka.send(new UpdateTopicCommand({ ClusterArn, TopicName, Configs: topicConfigs({ 'retention.ms': '1000' }) }))
  expect(await ensureTopic(asked(), step)).toMatchObject({ ready: false, seen: expect.stringContaining('it is UPDATING') })
  place.pass(60)
  // The time of arrival is what the brokers' own settings say already.
  expect(await ensureTopic(asked(), step)).toMatchObject({
    did: [`set retention.ms, max.message.bytes of the topic ${TopicName}`],
  })
  place.pass(60)
  expect(await awaitTopic(asked(), step)).toMatchObject({ ready: true })

  await kafka.send(new UpdateTopicCommand({ ClusterArn, TopicName, PartitionCount: 2 }))
  place.pass(60)
  await expect(ensureTopic(asked(), step)).rejects.toMatchObject({ name: 'TopicMismatch' })
  await kafka.send(new DeleteTopicCommand({ ClusterArn, TopicName }))
}, 60_000)

test.each([
  ['more replicas than brokers', { ReplicationFactor: 3 }, 'KafkaRequestException', 'larger than available brokers: 2'],
  [
    'a setting that Kafka does not know',
    { Configs: topicConfigs({ 'retention.hours': '1' }) },
    'KafkaRequestException',
    'Configuration is invalid',
  ],
  ['settings in another form', { Configs: Buffer.from('retention.ms=1').toString('base64') }, 'BadRequestException', 'JSON object'],
  ['a name that is none', { TopicName: 'a b' }, 'BadRequestException', ''],
])('a topic with %s is refused', async (_what, change, name, message) => {
  await expect(create(change)).rejects.toMatchObject({ name, message: expect.stringContaining(message) })
  expect(await partitionsAtBroker()).toBeUndefined()
})

test('both at once cannot be updated', async () => {
  await expect(
    kafka.send(new UpdateTopicCommand({ ClusterArn, TopicName, PartitionCount: 2, Configs: topicConfigs({}) })),
  ).rejects.toMatchObject({ name: 'BadRequestException', message: expect.stringContaining('either configs or partitionCount') })
})

test('there are no topic operations on a cluster that is not ACTIVE', async () => {
  const until = place.place.now() + 1_000
  await changeCluster(place.place.account, ClusterArn, { condition: { state: 'UPDATING', until } })
  for (const operation of [create, describeTopic])
    await expect(operation()).rejects.toMatchObject({ name: 'BadRequestException', message: expect.stringContaining('UPDATING') })
  place.pass(1)
})

test('brokers that cannot be reached are MSK without a connection to them', async () => {
  const engines = { ...place.place.engines, kafkaBootstrap: () => '127.0.0.1:1' }
  const elsewhere = await place.serve({ kafka: mskService({ ...place.place, engines }) })
  const client = new KafkaClient(elsewhere.client())
  await expect(client.send(new DescribeTopicCommand({ ClusterArn, TopicName }))).rejects.toMatchObject({
    name: 'ClusterConnectivityException',
  })
  client.destroy()
})
