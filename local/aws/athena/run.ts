import { PipelineError } from '../../../pipeline/errors.ts'
import { duckdbExtensions } from '../../engines/paths.ts'
import { openLake } from '../../iceberg/duckdb.ts'
import { quoteIdentifier } from '../../iceberg/iceberg-type.ts'
import { openQuerySession } from '../../query/session.ts'
import { jsonValue } from '../../query/values.ts'

/** Rows that one query answers at most: they are held in memory. */
const mostRows = 1_000_000

/** Removes rows from an Iceberg table, in one commit. Another writer's commit in between has it fail, as it does Athena's. */
export async function runDelete(
  catalogUri: string,
  { sql, catalog, database }: { readonly sql: string; readonly catalog: string; readonly database: string },
): Promise<{ columns: string[]; rows: [] }> {
  const bucket = catalog.replace('s3tablescatalog/', '')
  const lake = await openLake({ catalogUri, extensionDirectory: duckdbExtensions, bucket, memoryLimit: '300MB', threads: 1 })
  try {
    const connection = await lake.connect()
    try {
      await connection.run(`USE ${quoteIdentifier(lake.catalogName)}.${quoteIdentifier(database)}`)
      const { count } = await connection.extractStatements(sql)
      if (count !== 1) throw new PipelineError('QueryRefused', 'Only one sql statement is allowed')
      await connection.run(sql)
      return { columns: ['rows'], rows: [] }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw /commit|conflict/i.test(message)
        ? new PipelineError('QueryRefused', `ICEBERG_COMMIT_ERROR: ${message}`, { cause: error })
        : error
    } finally {
      connection.closeSync()
    }
  } finally {
    lake.close()
  }
}

/**
 * Answers one query of Athena's SQL, values as Athena writes them. The engine lives for the query only, so that every one sees the tables as they are.
 * @throws PipelineError `QueryRefused`
 */
export async function runQuery(
  catalogUri: string,
  { sql, catalog, database }: { readonly sql: string; readonly catalog: string; readonly database: string },
): Promise<{ columns: string[]; rows: (string | null)[][] }> {
  const bucket = catalog.replace('s3tablescatalog/', '')
  const lake = await openLake({ catalogUri, extensionDirectory: duckdbExtensions, bucket, memoryLimit: '300MB', threads: 1 })
  try {
    const session = await openQuerySession({ lake, catalogUri, namespace: database })
    try {
      return await session.query(sql, async (result) => {
        const types = result.columnTypes()
        const rows: (string | null)[][] = []
        for (;;) {
          const chunk = await result.fetchChunk()
          if (rows.length > mostRows) throw new PipelineError('QueryRefused', `More than ${mostRows} rows are not answered here`)
          if (!chunk || chunk.rowCount === 0) return { columns: result.columnNames(), rows }
          for (const row of chunk.getRows()) rows.push(row.map((value, index) => textOf(value, types[index])))
        }
      })
    } finally {
      session.close()
    }
  } finally {
    lake.close()
  }
}

type Value = Parameters<typeof jsonValue>[0]
type Type = Parameters<typeof jsonValue>[1]

function textOf(value: Value, type: Type | undefined): string | null {
  if (value === null || type === undefined) return null
  const json = jsonValue(value, type)
  return typeof json === 'string' ? json : JSON.stringify(json)
}
