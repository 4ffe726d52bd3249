import { Logger } from '@aws-lambda-powertools/logger'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepName, StepRequest } from '../../pipeline/provisioning.ts'
import { type ProvisioningEnvironment, provisioningVariables } from '../../pipeline/provisioning-environment.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import type { TeardownStepName } from '../../pipeline/teardown.ts'
import { nameAwsError } from './aws-errors.ts'

/** Compiled in by the bundler. */
declare const PROVISIONING_PLAN: ProvisioningPlan

/** What a step knows besides its request. */
export interface StepPlace {
  readonly plan: ProvisioningPlan
  readonly environment: ProvisioningEnvironment
  readonly now: () => Date
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** A step: looks, compares, and acts on a difference only. Killed at any line and called again, it goes on. */
export type Step<Parameters extends object, Answer extends StepAnswer, Request> = (
  request: StepRequest<Parameters, Answer, Request>,
  place: StepPlace,
) => Promise<Answer>

/** The Lambda handler of a step: names the errors of AWS, and logs what was seen under the execution's name. */
export function stepHandler<Parameters extends object, Answer extends StepAnswer, Request>(
  name: StepName | TeardownStepName,
  step: Step<Parameters, Answer, Request>,
): (request: StepRequest<Parameters, Answer, Request>) => Promise<Answer> {
  const logger = new Logger({ serviceName: name })
  return async (request) => {
    const log = logger.createChild({ persistentKeys: { execution: request.execution.Name, step: name } })
    try {
      const answer = await step(request, { plan: PROVISIONING_PLAN, environment: readEnvironment(process.env), now: () => new Date(), log })
      log.info(answer.seen, { ready: answer.ready, did: [...answer.did] })
      return answer
    } catch (thrown) {
      const error = nameAwsError(thrown)
      // A bug is reported by Lambda itself, with its stack.
      if (error instanceof PipelineError) log.error(error.message, { error: error.name })
      throw error
    }
  }
}

function readEnvironment(environment: NodeJS.ProcessEnv): ProvisioningEnvironment {
  const read = (name: string): string => {
    const value = environment[name]
    if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`)
    return value
  }
  const { clusterArn, pluginArn, workerConfigurationArn, workerSecurityGroup } = provisioningVariables
  return {
    clusterArn: read(clusterArn),
    pluginArn: read(pluginArn),
    workerConfigurationArn: read(workerConfigurationArn),
    workerSecurityGroup: read(workerSecurityGroup),
  }
}
