import { setTimeout as sleep } from 'node:timers/promises'
import { type EachMessagePayload, type IHeaders, Kafka, logLevel } from 'kafkajs'

/** A Kafka message as it was on the topic. */
export interface RecordedMessage {
  readonly topic: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

export interface MessageReader {
  readonly messages: readonly RecordedMessage[]
  /** Resolves when the condition holds; rejects with `what` when it does not in a minute. */
  until(condition: () => boolean, what: string): Promise<void>
  close(): Promise<void>
}

/** Collects every message of the topics from their start; each topic has one partition. */
export async function readMessages(bootstrap: string, topics: readonly string[]): Promise<MessageReader> {
  const consumer = new Kafka({ clientId: 'record', brokers: [bootstrap], logLevel: logLevel.NOTHING }).consumer({ groupId: 'record' })
  const messages: RecordedMessage[] = []
  const eachMessage = async ({ topic, message }: EachMessagePayload): Promise<void> => {
    messages.push({ topic, key: text(message.key), value: text(message.value), headers: headerTexts(message.headers) })
  }
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  await consumer.run({ eachMessage })
  return {
    messages,
    async until(condition, what) {
      const deadline = performance.now() + 60_000
      while (!condition()) {
        if (performance.now() > deadline) throw new Error(`${what} did not arrive; ${messages.length} messages did`)
        await sleep(50)
      }
    },
    close: () => consumer.disconnect(),
  }
}

const text = (bytes: Buffer | null) => bytes?.toString('utf8') ?? null

function headerTexts(headers: IHeaders | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]))
}
