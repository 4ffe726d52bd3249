import type { TableVerification } from './verify-tables.ts'

/** What a table's differences look like, and what to look at besides the rows themselves. */
export interface Symptoms extends Pick<TableVerification, 'differences' | 'sourceRows' | 'icebergRows' | 'first' | 'table'> {
  /** Whether created rows are appended (`creates: "insert"`). */
  readonly appends: boolean
  /** Names under which records of differing rows are in the error bucket, with how many rows each. */
  readonly failed: ReadonlyMap<string, number>
}

/** What most likely happened to a table whose rows differ, as a sentence; undefined: none do. */
export function likelyCause(symptoms: Symptoms): string | undefined {
  const { differences, sourceRows, icebergRows, first, table, appends, failed } = symptoms
  const { missing, stale, duplicate, extra } = differences
  const all = missing + stale + duplicate + extra
  if (all === 0) return undefined
  if (failed.size > 0) {
    const names = [...failed].map(([name, rows]) => `${name} (${rows === 1 ? '1 row' : `${rows} rows`})`).join(', ')
    return `changes of these rows failed and are in the error bucket: ${names}. See npm run errors -- explain --table ${table}`
  }
  if (icebergRows === 0) return 'the table was never snapshotted, or its Iceberg table was made anew'
  if (sourceRows === 0) return 'the source table was truncated or emptied, and a truncate does not reach Iceberg (runbook, TruncateRefused)'
  if (duplicate === all)
    return appends
      ? 'changes were delivered a second time, which creates: "insert" keeps as a second row'
      : 'somebody else than the delivery wrote to the Iceberg table'
  if (extra === all)
    return 'rows were deleted at the source while nobody followed the table (a lost slot, a changed publication, a restore)'
  if (missing === all) return 'rows were written while nobody followed the table, or deleted in Iceberg by somebody else'
  const [column, ...others] = [...new Set(first.filter(({ kind }) => kind === 'stale').flatMap(({ columns }) => columns))]
  if (stale === all && column !== undefined && others.length === 0)
    return `only ${column} differs: it was added, or its type or its stored values changed, without a change event for each row`
  return 'changes were missed while nobody followed the table (a lost slot, a changed publication, a restore), or were applied out of order'
}
