import { AthenaClient } from '@aws-sdk/client-athena'
import { requestToken, rowCountQuery, tablesACount } from '../../pipeline/athena-sql.ts'
import { ownSchema } from '../../pipeline/names.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { clientSettings } from '../aws-clients.ts'
import { awaitQuery, startQuery } from './athena.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** What the execution ends with. */
export interface RowCounts extends StepAnswer {
  /** Rows by Iceberg table; a count is digits. Empty until all are counted. */
  readonly rows: Readonly<Record<string, string>>
  /** How often queries were started: those that Athena failed for reasons of its own are started anew. */
  readonly attempt: number
}

/** What a call looks before it answers. */
const callMilliseconds = 9000

/** The tables that are counted, in groups of one query each. */
export function countedGroups(tables: readonly CapturedTable[]): CapturedTable[][] {
  const counted = tables.filter(({ capture, schema }) => capture && schema !== ownSchema)
  return Array.from({ length: Math.ceil(counted.length / tablesACount) }, (_, index) =>
    counted.slice(index * tablesACount, (index + 1) * tablesACount),
  )
}

const athena = new AthenaClient(clientSettings)
export const handler = stepHandler('await-row-counts', awaitRowCounts)

/**
 * Counts the rows of every captured table's Iceberg table. A query that was started is joined, not started again, however often this is called.
 * @throws PipelineError `QueryFailed`, `NotInTime`
 */
export async function awaitRowCounts(request: StepRequest<object, RowCounts>, { plan, now }: StepPlace): Promise<RowCounts> {
  const { execution, previous } = request
  const attempt = previous?.attempt ?? 1
  const until = now().getTime() + callMilliseconds
  const groups = countedGroups(plan.tables)
  const ids: string[] = []
  for (const [index, group] of groups.entries()) {
    const token = requestToken(execution.Id, execution.RedriveTime ?? '', 'row counts', index, attempt)
    ids.push(await startQuery(athena, plan, rowCountQuery(plan, group), token))
  }
  const rows: Record<string, string> = {}
  for (const id of ids) {
    const found = await awaitQuery(athena, id, until, now)
    if (found.state !== 'succeeded') {
      return { ...waiting(request, now(), found.seen), rows: {}, attempt: found.state === 'retryable' ? attempt + 1 : attempt }
    }
    for (const [name, count] of found.rows) if (name !== undefined && count !== undefined) rows[name] = count
  }
  return { ...ready(request, now(), { seen: countsText(rows) }), rows, attempt }
}

function waiting(request: StepRequest<object, RowCounts>, now: Date, seen: string): StepAnswer {
  return notYet(request, now, {
    what: 'counting the rows',
    seen,
    usual: 'seconds to a few minutes are usual',
    limitMinutes: 30,
    remedy: 'See the queries of the workgroup in the Athena console.',
  })
}

function countsText(rows: Readonly<Record<string, string>>): string {
  const entries = Object.entries(rows)
  const few = entries.slice(0, 10).map(([table, count]) => `${table} ${count}`)
  return `rows: ${few.join(', ')}${entries.length > 10 ? ` and ${entries.length - 10} more tables` : ''}`
}
