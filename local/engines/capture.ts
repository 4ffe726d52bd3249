import { join } from 'node:path'
import { connectorName } from '../../pipeline/names.ts'
import { type AwsEndpoint, anyCredentials, serveAws, withoutAccount } from '../aws/endpoint.ts'
import { secretsManager } from '../aws/secrets-manager.ts'
import { type RunningConnect, startConnect } from './connect.ts'
import { postgresCredentials } from './credentials.ts'
import { type RunningKafka, startKafka } from './kafka.ts'
import { portsFor } from './ports.ts'
import { type RunningPostgres, startPostgres } from './postgres.ts'
import { postgresHome } from './postgres-user.ts'
import type { EngineEvent } from './supervisor.ts'

/** PostgreSQL, Kafka and Kafka Connect with the plugin: all that makes change events. */
export interface Capture {
  readonly postgres: RunningPostgres
  readonly kafka: RunningKafka
  readonly connect: RunningConnect
  readonly aws: AwsEndpoint
  /** Stops all of it. */
  stop(): Promise<void>
}

export interface CaptureSettings {
  readonly dataDirectory: string
  readonly database: string
  /** Name of the secret that holds Debezium's role. */
  readonly secretName: string
  readonly onEvent?: (event: EngineEvent) => void
}

/**
 * Starts the engines that make change events, side by side; when one cannot be started the others are stopped again.
 * @throws PipelineError `EngineFailed`, `DataFolderUnusable`
 */
export async function startCapture({ dataDirectory, database, secretName, onEvent }: CaptureSettings): Promise<Capture> {
  const home = postgresHome(dataDirectory, true)
  const credentials = postgresCredentials(dataDirectory)
  const port = await portsFor(join(dataDirectory, 'ports.json'), ['postgres', 'kafka', 'kafka-controller', 'connect'])
  const { user, password } = credentials.debezium
  const arn = `arn:aws:secretsmanager:us-east-1:111122223333:secret:${secretName}-AbCdEf`
  const secretsmanager = secretsManager([{ name: secretName, arn, value: { username: user, password } }])
  const aws = await serveAws({ secretsmanager }, { access: withoutAccount })
  const observed = onEvent ? { onEvent } : {}
  const logFile = (name: string) => join(dataDirectory, 'logs', `${name}.log`)
  const started = await Promise.allSettled([
    startPostgres({ home, port: port('postgres'), credentials, database, logFile: logFile('postgres'), ...observed }),
    startKafka({
      dataDirectory: join(dataDirectory, 'kafka'),
      port: port('kafka'),
      controllerPort: port('kafka-controller'),
      retentionHours: 168,
      logFile: logFile('kafka'),
      ...observed,
    }),
    startConnect({
      dataDirectory: join(dataDirectory, 'connect'),
      port: port('connect'),
      bootstrap: `127.0.0.1:${port('kafka')}`,
      connector: connectorName,
      awsEndpoint: aws.uri,
      awsCredentials: anyCredentials,
      region: 'us-east-1',
      secrets: [password],
      logFile: logFile('connect'),
      ...observed,
    }),
  ] as const)
  const stop = async (): Promise<void> => {
    const [postgres, kafka, connect] = started.map((result) => (result.status === 'fulfilled' ? result.value : undefined))
    // The worker first: it says goodbye to both of the others.
    await connect?.stop()
    await Promise.all([postgres?.stop(), kafka?.stop(), aws.close()])
  }
  const [postgres, kafka, connect] = started
  if (postgres.status === 'fulfilled' && kafka.status === 'fulfilled' && connect.status === 'fulfilled') {
    return { postgres: postgres.value, kafka: kafka.value, connect: connect.value, aws, stop }
  }
  await stop()
  throw started.find((result) => result.status === 'rejected')?.reason
}
