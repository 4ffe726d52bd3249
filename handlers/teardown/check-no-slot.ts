import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { PipelineError } from '../../pipeline/errors.ts'
import { replicationSlot } from '../../pipeline/names.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { dropSlotSql, slotQuery } from '../../pipeline/source-sql.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { dataApiSettings } from '../aws-clients.ts'
import { dataApi } from '../provision/data-api.ts'
import { type StepPlace, stepHandler } from '../provision/step.ts'

const rdsData = new RDSDataClient(dataApiSettings)
export const handler = stepHandler('check-no-slot', checkNoSlot)

/** Proves by a query that nothing of the pipeline retains the source's WAL. @throws PipelineError `SlotLeft`, those of `dataApi` */
export async function checkNoSlot(request: StepRequest<object, StepAnswer, unknown>, { plan, now }: StepPlace): Promise<StepAnswer> {
  const [slot] = await dataApi(rdsData, plan.source, plan.source.preparationSecret).query(slotQuery)
  if (slot) {
    throw new PipelineError(
      'SlotLeft',
      `The replication slot ${replicationSlot} of the database ${slot['database']} is at the source ${plan.source.clusterArn} again, after it was dropped: something else creates it, ` +
        `such as another connector or another deployment. While it is not read, the source's WAL grows. Stop what creates it, then redrive the execution, or drop it: ${dropSlotSql}`,
    )
  }
  return ready(request, now(), { seen: `pg_replication_slots has no ${replicationSlot}` })
}
