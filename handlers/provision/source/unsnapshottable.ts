import { slotStatus, slotStatusQuery } from '../../../pipeline/slot-status.ts'
import { isSnapshottable } from '../../../pipeline/snapshot-signal.ts'
import type { Finding } from '../../../pipeline/source-check.ts'
import type { SourceQuery } from '../../../pipeline/source-query.ts'
import { ownSchemaQuery, type SourceTable } from '../../../pipeline/source-sql.ts'
import { anyRecordQuery, neededReason, readRecords, recordsThereQuery, snapshottedTables } from '../../../pipeline/table-snapshots.ts'
import type { CapturedTable } from '../../../pipeline/tables.ts'
import { isEmptyTable } from './empty-table.ts'

/**
 * Captured tables that would have to be copied and cannot be: they have rows, and no primary key or a name that Debezium cannot read again.
 * What the connector's first initial snapshot reads is not among them.
 * @param recovers every table is to be copied again by an initial snapshot, if the slot is lost
 */
export async function unsnapshottableFindings(query: SourceQuery, tables: readonly CapturedTable[], recovers: boolean): Promise<Finding[]> {
  const candidates = snapshottedTables(tables).filter((table) => !isSnapshottable(table))
  if (candidates.length === 0) return []
  const isAgain = recovers && (await isSlotLost(query))
  const copied = isAgain ? candidates.filter(({ primaryKey }) => primaryKey.length === 0) : await addedTables(query, candidates)
  const findings: Finding[] = []
  for (const table of copied) {
    if (await hasRows(query, table)) findings.push(isAgain ? uncopyable(table) : unsnapshottable(table))
  }
  return findings
}

/** One that is being read is not. */
async function isSlotLost(query: SourceQuery): Promise<boolean> {
  const slot = slotStatus(await query(slotStatusQuery))
  return !(slot?.active && slot.walStatus !== 'lost')
}

/** Those that came under capture after the connector's initial snapshot. */
async function addedTables(query: SourceQuery, candidates: readonly CapturedTable[]): Promise<readonly CapturedTable[]> {
  // Somebody else's schema is a finding of its own.
  const [schema] = await query(ownSchemaQuery)
  if (schema?.['ours'] !== 'true') return []
  const [found] = await query(recordsThereQuery)
  if (found?.['there'] !== 'true') return []
  const [any] = await query(anyRecordQuery)
  // Then the initial snapshot is to come, and reads them all.
  if (any?.['any'] !== 'true' && found['slot'] !== 'true') return []
  const records = await readRecords(query, candidates)
  return candidates.filter((_table, index) => {
    const record = records[index]
    if (!record) throw new Error('the source answered too few records')
    const reason = neededReason(record, false)
    return reason !== undefined && reason !== 'columns'
  })
}

/** False also where it may not be asked, or is not there: both are findings of their own. */
async function hasRows(query: SourceQuery, table: SourceTable): Promise<boolean> {
  const [readable] = await query(readableQuery, { schema: table.schema, name: table.name })
  return readable?.['readable'] === 'true' && !(await isEmptyTable(query, table))
}

const readableQuery = `
  SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE n.nspname = :schema::text AND c.relname = :name::text
                    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))::text AS readable`

/** What is wrong with a table that cannot be snapshotted beside the stream, and the ways out. */
export function unsnapshottable({ schema, name, primaryKey }: CapturedTable): Finding {
  const keyless = primaryKey.length === 0
  const why = keyless ? 'has rows and no primary key' : 'has rows, and a name that Debezium cannot read again from its offsets'
  const way = keyless ? 'Give it a primary key' : 'Give it a name of letters, digits and _'
  return {
    problem: `${schema}.${name} ${why}: it cannot be snapshotted beside the stream`,
    repair: `${way}, or see docs/runbook.md, SnapshotImpossible`,
    unsnapshottable: true,
  }
}

/** The same of a table of which every row may be in Iceberg already. */
export function uncopyable({ schema, name }: SourceTable): Finding {
  return {
    problem: `${schema}.${name} has rows and no primary key: copied again, each of its rows would be in Iceberg twice`,
    repair:
      'Give it a primary key; or set "capture": false for it and deploy, then recover, then see docs/runbook.md, SnapshotImpossible, for how it is captured again',
    unsnapshottable: true,
  }
}
