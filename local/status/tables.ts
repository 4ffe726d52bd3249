import { randomUUID } from 'node:crypto'
import type { AthenaClient } from '@aws-sdk/client-athena'
import { awaitQuery, startQuery } from '../../handlers/provision/athena.ts'
import { lastCommitQuery, rowCountQuery, tablesACount } from '../../pipeline/athena-sql.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import { ownSchema } from '../../pipeline/names.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import type { TableFacts } from './facts.ts'

const patienceMs = 120_000

/**
 * Counts the rows of the captured tables and asks when each was committed to last.
 * @throws PipelineError `QueryFailed`, `NotInTime`
 */
export async function tableFacts(athena: AthenaClient, plan: ProvisioningPlan): Promise<TableFacts[]> {
  const captured = plan.tables.filter(({ capture, schema }) => capture && schema !== ownSchema)
  const [rows, commits] = await Promise.all([
    answers(athena, plan, captured, rowCountQuery),
    answers(athena, plan, captured, lastCommitQuery),
  ])
  return captured.map(({ schema, name, iceberg }) => ({
    source: `${schema}.${name}`,
    iceberg,
    rows: rows.get(iceberg) ?? '',
    changedAt: isoTime(commits.get(iceberg)),
  }))
}

/** By Iceberg table what a query answers for it. */
async function answers(
  athena: AthenaClient,
  plan: ProvisioningPlan,
  tables: readonly CapturedTable[],
  sql: typeof rowCountQuery,
): Promise<Map<string, string>> {
  const groups = Array.from({ length: Math.ceil(tables.length / tablesACount) }, (_group, index) =>
    tables.slice(index * tablesACount, (index + 1) * tablesACount),
  )
  const found = await Promise.all(groups.map((group) => answer(athena, plan, sql(plan, group))))
  return new Map(found.flat().flatMap(([name, value]) => (name === undefined || value === undefined ? [] : [[name, value] as const])))
}

async function answer(athena: AthenaClient, plan: ProvisioningPlan, sql: string): Promise<readonly (readonly (string | undefined)[])[]> {
  const id = await startQuery(athena, plan, sql, randomUUID())
  const state = await awaitQuery(athena, id, Date.now() + patienceMs, () => new Date())
  if (state.state === 'succeeded') return state.rows
  if (state.state === 'retryable') throw new PipelineError('QueryFailed', state.seen)
  throw new PipelineError('NotInTime', `${state.seen} after ${patienceMs / 1000} s: the tables are large; leave them out with --quick.`)
}

/** Athena writes `2026-11-22 17:46:00.123 UTC`. */
function isoTime(text: string | undefined): string | null {
  const [, date, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(text ?? '') ?? []
  return date === undefined ? null : `${date}T${time}Z`
}
