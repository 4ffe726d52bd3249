import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { type SourceAction, sourcePreparation } from '../../pipeline/source-preparation.ts'
import { textOf } from '../../pipeline/source-query.ts'
import { atomically } from '../../pipeline/source-sql.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { dataApiSettings } from '../aws-clients.ts'
import { type DataApi, dataApi, sqlState } from './data-api.ts'
import { markNotCaptured, recordInitial } from './source/records.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** What another execution, at the same work, leaves for this one to run into: it exists by now, or was changed at the same moment. */
const conflicts = new Set(['42P06', '42P07', '42710', '23505', 'XX000'])

/** What a call does before it answers; the rest is the next call's. */
const callMilliseconds = 8000

/** Sentences of what was done that an answer carries: hundreds of replica identities would fill the execution's history. */
const shownSentences = 20

const rdsData = new RDSDataClient(dataApiSettings)
export const handler = stepHandler('ensure-source', ensureSource)

/**
 * Creates at the source what is missing of the schema `cdc` with its tables, the declared replica identities, the publication, and the rights of
 * Debezium's role on the schema; keeps the records of the tables' snapshots. Each of them is one statement, done whole or not at all however the step ends; then all is read again.
 * @throws PipelineError `SourceBusy`, and those of `dataApi`
 */
export async function ensureSource(request: StepRequest, { plan, now, log }: StepPlace): Promise<StepAnswer> {
  const { source, tables } = plan
  const until = now().getTime() + callMilliseconds
  const preparation = dataApi(rdsData, source, source.preparationSecret)
  const [debezium] = await dataApi(rdsData, source, source.debeziumSecret).query('SELECT current_user::text AS role')
  if (!debezium) throw new Error('the source answered no current user')
  const look = () => sourcePreparation(preparation.query, tables, { role: textOf(debezium, 'role'), on: 'own schema' })
  const did = [...(request.previous?.did ?? []), ...(await markNotCaptured(preparation, plan))]
  const first = await look()
  let { actions } = first
  for (let attempt = 1; actions.length > 0; attempt += 1) {
    if (attempt > 5) {
      throw new PipelineError(
        'SourceBusy',
        `Something else changes the source at the same time, again and again: could not ${actions[0]?.sentence}`,
      )
    }
    for (const [index, action] of actions.entries()) {
      if (now().getTime() > until) return { ...more(request, now(), actions.length - index), did }
      if (!(await happens(preparation, action))) break
      log.info(action.done)
      if (did.length < shownSentences) did.push(action.done)
      else did[shownSentences] = 'and more of the kind: see the log of this step'
    }
    actions = (await look()).actions
  }
  await recordInitial(preparation, plan)
  const seen = did.length > 0 ? 'the source is prepared' : 'the source was prepared already'
  return ready(request, now(), { seen, did, already: request.previous ? [] : first.already })
}

/** False: another execution came first, or was at the same. */
async function happens(source: DataApi, { statements }: SourceAction): Promise<boolean> {
  try {
    await source.execute(atomically(statements))
    return true
  } catch (error) {
    if (conflicts.has(sqlState(error) ?? '')) return false
    throw error
  }
}

function more(request: StepRequest, now: Date, left: number): StepAnswer {
  return notYet(request, now, {
    what: 'preparing the source',
    seen: `${left} changes are left to be made at the source`,
    usual: 'seconds are usual',
    limitMinutes: 30,
    remedy: 'See what holds the tables at the source (pg_stat_activity).',
  })
}
