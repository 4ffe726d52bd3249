import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { workerProperties } from '../../pipeline/connector.ts'
import { javaCommand, javaEnvironment, log4jProperties, writeProperties } from './java.ts'
import { connectPlugins, kafkaJars } from './paths.ts'
import { type EngineSpec, type EngineStart, type Supervised, supervise } from './supervisor.ts'

export interface RunningConnect extends Supervised {
  /** Of the REST interface. */
  readonly uri: string
}

export interface ConnectSettings extends Pick<EngineSpec, 'onEvent' | 'secrets'> {
  readonly dataDirectory: string
  readonly logFile: string
  readonly port: number
  /** The Kafka broker. */
  readonly bootstrap: string
  /** Where the configuration provider finds Secrets Manager. */
  readonly awsEndpoint: string
  readonly region: string
}

/**
 * Starts a distributed Kafka Connect worker on 127.0.0.1, with the worker configuration of MSK Connect and what MSK Connect itself adds to it.
 * @throws PipelineError `EngineFailed`
 */
export async function startConnect(settings: ConnectSettings): Promise<RunningConnect> {
  const uri = `http://127.0.0.1:${settings.port}`
  mkdirSync(settings.dataDirectory, { recursive: true })
  const properties = writeProperties(settings.dataDirectory, 'worker.properties', {
    ...workerProperties({ region: settings.region, replicationFactor: 1 }),
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
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    cwd: settings.dataDirectory,
    logFile: settings.logFile,
    ready: (start) => answers(uri, start),
    ...(settings.secrets ? { secrets: settings.secrets } : {}),
    ...(settings.onEvent ? { onEvent: settings.onEvent } : {}),
  })
  return Object.assign(worker, { uri })
}

/** MSK Connect sets these itself and does not let a worker configuration do so. */
function localWorkerProperties({ bootstrap }: ConnectSettings, uri: string): Record<string, string> {
  return {
    'bootstrap.servers': bootstrap,
    'group.id': 'local-connect',
    listeners: uri,
    'plugin.path': connectPlugins,
    'plugin.discovery': 'service_load',
    'config.storage.topic': 'connect-configs',
    'config.storage.replication.factor': '1',
    'status.storage.topic': 'connect-status',
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
