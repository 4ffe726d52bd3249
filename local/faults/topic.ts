import { randomUUID } from 'node:crypto'
import { type Consumer, Kafka, logLevel, type Message } from 'kafkajs'
import { changeEventTopic } from '../../pipeline/names.ts'

/** The topic of all change events, as anybody may read and write it. */
export interface Topic {
  /** Puts a value on the topic (null: a tombstone); answers its offset. */
  produce(value: Message['value']): Promise<number>
  /** The offset after the last record. */
  end(): Promise<number>
  /** All values from an offset, the topic's beginning unless given, to its present end. */
  read(from?: number): Promise<Buffer[]>
  close(): Promise<void>
}

export async function openTopic(bootstrap: string): Promise<Topic> {
  const kafka = new Kafka({ clientId: 'topic', brokers: [bootstrap], logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  const admin = kafka.admin()
  await producer.connect()
  await admin.connect()
  const end = async () => Number((await admin.fetchTopicOffsets(changeEventTopic))[0]?.offset)
  return {
    end,
    async produce(value) {
      const [answer] = await producer.send({ topic: changeEventTopic, messages: [{ value }] })
      return Number(answer?.baseOffset)
    },
    async read(from = 0) {
      const last = (await end()) - 1
      const consumer = kafka.consumer({ groupId: `topic-${randomUUID()}` })
      await consumer.connect()
      try {
        return last < from ? [] : await values(consumer, from, last)
      } finally {
        await consumer.disconnect()
      }
    },
    async close() {
      await Promise.all([producer.disconnect(), admin.disconnect()])
    },
  }
}

async function values(consumer: Consumer, from: number, last: number): Promise<Buffer[]> {
  const read: Buffer[] = []
  await consumer.subscribe({ topics: [changeEventTopic], fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          const offset = Number(message.offset)
          if (offset >= from && offset <= last) read.push(message.value ?? Buffer.alloc(0))
          if (offset >= last) resolve()
        },
      })
      .catch(reject)
    if (from > 0) consumer.seek({ topic: changeEventTopic, partition: 0, offset: String(from) })
  })
  return read
}
