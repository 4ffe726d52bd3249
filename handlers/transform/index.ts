import type { TransformPlan } from '../../pipeline/transform-plan.ts'
import type { FirehoseEvent, FirehoseResponse } from './firehose.ts'
import { createTransform } from './transform.ts'

/** The declaration of the tables: a literal that the bundler puts here. */
declare const TRANSFORM_PLAN: TransformPlan

let transform: ReturnType<typeof createTransform> | undefined

/** The Lambda function behind Firehose. The plan is compiled at the first batch, not at import. */
export const handler = async (event: FirehoseEvent): Promise<FirehoseResponse> => {
  // Straight to the stream: console.log would put a prefix before the metrics.
  transform ??= createTransform(TRANSFORM_PLAN, { log: (lines) => void process.stdout.write(lines), now: Date.now })
  return transform(event)
}
