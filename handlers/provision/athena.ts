import { type AthenaClient, GetQueryExecutionCommand, GetQueryResultsCommand, StartQueryExecutionCommand } from '@aws-sdk/client-athena'
import { athenaCatalog } from '../../pipeline/athena-sql.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'

/** How a query stands. `retryable`: it failed for a reason of Athena's own; asked anew it may do. */
export type QueryState =
  | { readonly state: 'running'; readonly seen: string }
  | { readonly state: 'retryable'; readonly seen: string }
  | { readonly state: 'succeeded'; readonly rows: readonly (readonly (string | undefined)[])[] }

/**
 * Starts a query over the Iceberg tables, or joins the one that was started with the same token; answers its id. The workgroup says where results go.
 */
export async function startQuery(athena: AthenaClient, plan: ProvisioningPlan, sql: string, token: string): Promise<string> {
  const { QueryExecutionId } = await athena.send(
    new StartQueryExecutionCommand({
      QueryString: sql,
      QueryExecutionContext: { Catalog: athenaCatalog(plan.tableBucket), Database: plan.namespace },
      WorkGroup: plan.workgroup,
      ClientRequestToken: token,
    }),
  )
  if (QueryExecutionId === undefined) throw new Error('Athena gave a query no id')
  return QueryExecutionId
}

/**
 * Looks at a query once, and not at its rows.
 * @throws PipelineError `QueryFailed`
 */
export async function lookAtEnd(
  athena: AthenaClient,
  id: string,
): Promise<Exclude<QueryState, { state: 'succeeded' }> | { readonly state: 'succeeded' }> {
  const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId: id }))
  const { State = 'QUEUED', StateChangeReason = 'no reason was given', AthenaError } = QueryExecution?.Status ?? {}
  if (State === 'QUEUED' || State === 'RUNNING') return { state: 'running', seen: `Athena's query ${id} is ${State}` }
  if (State === 'SUCCEEDED') return { state: 'succeeded' }
  const seen = `Athena's query ${id} is ${State}: ${StateChangeReason}`
  // Another writer came first: the statement can be run again.
  if (AthenaError?.Retryable === true || StateChangeReason.includes('ICEBERG_COMMIT_ERROR')) return { state: 'retryable', seen }
  throw new PipelineError('QueryFailed', `${seen}. See it with: aws athena get-query-execution --query-execution-id ${id}`)
}

/** A page of a query's rows, as texts, and what the next one is asked with. */
export async function resultPage(
  athena: AthenaClient,
  id: string,
  token: string | null,
): Promise<{ rows: string[][]; next: string | null }> {
  const { ResultSet, NextToken } = await athena.send(
    new GetQueryResultsCommand({ QueryExecutionId: id, MaxResults: 1000, ...(token === null ? {} : { NextToken: token }) }),
  )
  const rows = (ResultSet?.Rows ?? []).map(({ Data = [] }) => Data.map(({ VarCharValue }) => VarCharValue ?? ''))
  // The first row of the first page is the header.
  return { rows: token === null ? rows.slice(1) : rows, next: NextToken ?? null }
}

/**
 * Looks at a query once; with its rows, as texts and without the header, when it has succeeded (at most a thousand).
 * @throws PipelineError `QueryFailed`
 */
export async function lookAtQuery(athena: AthenaClient, id: string): Promise<QueryState> {
  const end = await lookAtEnd(athena, id)
  if (end.state !== 'succeeded') return end
  const { ResultSet } = await athena.send(new GetQueryResultsCommand({ QueryExecutionId: id }))
  const [, ...rows] = ResultSet?.Rows ?? []
  return { state: 'succeeded', rows: rows.map(({ Data = [] }) => Data.map(({ VarCharValue }) => VarCharValue)) }
}

/** Looks at a query a few times, until it has ended or the time is over. */
export function awaitQuery(athena: AthenaClient, id: string, untilMilliseconds: number, now: () => Date): Promise<QueryState> {
  return patiently(() => lookAtQuery(athena, id), untilMilliseconds, now)
}

/** The same, without its rows. */
export function awaitEnd(athena: AthenaClient, id: string, untilMilliseconds: number, now: () => Date): ReturnType<typeof lookAtEnd> {
  return patiently(() => lookAtEnd(athena, id), untilMilliseconds, now)
}

async function patiently<State extends { readonly state: string }>(
  look: () => Promise<State>,
  untilMilliseconds: number,
  now: () => Date,
): Promise<State> {
  for (let pause = 200; ; pause = Math.min(pause * 2, 1000)) {
    const state = await look()
    if (state.state !== 'running' || now().getTime() + pause > untilMilliseconds) return state
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
