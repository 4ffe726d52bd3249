import { RDSDataClient } from '@aws-sdk/client-rds-data'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { tableNames } from '../../pipeline/source-catalog.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { completedStatement, snapshottedTables } from '../../pipeline/table-snapshots.ts'
import { dataApiSettings } from '../aws-clients.ts'
import { dataApi } from './data-api.ts'
import { type StepPlace, stepHandler } from './step.ts'

const rdsData = new RDSDataClient(dataApiSettings)
export const handler = stepHandler('ensure-snapshots-completed', ensureSnapshotsCompleted)

/**
 * Notes at the source that the snapshots which ended before the canary was written have arrived with it.
 * @throws PipelineError those of `dataApi`
 */
export async function ensureSnapshotsCompleted(request: StepRequest, { plan, now }: StepPlace): Promise<StepAnswer> {
  const source = dataApi(rdsData, plan.source, plan.source.preparationSecret)
  const count = await source.execute(completedStatement, { tables: tableNames(snapshottedTables(plan.tables)) })
  const seen =
    count === 0 ? 'all snapshots had arrived before' : `the snapshots of ${count === 1 ? '1 table' : `${count} tables`} have arrived`
  return ready(request, now(), { seen, did: [], already: [] })
}
