import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { replicationSlot } from '../../pipeline/names.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { drainQuery } from '../../pipeline/source-teardown.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { dataApiSettings } from '../aws-clients.ts'
import { dataApi } from '../provision/data-api.ts'
import { type StepPlace, stepHandler } from '../provision/step.ts'

const rdsData = new RDSDataClient(dataApiSettings)
export const handler = stepHandler('await-drained', awaitDrained)

/** Has the connector confirmed everything that was committed at the start? @throws PipelineError `NotInTime`, those of `dataApi` */
export async function awaitDrained(
  request: StepRequest<{ readonly lsn: string }, StepAnswer, unknown>,
  { plan, now }: StepPlace,
): Promise<StepAnswer> {
  const { lsn } = request.parameters
  const [slot] = await dataApi(rdsData, plan.source, plan.source.preparationSecret).query(drainQuery, { lsn })
  if (slot?.['confirmed'] === 'true')
    return ready(request, now(), { seen: `the connector has confirmed all that was committed at the start (${lsn})` })
  const reading = slot?.['active'] === 'true' ? 'is being read' : 'is not being read'
  return notYet(request, now(), {
    what: 'Draining the replication slot',
    seen: slot
      ? `the slot ${replicationSlot} ${reading}, and is ${slot['behind']} bytes behind ${lsn}`
      : `there is no slot ${replicationSlot}`,
    usual: 'seconds are usual',
    limitMinutes: 60,
    remedy:
      `See the connector's log group ${plan.connector.logGroup} for what holds it up; nothing was changed. To give up what is left, start another ` +
      'teardown with "drain": false in its input.',
  })
}
