import { sampleQuery } from '../../pipeline/athena-sql.ts'
import { ownSchema } from '../../pipeline/names.ts'
import {
  answerKeys,
  type ProvisioningAnswers,
  type ProvisioningReport,
  type StepAnswer,
  type StepRequest,
} from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** A query of the first captured table. */
export function nextQuery({ tables, ...place }: Pick<ProvisioningPlan, 'tables' | 'tableBucket' | 'namespace'>): string | null {
  const captured = tables.filter(({ capture }) => capture)
  const table = captured.find(({ schema }) => schema !== ownSchema) ?? captured[0]
  return table ? sampleQuery(place, table.iceberg) : null
}

export const handler = stepHandler('report', report)

/** What all steps did and found, as the output of the execution. */
export async function report(
  request: StepRequest<{ readonly answers: ProvisioningAnswers }>,
  { plan, now }: Pick<StepPlace, 'plan' | 'now'>,
): Promise<StepAnswer & ProvisioningReport> {
  const { answers } = request.parameters
  // The smoke test leaves nothing behind: what it did is told by its latencies.
  const lasting = answerKeys.filter((key) => !/^(ensure|await)Canary/.test(key))
  const of = (member: 'did' | 'already') => [...new Set(lasting.flatMap((key) => answers[key]?.[member] ?? []))]
  const [did, already] = [of('did'), of('already')]
  const latencies = {
    insert: answers.awaitCanaryInsert?.latencySeconds,
    update: answers.awaitCanaryUpdate?.latencySeconds,
    delete: answers.awaitCanaryDelete?.latencySeconds,
  }
  const { until } = request.request
  return {
    ...ready(request, now(), { seen: `${until}: did ${did.length}, found ${already.length} as wanted`, did, already }),
    reached: until,
    rows: answers.awaitRowCounts?.rows ?? null,
    latencies: isComplete(latencies) ? latencies : null,
    query: until === 'Verified' ? nextQuery(plan) : null,
  }
}

function isComplete(latencies: Record<string, number | null | undefined>): latencies is NonNullable<ProvisioningReport['latencies']> {
  return Object.values(latencies).every((seconds) => typeof seconds === 'number')
}
