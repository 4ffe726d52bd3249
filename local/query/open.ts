import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { PipelineError } from '../../pipeline/errors.ts'
import { defaultNamespace } from '../../pipeline/names.ts'
import { startCatalog } from '../engines/catalog.ts'
import { duckdbExtensions } from '../engines/paths.ts'
import { portsFor } from '../engines/ports.ts'
import { icebergCatalog } from '../iceberg/catalog.ts'
import { type Lake, openLake } from '../iceberg/duckdb.ts'
import { dataPaths } from '../run/data-folder.ts'
import { readRun } from '../run/state.ts'

/** The Iceberg tables of a data folder, opened for reading. */
export interface OpenTables {
  readonly lake: Lake
  readonly catalogUri: string
  readonly namespace: string
  close(): Promise<void>
}

/**
 * Opens the tables by the catalog of the running `npm start`, or, where none runs, by a catalog of its own until `close`.
 * @throws PipelineError `QueryRefused` where there are no tables yet
 */
export async function openTables(dataDirectory: string): Promise<OpenTables> {
  const run = readRun(dataDirectory)
  if (run) {
    const lake = await openLake({ catalogUri: run.catalogUri, extensionDirectory: duckdbExtensions, bucket: run.tableBucket })
    return { lake, catalogUri: run.catalogUri, namespace: run.namespace, close: async () => lake.close() }
  }
  const paths = dataPaths(dataDirectory)
  if (!existsSync(paths.warehouse)) {
    throw new PipelineError(
      'QueryRefused',
      `There is no data in ${dataDirectory} yet: run npm start first, or name another folder with --data DIR`,
    )
  }
  const temporary = mkdtempSync(join(tmpdir(), 'aurora-cdc-sql-'))
  const port = await portsFor(join(temporary, 'ports.json'), ['catalog'])
  const catalog = await startCatalog({ warehouse: paths.warehouse, logFile: join(temporary, 'catalog.log'), port: port('catalog') })
  const closeCatalog = async () => {
    await catalog.stop()
    rmSync(temporary, { recursive: true, force: true })
  }
  try {
    const [namespace = defaultNamespace] = await icebergCatalog(catalog.uri).listNamespaces()
    const lake = await openLake({ catalogUri: catalog.uri, extensionDirectory: duckdbExtensions, bucket: deployedBucket(dataDirectory) })
    const close = async () => {
      lake.close()
      await closeCatalog()
    }
    return { lake, catalogUri: catalog.uri, namespace, close }
  } catch (error) {
    await closeCatalog()
    throw error
  }
}

const settingsFile = z.object({ tableBucket: z.string() })

/** The table bucket that the delivery of the last run wrote to. */
function deployedBucket(dataDirectory: string): string {
  const file = join(dataDirectory, 'delivery.json')
  if (!existsSync(file))
    throw new PipelineError('QueryRefused', `The run in ${dataDirectory} ended before its tables were deployed: run npm start again`)
  return settingsFile.parse(JSON.parse(readFileSync(file, 'utf8'))).tableBucket
}
