import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Admin, type Consumer, type EachBatchPayload, Kafka, logLevel } from 'kafkajs'
import type { Credentials } from '../../engines/credentials.ts'
import type { PartitionSource, SourceRecord } from './partition-source.ts'

export interface KafkaSourceSettings {
  readonly bootstrap: string
  readonly topic: string
  readonly clientId: string
  /** As nobody, unless given. */
  readonly login?: Credentials | undefined
  readonly onError: (message: string) => void
}

/** Retried for as long as the broker is away: a stand-in for a service has nobody to give up to. */
const retry = { initialRetryTime: 100, maxRetryTime: 2000, retries: Number.MAX_SAFE_INTEGER }
const sessionTimeoutMs = 30_000
const heartbeatIntervalMs = 3000

/**
 * A topic of a Kafka broker. Group offsets are never committed or believed: each run joins a group of its own, which no killed
 * predecessor can still be a member of, and seeks every partition to where it is told.
 */
export function kafkaSource({ bootstrap, topic, clientId, login, onError }: KafkaSourceSettings): PartitionSource {
  const kafka = new Kafka({
    clientId,
    brokers: bootstrap.split(','),
    ...(login ? { sasl: { mechanism: 'plain', username: login.user, password: login.password } } : {}),
    retry,
    connectionTimeout: 3000,
    logLevel: logLevel.ERROR,
    logCreator:
      () =>
      ({ log: { message, error } }) => {
        const detail = typeof error === 'string' && !message.includes(error) ? `: ${error}` : ''
        // While a broker sets up its first group it says so; the client asks again.
        if (!`${message}${detail}`.includes('coordinator is not available')) onError(`Kafka: ${message}${detail}`)
      },
  })
  const groupId = `firehose-${clientId}-${randomUUID()}`
  let admin: Promise<Admin> | undefined
  let consumer: Consumer | undefined
  const stopping = new AbortController()

  const connectedAdmin = (): Promise<Admin> => {
    admin ??= (async () => {
      const connecting = kafka.admin({ retry: { ...retry, retries: 2 } })
      await connecting.connect()
      return connecting
    })()
    admin.catch(() => {
      admin = undefined
    })
    return admin
  }

  const topicExists = async (): Promise<boolean> => (await (await connectedAdmin()).listTopics()).includes(topic)

  return {
    async startOffsets(fromMs) {
      if (!(await topicExists())) return new Map()
      const connected = await connectedAdmin()
      const found =
        fromMs === undefined ? await connected.fetchTopicOffsets(topic) : await connected.fetchTopicOffsetsByTimestamp(topic, fromMs)
      return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]))
    },
    async endOffsets() {
      if (!(await topicExists())) return new Map()
      const found = await (await connectedAdmin()).fetchTopicOffsets(topic)
      return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]))
    },
    async run(from, onRecords) {
      const next = new Map(from)
      while (!stopping.signal.aborted && !(await topicExists())) await sleep(500)
      if (stopping.signal.aborted) return
      const running = kafka.consumer({
        groupId,
        sessionTimeout: sessionTimeoutMs,
        heartbeatInterval: heartbeatIntervalMs,
        maxWaitTimeInMs: 200,
        maxBytesPerPartition: 4 * 1024 * 1024,
        maxBytes: 16 * 1024 * 1024,
        metadataMaxAge: 30_000,
        allowAutoTopicCreation: false,
        retry: { ...retry, restartOnFailure: async () => !stopping.signal.aborted },
      })
      consumer = running
      running.on(running.events.GROUP_JOIN, ({ payload }) => {
        for (const partition of payload.memberAssignment[topic] ?? []) {
          // A partition that is new to the stream is read from its beginning, where the group, having no offsets, begins anyway.
          const offset = next.get(partition)
          if (offset !== undefined) running.seek({ topic, partition, offset: String(offset) })
        }
      })
      await running.connect()
      await running.subscribe({ topics: [topic], fromBeginning: true })
      await running.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: (payload) => deliver(payload, next, onRecords, onError),
      })
    },
    async stop() {
      stopping.abort()
      await consumer?.disconnect()
      if (admin) await (await admin).disconnect()
    },
  }
}

/** Hands over what comes after the last record of the partition, whatever the group protocol made of a rebalance. */
async function deliver(
  payload: EachBatchPayload,
  next: Map<number, bigint>,
  onRecords: (records: readonly SourceRecord[]) => Promise<void>,
  onError: (message: string) => void,
): Promise<void> {
  if (!payload.isRunning() || payload.isStale()) return
  const { batch } = payload
  const { partition } = batch
  const wanted = next.get(partition) ?? 0n
  const records: SourceRecord[] = []
  for (const { offset, timestamp, value } of batch.messages) {
    const exact = BigInt(offset)
    if (exact >= wanted) records.push({ partition, offset: exact, arrivalMs: Number(timestamp), value: value ?? undefined })
  }
  const first = records[0]
  if (first && first.offset > wanted) {
    onError(
      `partition ${partition}: no records from offset ${wanted} to ${first.offset - 1n}; the topic's retention or a transaction took them`,
    )
  }
  if (first) {
    // A full buffer must not cost the membership of the group.
    const beating = setInterval(() => void payload.heartbeat().catch(() => {}), heartbeatIntervalMs)
    try {
      await onRecords(records)
    } finally {
      clearInterval(beating)
    }
    next.set(partition, BigInt(batch.lastOffset()) + 1n)
  }
  payload.resolveOffset(batch.lastOffset())
  await payload.heartbeat()
}
