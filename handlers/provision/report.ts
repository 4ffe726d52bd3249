import { canaryTable } from '../../pipeline/names.ts'
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

/** A query of the first captured table, as Athena takes it in any workgroup. */
export function nextQuery({ tables, tableBucket, namespace }: Pick<ProvisioningPlan, 'tables' | 'tableBucket' | 'namespace'>): string {
  const captured = tables.filter(({ capture }) => capture)
  const table = captured.find(({ schema }) => schema !== canaryTable.schema) ?? captured[0]
  return `SELECT * FROM "s3tablescatalog/${tableBucket}"."${namespace}"."${table?.iceberg ?? ''}" LIMIT 10`
}

export const handler = stepHandler('report', report)

/** What all steps did and found, as the output of the execution. */
export async function report(
  request: StepRequest<{ readonly answers: ProvisioningAnswers }>,
  { plan, now }: Pick<StepPlace, 'plan' | 'now'>,
): Promise<StepAnswer & ProvisioningReport> {
  const { answers } = request.parameters
  const of = (member: 'did' | 'already') => [...new Set(answerKeys.flatMap((key) => answers[key]?.[member] ?? []))]
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

function isComplete(latencies: Record<string, number | undefined>): latencies is NonNullable<ProvisioningReport['latencies']> {
  return Object.values(latencies).every((seconds) => seconds !== undefined)
}
