import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { workerProperties } from '../../pipeline/connector.ts'
import type { AwsCredentials } from '../aws/principals.ts'
import type { Credentials } from './credentials.ts'
import { javaCommand, javaEnvironment, log4jProperties, writeProperties } from './java.ts'
import { connectPlugins, kafkaJars } from './paths.ts'
import { type Attended, attended, type EngineSpec, type EngineStart, type Supervised, supervise } from './supervisor.ts'

export interface RunningConnect extends Supervised {
  /** Of the REST interface. */
  readonly uri: string
}

export interface ConnectSettings extends Attended, Pick<EngineSpec, 'secrets'> {
  readonly dataDirectory: string
  readonly logFile: string
  readonly port: number
  /** Of the one connector that it runs: MSK Connect names the worker's topics and group after it. */
  readonly connector: string
  /** The Kafka broker: the listener on which roles log in, where there is a login. */
  readonly bootstrap: string
  /** The role as which the worker and its connector log in to Kafka; as nobody, unless given. */
  readonly kafkaLogin?: Credentials
  /** Where the configuration provider finds Secrets Manager, and as whom it calls. */
  readonly awsEndpoint: string
  readonly awsCredentials: AwsCredentials
  readonly region: string
  /** Kafka Connect's `plugin.path`: the prepared plugin, unless given. */
  readonly pluginPath?: string
  /** Content of the worker configuration: that of the pipeline, unless given. */
  readonly properties?: Readonly<Record<string, string>>
}

/** What MSK Connect names for a worker; its ids are random, ours is not. The offsets topic is named in the worker configuration. */
export function workerNames(connector: string) {
  const named = (what: string) => `__amazon_msk_connect_${what}_${connector}_local`
  return { configs: named('configs'), status: named('status'), group: named('group') } as const
}

/**
 * Starts a distributed Kafka Connect worker on 127.0.0.1, with the worker configuration of MSK Connect and what MSK Connect itself adds to it.
 * @throws PipelineError `EngineFailed`
 */
export async function startConnect(settings: ConnectSettings): Promise<RunningConnect> {
  const uri = `http://127.0.0.1:${settings.port}`
  mkdirSync(settings.dataDirectory, { recursive: true })
  const properties = writeProperties(settings.dataDirectory, 'worker.properties', {
    ...(settings.properties ?? workerProperties({ region: settings.region, replicationFactor: 1 })),
    ...localWorkerProperties(settings, uri),
  })
  const quiet = ['org.apache.kafka.clients', 'org.apache.kafka.common', 'org.reflections', 'org.eclipse.jetty', 'org.glassfish']
  const worker = await supervise({
    name: 'Kafka Connect',
    ...javaCommand({
      mainClass: 'org.apache.kafka.connect.cli.ConnectDistributed',
      arguments: [properties],
      classpath: [kafkaJars],
      heapMiB: 512,
      optimize: true,
      systemProperties: log4jProperties(settings.dataDirectory, quiet),
    }),
    env: {
      ...javaEnvironment(),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: settings.awsEndpoint,
      AWS_REGION: settings.region,
      AWS_ACCESS_KEY_ID: settings.awsCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: settings.awsCredentials.secretAccessKey,
      AWS_SESSION_TOKEN: settings.awsCredentials.sessionToken,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    cwd: settings.dataDirectory,
    logFile: settings.logFile,
    ready: (start) => answers(uri, start),
    secrets: [...(settings.secrets ?? []), ...(settings.kafkaLogin ? [settings.kafkaLogin.password] : [])],
    ...attended(settings),
  })
  return Object.assign(worker, { uri })
}

/** MSK Connect sets these itself and does not let a worker configuration do so. */
function localWorkerProperties({ bootstrap, connector, kafkaLogin, pluginPath }: ConnectSettings, uri: string): Record<string, string> {
  const names = workerNames(connector)
  return {
    'bootstrap.servers': bootstrap,
    ...(kafkaLogin ? loginProperties(kafkaLogin) : {}),
    'group.id': names.group,
    listeners: uri,
    'plugin.path': pluginPath ?? connectPlugins,
    'plugin.discovery': 'service_load',
    // There is one broker.
    'offset.storage.replication.factor': '1',
    'config.storage.topic': names.configs,
    'config.storage.replication.factor': '1',
    'status.storage.topic': names.status,
    'status.storage.replication.factor': '1',
    'status.storage.partitions': '1',
    // A broker that was started again is found at once.
    'reconnect.backoff.ms': '20',
    'reconnect.backoff.max.ms': '100',
    'admin.reconnect.backoff.max.ms': '100',
    'producer.reconnect.backoff.max.ms': '100',
    'consumer.reconnect.backoff.max.ms': '100',
    // The group's session of a killed worker has to end before the next one gets its task.
    'session.timeout.ms': '6000',
    'heartbeat.interval.ms': '1000',
  }
}

/** The worker, and the producer, consumer and admin client of its connector, have settings of their own each. */
function loginProperties({ user, password }: Credentials): Record<string, string> {
  const login = {
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': 'PLAIN',
    'sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required username="${user}" password="${password}";`,
  }
  const prefixes = ['', 'producer.', 'consumer.', 'admin.']
  return Object.fromEntries(prefixes.flatMap((prefix) => Object.entries(login).map(([name, value]) => [`${prefix}${name}`, value])))
}

async function answers(uri: string, { signal }: EngineStart): Promise<void> {
  while (!signal.aborted) {
    const response = await fetch(`${uri}/connectors`, { signal: AbortSignal.any([signal, AbortSignal.timeout(2000)]) }).catch(
      () => undefined,
    )
    await response?.arrayBuffer()
    if (response?.ok) return
    await sleep(50)
  }
}
