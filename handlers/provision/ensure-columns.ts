import { AthenaClient } from '@aws-sdk/client-athena'
import { GlueClient } from '@aws-sdk/client-glue'
import { requestToken } from '../../pipeline/athena-sql.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { awaitEnd, startQuery } from './athena.ts'
import { columnChanges } from './columns/differences.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** What a call does before it answers. */
const callMilliseconds = 8000

/** Sentences of what was done that an answer carries. */
const shownChanges = 20

/** The answer, with what the next call needs. */
export interface AlteringAnswer extends StepAnswer {
  /** How often a statement was found to be worth another try: part of Athena's token, which else would join the failed one. */
  readonly attempts: number
}

const athena = new AthenaClient(clientSettings)
const glue = new GlueClient(clientSettings)
export const handler = stepHandler('ensure-columns', ensureColumns)

/**
 * Adds and widens columns of Iceberg tables, each by a statement of Athena's. Whether it is done is looked up before and after it: what another
 * execution did meanwhile is no failure.
 * @throws PipelineError `ColumnsImpossible`, `QueryFailed`, `NotInTime`
 */
export async function ensureColumns(request: StepRequest<object, AlteringAnswer>, { plan, now }: StepPlace): Promise<AlteringAnswer> {
  const { execution, previous } = request
  const until = now().getTime() + callMilliseconds
  const did = new Set(previous?.did ?? [])
  let attempts = previous?.attempts ?? 1
  const waiting = (seen: string): AlteringAnswer => ({ ...notYet(request, now(), { ...altering, seen }), did: [...did], attempts })
  const changes = await columnChanges(glue, plan)
  for (const [index, { iceberg, sql, done }] of changes.entries()) {
    if (now().getTime() > until) return waiting(`${changes.length - index} changes of columns are left`)
    const query = await startQuery(athena, plan, sql, requestToken(execution.Id, execution.RedriveTime ?? '', sql, attempts))
    const end = await endOf(query, until, now)
    if (!(end instanceof PipelineError) && end.state !== 'succeeded') {
      if (end.state === 'retryable') attempts += 1
      return waiting(end.seen)
    }
    const isStill = (await columnChanges(glue, plan, iceberg)).some((left) => left.sql === sql)
    // Another execution may have made the change in between, so that this statement failed.
    if (end instanceof PipelineError && isStill) throw end
    if (!(end instanceof PipelineError)) did.add(done)
    if (isStill) return waiting(`Glue does not show yet what was ${done}`)
  }
  const seen = 'every Iceberg table has the declared columns'
  return { ...ready(request, now(), { seen, did: [...did].slice(0, shownChanges) }), attempts }
}

const altering = {
  what: 'Changing the columns of Iceberg tables',
  usual: 'some seconds for each table are usual',
  limitMinutes: 60,
  remedy: 'See the queries of the workgroup in the Athena console.',
}

/** How a statement ended, or why it failed. */
async function endOf(query: string, until: number, now: () => Date): Promise<Awaited<ReturnType<typeof awaitEnd>> | PipelineError> {
  try {
    return await awaitEnd(athena, query, until, now)
  } catch (error) {
    if (error instanceof PipelineError && error.name === 'QueryFailed') return error
    throw error
  }
}
