import { join } from 'node:path'
import type { Deployment } from '../../pipeline/deployment.ts'
import { startCatalog } from '../engines/catalog.ts'
import { startConnect } from '../engines/connect.ts'
import { postgresCredentials } from '../engines/credentials.ts'
import { startKafka } from '../engines/kafka.ts'
import { startPostgres } from '../engines/postgres.ts'
import { postgresHome } from '../engines/postgres-user.ts'
import type { EngineEvent } from '../engines/supervisor.ts'
import type { DataPaths } from './data-folder.ts'
import type { Processes } from './processes.ts'

/** Names under which a data folder remembers its ports. */
export const portNames = ['postgres', 'kafka', 'kafka-controller', 'connect', 'catalog', 'delivery'] as const

/** What every engine of a run is started with. */
export interface EnginePlace {
  readonly paths: DataPaths
  readonly processes: Processes
  readonly port: (name: (typeof portNames)[number]) => number
  readonly deployment: Deployment
  readonly onEvent?: ((event: EngineEvent) => void) | undefined
}

/** The samples' database. */
const database = 'shop'

const observed = ({ onEvent }: EnginePlace) => (onEvent ? { onEvent } : {})

export function startSamplePostgres(place: EnginePlace, explicitData: boolean) {
  const { directory, logs } = place.paths
  const credentials = postgresCredentials(directory)
  const home = postgresHome(directory, explicitData)
  const logFile = join(logs, 'postgres.log')
  return place.processes.start(() =>
    startPostgres({ home, credentials, database, port: place.port('postgres'), logFile, ...observed(place) }),
  )
}

export function startBroker(place: EnginePlace) {
  return place.processes.start(() =>
    startKafka({
      dataDirectory: place.paths.kafka,
      logFile: join(place.paths.logs, 'kafka.log'),
      port: place.port('kafka'),
      controllerPort: place.port('kafka-controller'),
      retentionHours: place.deployment.kafka.retentionHours,
      ...observed(place),
    }),
  )
}

/** May be started beside the broker, which it waits for. */
export function startWorker(place: EnginePlace, awsEndpoint: string) {
  return place.processes.start(() =>
    startConnect({
      dataDirectory: place.paths.connect,
      logFile: join(place.paths.logs, 'connect.log'),
      port: place.port('connect'),
      bootstrap: `127.0.0.1:${place.port('kafka')}`,
      awsEndpoint,
      region: place.deployment.region,
      ...observed(place),
    }),
  )
}

export function startTableCatalog(place: EnginePlace) {
  const { warehouse, logs } = place.paths
  return place.processes.start(() =>
    startCatalog({ warehouse, logFile: join(logs, 'catalog.log'), port: place.port('catalog'), ...observed(place) }),
  )
}
