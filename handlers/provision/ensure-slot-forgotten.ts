import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { PipelineError } from '../../pipeline/errors.ts'
import { replicationSlot } from '../../pipeline/names.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { slotStatus, slotStatusQuery } from '../../pipeline/slot-status.ts'
import type { SourceTable } from '../../pipeline/source-sql.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { lostSlotStatement, snapshottedTables, tableWords } from '../../pipeline/table-snapshots.ts'
import { dataApiSettings } from '../aws-clients.ts'
import { ensureNoConnector } from '../teardown/ensure-no-connector.ts'
import { ensureNoOffsetsTopic } from '../teardown/ensure-no-offsets-topic.ts'
import { dataApi } from './data-api.ts'
import { dropSlot } from './source/drop-slot.ts'
import { isEmptyTable } from './source/empty-table.ts'
import { uncopyable } from './source/unsnapshottable.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** What was done so far, by what it was done to. */
export interface ForgottenAnswer extends StepAnswer {
  readonly connector?: StepAnswer
  readonly topic?: StepAnswer
}

const rdsData = new RDSDataClient(dataApiSettings)
export const handler = stepHandler('ensure-slot-forgotten', ensureSlotForgotten)

/**
 * Makes room for a new slot after one was lost: notes that every table is to be copied again, then removes the connector, what is left of the slot, and the offsets,
 * from which a new connector would go on without a snapshot. A slot that is being read is not lost.
 * @throws PipelineError `SnapshotImpossible`, `NotInTime`, those of `dataApi`
 */
export async function ensureSlotForgotten(request: StepRequest<object, ForgottenAnswer>, place: StepPlace): Promise<ForgottenAnswer> {
  const { plan, now } = place
  const { previous } = request
  const source = dataApi(rdsData, plan.source, plan.source.preparationSecret)
  const slot = slotStatus(await source.query(slotStatusQuery))
  const did = [...(previous?.did ?? [])]
  if (previous === null) {
    if (slot?.active && slot.walStatus !== 'lost') {
      const seen = `the slot ${replicationSlot} is being read: nothing is lost`
      return ready(request, now(), { seen, already: [seen] })
    }
    const tables = snapshottedTables(plan.tables)
    for (const table of tables.filter(({ primaryKey }) => primaryKey.length === 0)) {
      if (!(await isEmptyTable(source.query, table))) throw impossible(table)
    }
    // First: whatever is cut off after this, the tables are known to lack changes.
    const noted = await source.execute(lostSlotStatement, { tables: tableWords(tables) })
    did.push(`noted that ${noted === 1 ? '1 table lacks' : `${noted} tables lack`} changes`)
  }
  const connector = await ensureNoConnector({ ...request, previous: previous?.connector ?? null }, place)
  if (!connector.ready) return { ...connector, did, connector }
  if (slot && !(await dropSlot(rdsData, plan))) return { ...stillRead(request, now()), did, connector }
  if (slot) did.push(`dropped the replication slot ${replicationSlot}`)
  const topic = await ensureNoOffsetsTopic({ ...request, previous: previous?.topic ?? null }, place)
  const parts = { connector, topic }
  if (!topic.ready) return { ...topic, did, ...parts }
  const seen = 'nothing is left of the lost slot: the connector that is made next copies every table'
  return { ...ready(request, now(), { seen, did: [...did, ...connector.did, ...topic.did] }), ...parts }
}

function stillRead(request: StepRequest<object, ForgottenAnswer>, now: Date): StepAnswer {
  return notYet(request, now, {
    what: `Dropping the replication slot ${replicationSlot}`,
    seen: 'it is still being read',
    usual: 'a minute after the connector is gone is usual',
    limitMinutes: 30,
    remedy: 'See what reads it: SELECT * FROM pg_stat_replication at the source.',
  })
}

/** Rows came after the source was checked. */
function impossible(table: SourceTable): PipelineError {
  const { problem, repair } = uncopyable(table)
  return new PipelineError('SnapshotImpossible', `${problem}. ${repair}. Nothing was changed.`)
}
