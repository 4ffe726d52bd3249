import {
  CreateTopicCommand,
  DescribeClusterV2Command,
  DescribeTopicCommand,
  type DescribeTopicCommandOutput,
  KafkaClient,
  TopicExistsException,
  UpdateTopicCommand,
} from '@aws-sdk/client-kafka'
import { mockClient } from 'aws-sdk-client-mock'
import { awaitTopic } from '../../../handlers/provision/await-topic.ts'
import { ensureTopic } from '../../../handlers/provision/ensure-topic.ts'
import { asked, clusterArn, place, waitedFor } from './asked.ts'
import { badRequest, described, notFound } from './cluster-answers.ts'

const kafka = mockClient(KafkaClient)
beforeEach(() => kafka.reset())

const { topic } = place.plan
const base64 = (text: string) => Buffer.from(text).toString('base64')
const found = (change: Partial<DescribeTopicCommandOutput> = {}, settings: Record<string, string> = {}) => ({
  TopicName: topic.name,
  PartitionCount: 1,
  ReplicationFactor: 2,
  Status: 'ACTIVE' as const,
  Configs: base64(JSON.stringify({ 'cleanup.policy': 'delete', ...topic.settings, ...settings })),
  ...change,
})

test('a topic that is not there is created with its settings', async () => {
  kafka.on(DescribeTopicCommand, { ClusterArn: clusterArn, TopicName: topic.name }).rejects(notFound('no topic'))
  kafka.on(CreateTopicCommand).resolves({ Status: 'CREATING' })
  expect(await ensureTopic(asked(), place)).toMatchObject({ ready: true, did: ['created the topic aurora.cdc.all-tables'] })
  const [
    {
      args: [{ input }],
    } = { args: [{ input: undefined }] },
  ] = kafka.commandCalls(CreateTopicCommand)
  expect(input).toMatchObject({ ClusterArn: clusterArn, TopicName: 'aurora.cdc.all-tables', PartitionCount: 1, ReplicationFactor: 2 })
  expect(JSON.parse(Buffer.from(input?.Configs ?? '', 'base64').toString())).toEqual({
    'retention.ms': '604800000',
    'max.message.bytes': '8388608',
    'message.timestamp.type': 'LogAppendTime',
  })
})

test('a topic that is as wanted is left alone, whichever form its settings have', async () => {
  const lines = Object.entries({ 'compression.type': 'producer', ...topic.settings }).map(([name, value]) => `${name}=${value}`)
  for (const Configs of [found().Configs, base64(lines.join('\n'))]) {
    kafka.on(DescribeTopicCommand).resolves(found({ Configs }))
    expect(await ensureTopic(asked(), place)).toMatchObject({
      ready: true,
      did: [],
      already: ['the topic aurora.cdc.all-tables is as wanted'],
    })
  }
  expect(kafka.commandCalls(UpdateTopicCommand)).toEqual([])
})

test('other settings are set', async () => {
  kafka.on(DescribeTopicCommand).resolves(found({}, { 'retention.ms': '1000', 'message.timestamp.type': 'CreateTime' }))
  kafka.on(UpdateTopicCommand).resolves({ Status: 'UPDATING' })
  expect(await ensureTopic(asked(), place)).toMatchObject({
    ready: true,
    did: ['set retention.ms, message.timestamp.type of the topic aurora.cdc.all-tables'],
  })
  const [call] = kafka.commandCalls(UpdateTopicCommand)
  expect(call?.args[0].input).toEqual({ ClusterArn: clusterArn, TopicName: topic.name, Configs: base64(JSON.stringify(topic.settings)) })
})

test.each([ensureTopic, awaitTopic])('other partitions are refused with what can be done (%p)', async (step) => {
  kafka.on(DescribeTopicCommand).resolves(found({ PartitionCount: 3 }))
  await expect(step(asked(), place)).rejects.toMatchObject({
    name: 'TopicMismatch',
    message: expect.stringContaining('aurora.cdc.all-tables has 3 partitions and must have 1'),
  })
})

test('a topic that another execution made in the same moment is waited for', async () => {
  kafka.on(DescribeTopicCommand).rejects(notFound('no topic'))
  kafka.on(CreateTopicCommand).rejects(new TopicExistsException({ message: 'exists', $metadata: { httpStatusCode: 409 } }))
  expect(await ensureTopic(asked(), place)).toMatchObject({ ready: false, did: [] })
})

test.each(['CREATING', 'UPDATING', 'DELETING'] as const)('a topic that is %s is looked at again', async (Status) => {
  kafka.on(DescribeTopicCommand).resolves(found({ Status, PartitionCount: 3 }))
  expect(await ensureTopic(asked(), place)).toMatchObject({ ready: false, seen: expect.stringContaining(`it is ${Status}`) })
})

test('a refusal counts as one of the cluster only where that is not ACTIVE', async () => {
  kafka.on(DescribeTopicCommand).rejects(badRequest('as MSK says'))
  kafka
    .on(DescribeClusterV2Command)
    .resolvesOnce(described({ State: 'MAINTENANCE' }))
    .resolves(described())
  expect(await ensureTopic(asked(), place)).toMatchObject({ ready: false, seen: expect.stringContaining('the cluster is MAINTENANCE') })
  await expect(ensureTopic(asked(), place)).rejects.toMatchObject({ name: 'BadRequestException', message: 'as MSK says' })
})

describe('waiting', () => {
  test('ends when the topic is ACTIVE with its settings', async () => {
    kafka.on(DescribeTopicCommand).resolves(found())
    expect(await awaitTopic(asked(), place)).toMatchObject({ ready: true, seen: 'the topic aurora.cdc.all-tables is ACTIVE' })
  })

  test.each([
    ['not described by MSK', () => kafka.on(DescribeTopicCommand).rejects(notFound('no topic'))],
    [
      'not described by MSK now (in the MAINTENANCE state)',
      () => kafka.on(DescribeTopicCommand).rejects(badRequest('in the MAINTENANCE state')),
    ],
    ['CREATING', () => kafka.on(DescribeTopicCommand).resolves(found({ Status: 'CREATING', PartitionCount: 0 }))],
    ['ACTIVE with retention.ms=1000', () => kafka.on(DescribeTopicCommand).resolves(found({}, { 'retention.ms': '1000' }))],
  ])('goes on while it is %s', async (seen, arrange) => {
    arrange()
    expect(await awaitTopic(asked(waitedFor(1)), place)).toMatchObject({ ready: false, seen: `${seen} for 1 min; 1 to 2 min are usual` })
    await expect(awaitTopic(asked(waitedFor(31)), place)).rejects.toMatchObject({
      name: 'NotInTime',
      message: expect.stringContaining(seen),
    })
  })

  test('fewer replicas are told, and no failure: only Kafka itself can add some', async () => {
    kafka.on(DescribeTopicCommand).resolves(found({ ReplicationFactor: 1 }))
    expect(await awaitTopic(asked(), place)).toMatchObject({
      ready: true,
      seen: expect.stringContaining('it has 1 replicas and should have 2'),
    })
  })
})
