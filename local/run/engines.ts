import { join } from 'node:path'
import type { Deployment } from '../../pipeline/deployment.ts'
import { resourceNames } from '../../pipeline/resource-names.ts'
import type { EngineAddresses } from '../aws/place.ts'
import type { AwsCredentials } from '../aws/principals.ts'
import { startCatalog } from '../engines/catalog.ts'
import { startConnect } from '../engines/connect.ts'
import { type Credentials, kafkaPasswords, postgresCredentials } from '../engines/credentials.ts'
import { startKafka } from '../engines/kafka.ts'
import { startPostgres } from '../engines/postgres.ts'
import { postgresHome } from '../engines/postgres-user.ts'
import { attended, type EngineEvent } from '../engines/supervisor.ts'
import type { DataPaths } from './data-folder.ts'
import type { Processes } from './processes.ts'

/** Names under which a data folder remembers its ports. */
export const portNames = ['postgres', 'kafka', 'kafka-controller', 'kafka-roles', 'connect', 'catalog', 'delivery', 'aws'] as const

/** What every engine of a run is started with. */
export interface EnginePlace {
  readonly paths: DataPaths
  readonly processes: Processes
  readonly port: (name: (typeof portNames)[number]) => number
  readonly deployment: Deployment
  /** @see RunOptions */
  readonly wayToBroker?: ((port: number) => number) | undefined
  readonly onEvent?: ((event: EngineEvent) => void) | undefined
}

/** Where the engines answer once they are started: their ports are known before. */
export function engineAddresses({ port, paths }: Pick<EnginePlace, 'port' | 'paths'>, postgresUrl: () => string): EngineAddresses {
  const http = (name: (typeof portNames)[number]) => () => `http://127.0.0.1:${port(name)}`
  return {
    kafkaBootstrap: () => `127.0.0.1:${port('kafka')}`,
    connectUri: http('connect'),
    catalogUri: http('catalog'),
    deliveryUri: http('delivery'),
    postgresUrl,
    logsDirectory: paths.logs,
  }
}

/** The samples' database. */
export const sampleDatabase = 'shop'

export function startSamplePostgres(place: EnginePlace, explicitData: boolean) {
  const { directory, logs } = place.paths
  const credentials = postgresCredentials(directory)
  const home = postgresHome(directory, explicitData)
  const logFile = join(logs, 'postgres.log')
  return place.processes.start((signal) =>
    startPostgres({
      home,
      credentials,
      database: sampleDatabase,
      port: place.port('postgres'),
      logFile,
      ...attended({ ...place, signal }),
    }),
  )
}

/** As whom the connector's worker and the delivery log in to Kafka: by the names of their roles. */
export function kafkaLogins({ deployment, paths }: Pick<EnginePlace, 'deployment' | 'paths'>) {
  const { connectRole, firehoseRole } = resourceNames(deployment)
  const { file, of } = kafkaPasswords(paths.directory, [connectRole, firehoseRole])
  const login = (user: string): Credentials => ({ user, password: of[user] ?? '' })
  return { passwordsFile: file, passwords: of, connect: login(connectRole), firehose: login(firehoseRole) }
}

/** Where roles log in to Kafka. */
export const roleBootstrap = (place: EnginePlace) => `127.0.0.1:${rolePort(place)}`

/** The port by which roles come to the broker. */
function rolePort({ port, wayToBroker = (direct) => direct }: EnginePlace): number {
  return wayToBroker(port('kafka-roles'))
}

export function startBroker(place: EnginePlace) {
  return place.processes.start((signal) =>
    startKafka({
      dataDirectory: place.paths.kafka,
      logFile: join(place.paths.logs, 'kafka.log'),
      port: place.port('kafka'),
      controllerPort: place.port('kafka-controller'),
      retentionHours: place.deployment.kafka.retentionHours,
      roles: { port: place.port('kafka-roles'), advertisedPort: rolePort(place), passwords: kafkaLogins(place).passwords },
      ...attended({ ...place, signal }),
    }),
  )
}

/**
 * The worker logs in as the connector's role, where the deployment has authenticated workers: the role's ACLs must exist (`applyRoleAcls`).
 * Without them it cannot start.
 */
export function startWorker(
  place: EnginePlace,
  aws: { readonly endpoint: string; readonly credentials: AwsCredentials },
  content: { readonly pluginPath: string; readonly properties: Readonly<Record<string, string>> },
) {
  const { deployment } = place
  const authenticated = deployment.kafka.authentication === 'iam'
  return place.processes.start((signal) =>
    startConnect({
      dataDirectory: place.paths.connect,
      logFile: join(place.paths.logs, 'connect.log'),
      port: place.port('connect'),
      connector: resourceNames(deployment).connector,
      bootstrap: authenticated ? roleBootstrap(place) : `127.0.0.1:${place.port('kafka')}`,
      ...(authenticated ? { kafkaLogin: kafkaLogins(place).connect } : {}),
      awsEndpoint: aws.endpoint,
      awsCredentials: aws.credentials,
      region: deployment.region,
      ...content,
      ...attended({ ...place, signal }),
    }),
  )
}

export function startTableCatalog(place: EnginePlace) {
  const { warehouse, logs } = place.paths
  return place.processes.start((signal) =>
    startCatalog({ warehouse, logFile: join(logs, 'catalog.log'), port: place.port('catalog'), ...attended({ ...place, signal }) }),
  )
}
