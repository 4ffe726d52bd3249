import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { brokerProperties } from '../../pipeline/broker-properties.ts'
import { maximumMessageBytes } from '../../pipeline/names.ts'
import { javaCommand, javaEnvironment, log4jProperties, writeProperties } from './java.ts'
import { kafkaJars } from './paths.ts'
import { type Attended, attended, type Supervised, supervise } from './supervisor.ts'

export interface RunningKafka extends Supervised {
  /** `host:port` of the listener that asks nobody who he is, and refuses him nothing. */
  readonly bootstrap: string
}

export interface KafkaSettings extends Attended {
  readonly dataDirectory: string
  readonly logFile: string
  readonly port: number
  readonly controllerPort: number
  readonly retentionHours: number
  /** A second listener, on which roles log in and may do what ACLs allow them: what IAM access control is on MSK. */
  readonly roles?: RoleListener
}

export interface RoleListener {
  readonly port: number
  /** The port that clients are told to connect to, where it is not the listener's own. */
  readonly advertisedPort?: number | undefined
  /** By the name of the role. */
  readonly passwords: Readonly<Record<string, string>>
  /** Has every decision logged, not only denials. */
  readonly logDecisions?: boolean
}

/**
 * Starts a Kafka broker (KRaft, one node) on 127.0.0.1.
 * @throws PipelineError `EngineFailed`
 */
export async function startKafka(settings: KafkaSettings): Promise<RunningKafka> {
  const bootstrap = `127.0.0.1:${settings.port}`
  const logs = join(settings.dataDirectory, 'log')
  if (!existsSync(join(logs, 'meta.properties'))) {
    mkdirSync(logs, { recursive: true })
    // What Kafka's storage tool would write, without a JVM of its own.
    writeProperties(logs, 'meta.properties', { version: '1', 'cluster.id': newUuid(), 'node.id': '1', 'directory.id': newUuid() })
  }
  const properties = writeProperties(settings.dataDirectory, 'server.properties', serverProperties(settings, logs))
  const quiet = ['org.apache.kafka.common.config', 'kafka.server.KafkaConfig', 'org.apache.kafka.metadata', 'org.apache.kafka.controller']
  const broker = await supervise({
    name: 'Kafka',
    ...javaCommand({
      mainClass: 'kafka.Kafka',
      arguments: [properties],
      classpath: [kafkaJars],
      heapMiB: 256,
      optimize: false,
      systemProperties: log4jProperties(settings.dataDirectory, quiet, settings.roles?.logDecisions ? [authorizerLogger] : []),
    }),
    secrets: Object.values(settings.roles?.passwords ?? {}),
    env: javaEnvironment(),
    cwd: settings.dataDirectory,
    logFile: settings.logFile,
    ready: async ({ line }) => void (await line(/Kafka Server started/)),
    ...attended(settings),
  })
  return Object.assign(broker, { bootstrap })
}

/** Creates the topic when there is none of that name. */
export async function ensureTopic(bootstrap: string, topic: { name: string; partitions: number; retentionHours: number }): Promise<void> {
  const admin = new Kafka({ clientId: 'local-run', brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic: topic.name,
          numPartitions: topic.partitions,
          replicationFactor: 1,
          configEntries: [
            { name: 'retention.ms', value: String(topic.retentionHours * 60 * 60 * 1000) },
            { name: 'max.message.bytes', value: String(maximumMessageBytes) },
            { name: 'message.timestamp.type', value: 'LogAppendTime' },
          ],
        },
      ],
    })
  } finally {
    await admin.disconnect()
  }
}

function serverProperties({ port, controllerPort, retentionHours, roles }: KafkaSettings, logs: string): Record<string, string> {
  return {
    ...brokerProperties({ brokers: 1, retentionHours }),
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    ...(roles ? roleListener(roles, port, controllerPort) : {}),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': logs,
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'num.network.threads': '1',
    'num.io.threads': '2',
    'num.replica.fetchers': '1',
    'num.recovery.threads.per.data.dir': '1',
    'background.threads': '2',
    'log.cleaner.threads': '1',
    'log.cleaner.dedupe.buffer.size': String(4 * 1024 * 1024),
    'log.segment.bytes': String(128 * 1024 * 1024),
    // A killed broker cannot register again before its old session has ended; the default is nine seconds. Three are about a start of the JVM.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '300',
  }
}

/** Logs denials, and at a finer level what is allowed. */
const authorizerLogger = 'kafka.authorizer.logger'

/** The listener `ROLES`, and the authorizer that keeps ACLs in the broker's own metadata. */
function roleListener({ port, advertisedPort, passwords }: RoleListener, openPort: number, controllerPort: number): Record<string, string> {
  const users = Object.entries(passwords).map(([role, password]) => `user_${role}="${password}"`)
  return {
    listeners: `PLAINTEXT://127.0.0.1:${openPort},ROLES://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${openPort},ROLES://127.0.0.1:${advertisedPort ?? port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,ROLES:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'listener.name.roles.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.roles.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${users.join(' ')};`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // Whoever comes by a listener without a login: the broker itself, the local run, and workers that are to be unauthenticated.
    'super.users': 'User:ANONYMOUS',
    'allow.everyone.if.no.acl.found': 'false',
  }
}

/** Kafka's form of a UUID: 16 bytes in 22 characters, the first of them not a hyphen (as command-line tools could not take it). */
function newUuid(): string {
  const text = randomBytes(16).toString('base64url')
  return text.startsWith('-') ? newUuid() : text
}
