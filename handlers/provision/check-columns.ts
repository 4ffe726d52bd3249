import { GlueClient } from '@aws-sdk/client-glue'
import type { ColumnsAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { columnChanges } from './columns/differences.ts'
import { type StepPlace, stepHandler } from './step.ts'

const glue = new GlueClient(clientSettings)
export const handler = stepHandler('check-columns', checkColumns)

/**
 * Are the Iceberg tables' columns as declared, or can they become so?
 * @throws PipelineError `ColumnsImpossible`
 */
export async function checkColumns(request: StepRequest, { plan, now }: Pick<StepPlace, 'plan' | 'now'>): Promise<ColumnsAnswer> {
  const changes = await columnChanges(glue, plan)
  const pending = changes.length > 0
  const count = changes.length === 1 ? '1 change' : `${changes.length} changes`
  const seen = pending ? `the columns of Iceberg tables need ${count}` : 'every Iceberg table has the declared columns'
  return { ...ready(request, now(), { seen, already: pending ? [] : [seen] }), pending }
}
