import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { PipelineError } from '../../pipeline/errors.ts'
import { ownSchema, publication, replicationSlot } from '../../pipeline/names.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { atomically, dropOwnSchemaStatements, dropPublicationStatement } from '../../pipeline/source-sql.ts'
import { notOurs, readRemains } from '../../pipeline/source-teardown.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { dataApiSettings } from '../aws-clients.ts'
import { dataApi, sqlState } from '../provision/data-api.ts'
import { dropSlot } from '../provision/source/drop-slot.ts'
import { type StepPlace, stepHandler } from '../provision/step.ts'

const rdsData = new RDSDataClient(dataApiSettings)
export const handler = stepHandler('ensure-clean-source', ensureCleanSource)

/**
 * Removes slot, publication and the schema `cdc`, as far as they bear the pipeline's mark. The slot first: it is what makes the source's WAL grow. The schema last:
 * its mark tells that the rest is the pipeline's, also to an execution after this one.
 * @throws PipelineError `NotOurs`, `SourceBusy`, `NotInTime`, those of `dataApi`
 */
export async function ensureCleanSource(request: StepRequest<object, StepAnswer, unknown>, place: StepPlace): Promise<StepAnswer> {
  const { plan, now } = place
  const source = dataApi(rdsData, plan.source, plan.source.preparationSecret)
  const did = [...(request.previous?.did ?? [])]
  const remains = await readRemains(source.query)
  const [obstacle] = notOurs(remains)
  if (obstacle !== undefined) throw new PipelineError('NotOurs', `The teardown removes only what this pipeline created: ${obstacle}`)
  if (remains.slot) {
    if (remains.slot.active || !(await dropSlot(rdsData, plan))) return { ...stillRead(request, now(), plan.connector.name), did }
    did.push(`dropped the replication slot ${replicationSlot}`)
  }
  if (remains.publication) {
    await drop(() => source.execute(atomically([dropPublicationStatement])))
    did.push(`dropped the publication ${publication}`)
  }
  if (remains.schema) {
    await drop(() => source.execute(atomically(dropOwnSchemaStatements())))
    did.push(`dropped the schema ${ownSchema} with the pipeline's own tables`)
  }
  const seen = 'nothing of the pipeline is left at the source'
  return ready(request, now(), {
    seen,
    did,
    already: did.length > 0 ? [] : ['the source has no slot, publication or schema of the pipeline'],
  })
}

async function drop(statement: () => Promise<unknown>): Promise<void> {
  try {
    await statement()
  } catch (error) {
    const state = sqlState(error)
    // dependent_objects_still_exist
    if (state === '2BP01') {
      const message = `Something that is not the pipeline's depends on a table of the schema ${ownSchema}, such as a view: drop it or point it elsewhere, then redrive the execution`
      throw new PipelineError('NotOurs', message, { cause: error })
    }
    // Another execution removes the same at the same moment.
    if (state === 'XX000' || state === '42704' || state === '3F000')
      throw new PipelineError('SourceBusy', 'Something else removes the same at the source at this moment; it is looked at again', {
        cause: error,
      })
    throw error
  }
}

function stillRead(request: StepRequest<object, StepAnswer, unknown>, now: Date, connector: string): StepAnswer {
  return notYet(request, now, {
    what: `Freeing the replication slot ${replicationSlot}`,
    seen: 'it is still being read',
    usual: 'up to a minute after the connector is gone is usual',
    limitMinutes: 30,
    remedy: `The connector ${connector} is gone, so something else reads it: SELECT active_pid FROM pg_replication_slots WHERE slot_name = '${replicationSlot}' at the source tells which session.`,
  })
}
