import { RDSDataClient } from '@aws-sdk/client-rds-data'
import {
  type CanaryChange,
  canaryName,
  canaryRowQuery,
  canaryValues,
  deleteCanaryStatement,
  deleteLeftoversStatement,
  writeCanaryStatement,
} from '../../pipeline/canary-sql.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { dataApiSettings } from '../aws-clients.ts'
import { dataApi } from './data-api.ts'
import { type StepPlace, stepHandler } from './step.ts'

const rdsData = new RDSDataClient(dataApiSettings)
export const handler = stepHandler('ensure-canary', ensureCanary)

/**
 * Makes one change to the smoke test's row at the source; none where it is as wanted. Before the first one, rows that stopped executions left are
 * removed.
 * @throws PipelineError those of `dataApi`
 */
export async function ensureCanary(request: StepRequest<{ change: CanaryChange }>, { plan, now }: StepPlace): Promise<StepAnswer> {
  const { change } = request.parameters
  const source = dataApi(rdsData, plan.source, plan.source.preparationSecret)
  const name = canaryName(request.execution.Name)
  const leftovers = change === 'insert' ? await source.execute(deleteLeftoversStatement, { name }) : 0
  const did = leftovers > 0 ? [`removed ${leftovers} canary rows of executions that were stopped`] : []
  const value = canaryValues[change]
  const [row] = await source.query(canaryRowQuery, { name })
  if (row?.['value'] === value) {
    return ready(request, now(), {
      seen: `the canary's row is as after its ${change}`,
      did,
      already: [`the ${change} of the canary's row was made`],
    })
  }
  if (value === undefined) await source.execute(deleteCanaryStatement, { name })
  else await source.execute(writeCanaryStatement, { name, value })
  const sentence = `made the ${change} of the canary's row`
  return ready(request, now(), { seen: `${sentence} at the source`, did: [...did, sentence] })
}
