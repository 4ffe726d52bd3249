import { AthenaClient } from '@aws-sdk/client-athena'
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { canaryIcebergQuery, requestToken } from '../../pipeline/athena-sql.ts'
import { type CanaryChange, canaryName, canaryValues, walEndQuery } from '../../pipeline/canary-sql.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import { canaryTable } from '../../pipeline/names.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { type SourceQuery, textOf } from '../../pipeline/source-query.ts'
import { durationText, notYet, ready, waitingSince } from '../../pipeline/step-answer.ts'
import { clientSettings, dataApiSettings } from '../aws-clients.ts'
import { awaitQuery, startQuery } from './athena.ts'
import { hopFacts, lastHop } from './canary-hops.ts'
import { dataApi } from './data-api.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** What is known of the change, from one look to the next. */
export interface CanaryAnswer extends StepAnswer {
  /** From the change at the source until it was seen; null: not yet. */
  readonly latencySeconds: number | null
  /** The end of the source's WAL after the change. */
  readonly lsn: string
  /** Queries asked so far; one that still runs is the last of them. */
  readonly looks: number
  readonly runningQuery: string | null
}

/** Buffer intervals of up to 15 min, and what Firehose and the catalog add. */
const limitMinutes = 30

/** What a call looks before it answers. */
const callMilliseconds = 9000

const athena = new AthenaClient(clientSettings)
const rdsData = new RDSDataClient(dataApiSettings)
const cloudWatch = new CloudWatchClient(clientSettings)
export const handler = stepHandler('await-canary', awaitCanary)

/**
 * Looks whether a change of the smoke test's row is in Iceberg, as Athena sees it. A row says when it was touched; of one that is gone, `made` does
 * (ISO 8601).
 * @throws PipelineError `CanaryLost` with the hop where it was last seen, `QueryFailed`, those of `dataApi`
 */
export async function awaitCanary(
  request: StepRequest<{ change: CanaryChange; made: string }, CanaryAnswer>,
  { plan, now }: StepPlace,
): Promise<CanaryAnswer> {
  const { execution, previous, parameters } = request
  const { change, made } = parameters
  const source = dataApi(rdsData, plan.source, plan.source.preparationSecret).query
  const lsn = previous?.lsn ?? (await walEnd(source))
  const looks = previous?.runningQuery ? previous.looks : (previous?.looks ?? 0) + 1
  const name = canaryName(execution.Name)
  const id = previous?.runningQuery ?? (await ask(plan, name, requestToken(execution.Id, execution.RedriveTime ?? '', change, looks)))
  const look = await awaitQuery(athena, id, now().getTime() + callMilliseconds, now)
  const at = now()
  const since = waitingSince(request, at)
  const known = { lsn, looks, runningQuery: look.state === 'running' ? id : null }
  if (look.state === 'succeeded' && isSeen(change, look.rows)) {
    const milliseconds = Math.max(0, at.getTime() - (touchedAt(look.rows) ?? Date.parse(made)))
    const seen = `the ${change} of the canary's row is in Iceberg, ${durationText(milliseconds)} after it was made`
    return { ...ready(request, at, { seen }), ...known, latencySeconds: Math.round(milliseconds / 100) / 10 }
  }
  if (at.getTime() - since.getTime() > limitMinutes * 60_000) {
    const facts = await hopFacts(source, cloudWatch, plan.deliveryStream, { change, name, lsn, since, now: at })
    const last = look.state === 'succeeded' ? '' : ` (last seen: ${look.seen})`
    const text = `The ${change} of the row "${name}" of ${canaryTable.schema}.${canaryTable.name} (LSN ${lsn}) is not in Iceberg after ${limitMinutes} min${last}.`
    throw new PipelineError('CanaryLost', `${text} ${lastHop(facts, plan)}`)
  }
  const seen = look.state === 'succeeded' ? `the ${change} of the canary's row is not in Iceberg yet` : look.seen
  return { ...waiting(request, at, seen), ...known, latencySeconds: null }
}

/** Whether the rows of the canary's name are those after the change. */
function isSeen(change: CanaryChange, rows: readonly (readonly (string | undefined)[])[]): boolean {
  const wanted = canaryValues[change]
  return wanted === undefined ? rows.length === 0 : rows.length > 0 && rows.every(([value]) => value === wanted)
}

/** When the row was touched at the source, in milliseconds since 1970. Athena writes `2026-11-22 17:46:00.123456 UTC`. */
function touchedAt(rows: readonly (readonly (string | undefined)[])[]): number | undefined {
  const [, date, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)/.exec(rows[0]?.[1] ?? '') ?? []
  return date === undefined ? undefined : Date.parse(`${date}T${time}Z`)
}

async function walEnd(source: SourceQuery): Promise<string> {
  const [row] = await source(walEndQuery)
  if (!row) throw new Error('the source answered no LSN')
  return textOf(row, 'lsn')
}

function ask(plan: ProvisioningPlan, name: string, token: string): Promise<string> {
  const iceberg = plan.tables.find((table) => table.schema === canaryTable.schema && table.name === canaryTable.name)?.iceberg
  if (iceberg === undefined) throw new Error('the plan has no canary')
  return startQuery(athena, plan, canaryIcebergQuery(plan, iceberg, name), token)
}

function waiting(request: StepRequest<object, CanaryAnswer>, now: Date, seen: string): StepAnswer {
  return notYet(request, now, {
    what: `Seeing the canary's row`,
    seen,
    usual: "the stream's buffer interval and a minute more are usual",
    limitMinutes,
    remedy: '',
  })
}
