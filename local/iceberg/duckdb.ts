import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { quoteIdentifier, quoteText } from './iceberg-type.ts'

export interface LakeSettings {
  readonly catalogUri: string
  /** Holds `v<DuckDB version>/<platform>/<name>.duckdb_extension`. */
  readonly extensionDirectory: string
  /** Name of the table bucket: its tables are `"s3tablescatalog/<bucket>".<namespace>.<table>`, as in Athena. */
  readonly bucket: string
  /** DuckDB's notation: `400MB`. */
  readonly memoryLimit?: string
  readonly threads?: number
  /** Where DuckDB puts what does not fit into its memory. */
  readonly temporaryDirectory?: string
}

export interface Lake {
  /** The catalog's name in SQL, not quoted. */
  readonly catalogName: string
  /** A further connection: one connection runs one statement at a time. */
  connect(): Promise<DuckDBConnection>
  close(): void
}

/** httpfs reads files by HTTP and brings the TLS that the REST client wants; avro reads manifests. */
const extensions = ['avro', 'httpfs', 'iceberg']

export function catalogName(bucket: string): string {
  return `s3tablescatalog/${bucket}`
}

/** A DuckDB in memory with the Iceberg catalog attached. Sessions run in UTC, as Athena's do. Extensions are loaded, never downloaded. */
export async function openLake(settings: LakeSettings): Promise<Lake> {
  const instance = await DuckDBInstance.create(':memory:', {
    extension_directory: settings.extensionDirectory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(settings.memoryLimit === undefined ? {} : { memory_limit: settings.memoryLimit }),
    ...(settings.threads === undefined ? {} : { threads: String(settings.threads) }),
    ...(settings.temporaryDirectory === undefined ? {} : { temp_directory: settings.temporaryDirectory }),
  })
  const name = catalogName(settings.bucket)
  const first = await instance.connect()
  for (const extension of extensions) await first.run(`LOAD ${extension}`)
  await first.run("SET GLOBAL TimeZone = 'UTC'")
  // A commit without an answer may have happened: removing its files, as DuckDB does by itself, would break the table. https://github.com/duckdb/duckdb-iceberg/pull/1120
  await first.run(
    `ATTACH '' AS ${quoteIdentifier(name)} (TYPE iceberg, ENDPOINT ${quoteText(settings.catalogUri)}, AUTHORIZATION_TYPE 'none', REMOVE_FILES_ON_DELETE false)`,
  )
  first.closeSync()
  return {
    catalogName: name,
    connect: () => instance.connect(),
    close: () => instance.closeSync(),
  }
}
