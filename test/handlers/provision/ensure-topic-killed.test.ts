import {
  CreateTopicCommand,
  DescribeTopicCommand,
  KafkaClient,
  NotFoundException,
  TopicExistsException,
  UpdateTopicCommand,
} from '@aws-sdk/client-kafka'
import { mockClient } from 'aws-sdk-client-mock'
import { ensureTopic } from '../../../handlers/provision/ensure-topic.ts'
import { asked, place } from './asked.ts'
import { killedAtEachCall, lifeline } from './killed.ts'

interface Topic {
  readonly configs: string | undefined
  readonly partitions: number
}

const refusal = (message: string) => ({ message, Message: message, $metadata: { httpStatusCode: 400 } })
const line = lifeline()
const { topic } = place.plan
/** The topic as Kafka has it, how often it was written, and for how many looks MSK still tells of before. */
let kafka: { topic: Topic | undefined; writes: number; staleLooks: number }

beforeEach(() => {
  const client = mockClient(KafkaClient)
  const write = (configs: string | undefined, partitions: number, staleLooks: number) => {
    kafka = { topic: { configs, partitions }, writes: kafka.writes + 1, staleLooks }
    return { Status: 'CREATING' as const }
  }
  client.on(DescribeTopicCommand).callsFake(() =>
    line.call(() => {
      const known = kafka.staleLooks === 0 ? kafka.topic : undefined
      kafka.staleLooks = Math.max(0, kafka.staleLooks - 1)
      if (!known) throw new NotFoundException(refusal('Unknown topic'))
      return { TopicName: topic.name, PartitionCount: known.partitions, ReplicationFactor: 2, Status: 'ACTIVE', Configs: known.configs }
    }),
  )
  client.on(CreateTopicCommand).callsFake(({ Configs, PartitionCount }) =>
    line.call(() => {
      if (kafka.topic) throw new TopicExistsException(refusal('Topic exists'))
      return write(Configs, PartitionCount, 2)
    }),
  )
  client.on(UpdateTopicCommand).callsFake(({ Configs }) => line.call(() => write(Configs, kafka.topic?.partitions ?? 0, 0)))
})

const ask = (previous: Parameters<typeof asked>[0]) => ensureTopic(asked(previous), place)
const state = () => ({ topic: kafka.topic, writes: kafka.writes })

test('a topic is created once, wherever its making is killed, though MSK does not tell of it at once', async () => {
  const begin = () => (kafka = { topic: undefined, writes: 0, staleLooks: 0 })
  expect(await killedAtEachCall({ line, begin, ask, state })).toBe(2)
  expect(state()).toEqual({ topic: { configs: expect.any(String), partitions: 1 }, writes: 1 })
})

test('settings are changed once, wherever their change is killed', async () => {
  const configs = Buffer.from(JSON.stringify({ ...topic.settings, 'retention.ms': '1' })).toString('base64')
  const begin = () => (kafka = { topic: { configs, partitions: 1 }, writes: 0, staleLooks: 0 })
  expect(await killedAtEachCall({ line, begin, ask, state })).toBe(2)
  expect(state()).toMatchObject({ writes: 1 })
})
