import { nextQuery } from '../../pipeline/athena-sql.ts'
import {
  answerKeys,
  type ProvisioningAnswers,
  type ProvisioningReport,
  type StepAnswer,
  type StepRequest,
} from '../../pipeline/provisioning.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { type StepPlace, stepHandler } from './step.ts'

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
    query: until === 'Verified' ? nextQuery(plan, plan.tables) : null,
  }
}

function isComplete(latencies: Record<string, number | null | undefined>): latencies is NonNullable<ProvisioningReport['latencies']> {
  return Object.values(latencies).every((seconds) => typeof seconds === 'number')
}
