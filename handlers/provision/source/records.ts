import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { textOf } from '../../../pipeline/source-query.ts'
import {
  markNotCapturedStatement,
  recordInitialStatement,
  recordsThereQuery,
  snapshottedTables,
  tableWords,
} from '../../../pipeline/table-snapshots.ts'
import type { DataApi } from '../data-api.ts'

/** Marks tables that are about to leave the publication, or left it: before it changes, so that what is missed is never taken for followed. */
export async function markNotCaptured(source: DataApi, { tables }: Pick<ProvisioningPlan, 'tables'>): Promise<string[]> {
  const [found] = await source.query(recordsThereQuery)
  if (!found || textOf(found, 'there') !== 'true') return []
  const marked = await source.execute(markNotCapturedStatement, { tables: tableWords(snapshottedTables(tables)) })
  return marked > 0 ? [`noted that ${marked === 1 ? '1 table is' : `${marked} tables are`} not captured any more`] : []
}

/** Records the tables that the connector's initial snapshot will read, before there is a connector. */
export async function recordInitial(source: DataApi, { tables }: Pick<ProvisioningPlan, 'tables'>): Promise<void> {
  await source.execute(recordInitialStatement, { tables: tableWords(snapshottedTables(tables)) })
}
