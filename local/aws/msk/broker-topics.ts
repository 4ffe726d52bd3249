import kafkajs, { Kafka, logLevel } from 'kafkajs'
import { AwsError } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'

// As a CommonJS module it shows an import only some of its names.
const { ConfigResourceTypes, KafkaJSAggregateError, KafkaJSError, KafkaJSProtocolError } = kafkajs

/** A topic as the broker has it. */
export interface TopicDescription {
  readonly name: string
  readonly partitions: number
  readonly settings: Readonly<Record<string, string>>
}

export interface TopicAdmin {
  names(): Promise<string[]>
  describe(name: string): Promise<TopicDescription | undefined>
  /** False where there is one of that name. */
  create(name: string, partitions: number, settings: Readonly<Record<string, string>>): Promise<boolean>
  /** Replaces all of the topic's own settings. */
  configure(name: string, settings: Readonly<Record<string, string>>): Promise<void>
  addPartitions(name: string, total: number): Promise<void>
  remove(name: string): Promise<void>
}

const entriesOf = (settings: Readonly<Record<string, string>>) => Object.entries(settings).map(([name, value]) => ({ name, value }))

/** Lets a call work on the topics of the real broker. What Kafka refuses and failures to reach it have the names that MSK gives them. */
export async function withAdmin<Result>(
  { engines }: Pick<AwsPlace, 'engines'>,
  work: (admin: TopicAdmin) => Promise<Result>,
): Promise<Result> {
  const admin = new Kafka({
    clientId: 'msk',
    brokers: [engines.kafkaBootstrap()],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { retries: 1 },
  }).admin()
  try {
    await admin.connect()
    return await work(topicAdmin(admin))
  } catch (error) {
    throw error instanceof KafkaJSError || error instanceof KafkaJSAggregateError ? asMsk(error) : error
  } finally {
    await admin.disconnect()
  }
}

function topicAdmin(admin: ReturnType<Kafka['admin']>): TopicAdmin {
  return {
    names: () => admin.listTopics(),
    async describe(name) {
      // Asking for a topic by name would create it.
      if (!(await admin.listTopics()).includes(name)) return undefined
      const { topics } = await admin.fetchTopicMetadata({ topics: [name] })
      const { resources } = await admin.describeConfigs({ resources: [{ type: ConfigResourceTypes.TOPIC, name }], includeSynonyms: false })
      const settings = (resources[0]?.configEntries ?? []).filter(({ isSensitive }) => !isSensitive)
      return {
        name,
        partitions: topics[0]?.partitions.length ?? 0,
        settings: Object.fromEntries(settings.map(({ configName, configValue }) => [configName, configValue])),
      }
    },
    create: (topic, numPartitions, settings) =>
      admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic, numPartitions, replicationFactor: 1, configEntries: entriesOf(settings) }],
      }),
    async configure(name, settings) {
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries: entriesOf(settings) }],
      })
    },
    async addPartitions(topic, count) {
      await admin.createPartitions({ topicPartitions: [{ topic, count }] })
    },
    remove: (name) => admin.deleteTopics({ topics: [name] }),
  }
}

function asMsk(error: InstanceType<typeof KafkaJSError> | InstanceType<typeof KafkaJSAggregateError>): AwsError {
  if (error instanceof KafkaJSAggregateError)
    return new AwsError('KafkaRequestException', error.errors.map((one) => (typeof one === 'string' ? one : one.message)).join('; '), 400)
  if (error instanceof KafkaJSProtocolError) return new AwsError('KafkaRequestException', error.message, 400)
  return new AwsError('ClusterConnectivityException', `The brokers cannot be reached: ${error.message}`, 409)
}
