import { mkdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { javaCommand, javaEnvironment } from './java.ts'
import { catalogJars } from './paths.ts'
import { type Attended, attended, type Supervised, supervise } from './supervisor.ts'

export interface RunningCatalog extends Supervised {
  /** Of the Iceberg REST catalog. */
  readonly uri: string
}

export interface CatalogSettings extends Attended {
  /** The folder that holds all tables. */
  readonly warehouse: string
  readonly logFile: string
  readonly port: number
}

/**
 * Starts the Iceberg REST catalog server on 127.0.0.1.
 * @throws PipelineError `EngineFailed`
 */
export async function startCatalog(settings: CatalogSettings): Promise<RunningCatalog> {
  mkdirSync(settings.warehouse, { recursive: true })
  const server = await supervise({
    name: 'Iceberg catalog',
    ...javaCommand({
      mainClass: 'io.github.auroracdc.catalog.CatalogServer',
      arguments: ['--port', String(settings.port), '--warehouse', pathToFileURL(settings.warehouse).href],
      classpath: [catalogJars],
      heapMiB: 256,
      optimize: false,
    }),
    env: javaEnvironment(),
    cwd: settings.warehouse,
    logFile: settings.logFile,
    ready: async ({ line }) => void (await line(/^ready \d+$/)),
    ...attended(settings),
  })
  return Object.assign(server, { uri: `http://127.0.0.1:${settings.port}` })
}
