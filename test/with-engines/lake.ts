import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { startCatalog } from '../../local/engines/catalog.ts'
import { duckdbExtensions } from '../../local/engines/paths.ts'
import { portsFor } from '../../local/engines/ports.ts'
import { type IcebergCatalog, icebergCatalog } from '../../local/iceberg/catalog.ts'
import { type Lake, openLake } from '../../local/iceberg/duckdb.ts'

export interface TestLake {
  /** Holds `warehouse/`, as a data folder does. */
  readonly directory: string
  readonly bucket: string
  readonly namespace: string
  readonly catalog: IcebergCatalog
  readonly catalogUri: string
  readonly lake: Lake
  /** Writes; a connection runs one statement at a time. */
  readonly connection: DuckDBConnection
  /** Ends the catalog; the folder stays. */
  stop(): Promise<void>
  remove(): void
}

/** A catalog server and DuckDB of a test's own, with an empty namespace. */
export async function startTestLake(): Promise<TestLake> {
  const directory = mkdtempSync(join(tmpdir(), 'test-lake-'))
  const port = await portsFor(join(directory, 'ports.json'), ['catalog'])
  const server = await startCatalog({
    warehouse: join(directory, 'warehouse'),
    logFile: join(directory, 'catalog.log'),
    port: port('catalog'),
  })
  const catalog = icebergCatalog(server.uri)
  const namespace = 'aurora_cdc'
  await catalog.createNamespace(namespace)
  const bucket = 'test-bucket'
  const lake = await openLake({ catalogUri: server.uri, extensionDirectory: duckdbExtensions, bucket })
  const connection = await lake.connect()
  return {
    directory,
    bucket,
    namespace,
    catalog,
    catalogUri: server.uri,
    lake,
    connection,
    async stop() {
      connection.closeSync()
      lake.close()
      await server.stop()
    },
    remove: () => rmSync(directory, { recursive: true }),
  }
}
