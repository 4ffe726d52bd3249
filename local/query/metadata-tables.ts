import { PipelineError } from '../../pipeline/errors.ts'
import { quoteIdentifier, quoteText } from '../iceberg/iceberg-type.ts'
import type { TableHistory } from './table-history.ts'

/** Metadata tables that are answered, as Athena names them. */
export const metadataTables = ['snapshots', 'history', 'refs', 'files'] as const

/** A table of Iceberg metadata: where it is, and its history. */
export interface MetadataSource {
  readonly catalogName: string
  readonly namespace: string
  readonly table: string
  readonly history: TableHistory
}

/**
 * A query that answers a metadata table with Athena's columns.
 * @throws PipelineError `QueryRefused` for one that is not answered
 */
export function metadataQuery(of: string, source: MetadataSource): string {
  switch (of) {
    case 'snapshots':
      return snapshotsQuery(source.history)
    case 'history':
      return historyQuery(source.history)
    case 'refs':
      return refsQuery(source.history)
    case 'files':
      return filesQuery(source)
    default: {
      const offered = metadataTables.map((name) => `"${source.table}$${name}"`).join(', ')
      throw new PipelineError('QueryRefused', `"${source.table}$${of}" is not answered here; ${offered} are`)
    }
  }
}

const milliseconds = (value: number) => `make_timestamptz(${value} * 1000)`
const bigint = (id: string | undefined) => (id === undefined ? 'NULL::BIGINT' : `${id}::BIGINT`)
const varchar = (text: string | undefined) => (text === undefined ? 'NULL::VARCHAR' : quoteText(text))

function snapshotsQuery({ snapshots }: TableHistory): string {
  const rows = snapshots.map((snapshot) => {
    const { operation, ...summary } = snapshot.summary ?? {}
    const entries = Object.entries(summary).map(([key, value]) => `${quoteText(key)}: ${quoteText(value)}`)
    return [
      milliseconds(snapshot['timestamp-ms']),
      bigint(snapshot['snapshot-id']),
      bigint(snapshot['parent-snapshot-id']),
      varchar(operation),
      varchar(snapshot['manifest-list']),
      `MAP {${entries.join(', ')}}::MAP(VARCHAR, VARCHAR)`,
    ]
  })
  return valuesQuery(
    {
      committed_at: 'TIMESTAMPTZ',
      snapshot_id: 'BIGINT',
      parent_id: 'BIGINT',
      operation: 'VARCHAR',
      manifest_list: 'VARCHAR',
      summary: 'MAP(VARCHAR, VARCHAR)',
    },
    rows,
  )
}

function historyQuery(history: TableHistory): string {
  const parents = new Map(history.snapshots.map((snapshot) => [snapshot['snapshot-id'], snapshot['parent-snapshot-id']]))
  const ancestors = new Set<string>()
  for (let id = history['current-snapshot-id'] ?? undefined; id !== undefined && !ancestors.has(id); id = parents.get(id)) ancestors.add(id)
  const rows = history['snapshot-log'].map((entry) => {
    const id = entry['snapshot-id']
    return [milliseconds(entry['timestamp-ms']), bigint(id), bigint(parents.get(id)), String(ancestors.has(id))]
  })
  return valuesQuery({ made_current_at: 'TIMESTAMPTZ', snapshot_id: 'BIGINT', parent_id: 'BIGINT', is_current_ancestor: 'BOOLEAN' }, rows)
}

function refsQuery({ refs }: TableHistory): string {
  const rows = Object.entries(refs).map(([name, ref]) => [varchar(name), varchar(ref.type.toUpperCase()), bigint(ref['snapshot-id'])])
  return valuesQuery({ name: 'VARCHAR', type: 'VARCHAR', snapshot_id: 'BIGINT' }, rows)
}

/** `content`: 0 data, 1 position deletes, 2 equality deletes, as in Iceberg's manifests. Live files only. */
function filesQuery({ catalogName, namespace, table, history }: MetadataSource): string {
  const columns = { content: 'INTEGER', file_path: 'VARCHAR', file_format: 'VARCHAR', record_count: 'BIGINT' }
  if (history.snapshots.length === 0) return valuesQuery(columns, [])
  const name = [catalogName, namespace, table].map(quoteIdentifier).join('.')
  return `SELECT (CASE content WHEN 'EXISTING' THEN 0 WHEN 'DATA' THEN 0 WHEN 'POSITION_DELETES' THEN 1 WHEN 'EQUALITY_DELETES' THEN 2 END)::INTEGER AS content,
                 file_path, upper(file_format) AS file_format, record_count::BIGINT AS record_count
            FROM iceberg_metadata(${quoteText(name)}) WHERE status <> 'DELETED'`
}

function valuesQuery(columns: Readonly<Record<string, string>>, rows: readonly (readonly string[])[]): string {
  const names = Object.entries(columns).map(([name, type]) => `NULL::${type} AS ${name}`)
  // The row of nulls gives names and types, also where there is no other.
  const empty = `SELECT ${names.join(', ')} WHERE false`
  return rows.length === 0 ? empty : `${empty} UNION ALL VALUES ${rows.map((row) => `(${row.join(', ')})`).join(', ')}`
}
