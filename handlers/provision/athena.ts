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
 * Looks at a query once; with its rows, as texts and without the header, when it has succeeded (at most a thousand).
 * @throws PipelineError `QueryFailed`
 */
export async function lookAtQuery(athena: AthenaClient, id: string): Promise<QueryState> {
  const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId: id }))
  const { State = 'QUEUED', StateChangeReason = 'no reason was given', AthenaError } = QueryExecution?.Status ?? {}
  if (State === 'QUEUED' || State === 'RUNNING') return { state: 'running', seen: `Athena's query ${id} is ${State}` }
  if (State !== 'SUCCEEDED') {
    const seen = `Athena's query ${id} is ${State}: ${StateChangeReason}`
    if (AthenaError?.Retryable === true) return { state: 'retryable', seen }
    throw new PipelineError('QueryFailed', `${seen}. See it with: aws athena get-query-execution --query-execution-id ${id}`)
  }
  const { ResultSet } = await athena.send(new GetQueryResultsCommand({ QueryExecutionId: id }))
  const [, ...rows] = ResultSet?.Rows ?? []
  return { state: 'succeeded', rows: rows.map(({ Data = [] }) => Data.map(({ VarCharValue }) => VarCharValue)) }
}

/** Looks at a query a few times, until it has ended or the time is over. */
export async function awaitQuery(athena: AthenaClient, id: string, untilMilliseconds: number, now: () => Date): Promise<QueryState> {
  for (let pause = 200; ; pause = Math.min(pause * 2, 1000)) {
    const state = await lookAtQuery(athena, id)
    if (state.state !== 'running' || now().getTime() + pause > untilMilliseconds) return state
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
