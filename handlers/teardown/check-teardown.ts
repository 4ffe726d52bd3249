import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { type TeardownRequest, teardownInput } from '../../pipeline/teardown.ts'
import { clientSettings } from '../aws-clients.ts'
import { type StepPlace, stepHandler } from '../provision/step.ts'

export interface CheckedTeardown extends StepAnswer {
  readonly request: TeardownRequest
}

/** The input of an execution. @throws PipelineError `TeardownNotConfirmed` unless it names this deployment's connector */
export function parseTeardown(input: unknown, connector: string): TeardownRequest {
  if (!isObject(input) || input.tearDown === undefined) throw notConfirmed(connector, 'it does not say what to take down')
  const { tearDown, drain = true, ...others } = input
  if (tearDown !== connector)
    throw notConfirmed(connector, `"tearDown" is ${JSON.stringify(tearDown)}, which is another deployment or none`)
  if (typeof drain !== 'boolean')
    throw notConfirmed(connector, `"drain" is ${JSON.stringify(drain)}; it may be true, which is the default, or false`)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw notConfirmed(connector, `${JSON.stringify(unknown)} is not known; allowed are "tearDown" and "drain"`)
  return { tearDown, drain }
}

const stepFunctions = new SFNClient(clientSettings)
export const handler = stepHandler('check-teardown', checkTeardown)

/**
 * Is this meant, and does nothing provision at the same time?
 * @throws PipelineError `TeardownNotConfirmed`, `ProvisioningRunning`
 */
export async function checkTeardown(
  request: StepRequest<object, StepAnswer, unknown>,
  { plan, now }: Pick<StepPlace, 'plan' | 'now'>,
): Promise<CheckedTeardown> {
  const asked = parseTeardown(request.request, plan.connector.name)
  const stateMachineArn = plan.stateMachines.provisioning
  const { executions = [] } = await stepFunctions.send(
    new ListExecutionsCommand({ stateMachineArn, statusFilter: 'RUNNING', maxResults: 10 }),
  )
  const [running] = executions
  if (running) {
    throw new PipelineError(
      'ProvisioningRunning',
      `The execution ${running.name} of the provisioning state machine is running, and would make again what is removed. Nothing was changed. ` +
        `Wait for its end, or stop it, then start the teardown again:\naws stepfunctions stop-execution --region ${plan.region} --execution-arn ${running.executionArn}`,
    )
  }
  const seen = asked.drain ? `asked to take ${asked.tearDown} down` : `asked to take ${asked.tearDown} down without delivering what is left`
  return { ...ready(request, now(), { seen }), request: asked }
}

function notConfirmed(connector: string, what: string): PipelineError {
  return new PipelineError(
    'TeardownNotConfirmed',
    `The input of the execution is refused: ${what}. Nothing was changed. To take this deployment down, start an execution with the input ${teardownInput(connector)}`,
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
