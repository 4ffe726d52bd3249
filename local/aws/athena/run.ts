import { duckdbExtensions } from '../../engines/paths.ts'
import { openLake } from '../../iceberg/duckdb.ts'
import { openQuerySession } from '../../query/session.ts'
import { jsonValue } from '../../query/values.ts'

/** Rows that one query answers at most: checks ask for counts. */
const mostRows = 10_000

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
          if (!chunk || chunk.rowCount === 0 || rows.length >= mostRows) return { columns: result.columnNames(), rows }
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
