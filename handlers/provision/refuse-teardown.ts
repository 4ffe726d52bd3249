import { ListExecutionsCommand, type SFNClient } from '@aws-sdk/client-sfn'
import { PipelineError } from '../../pipeline/errors.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'

/** What is made while a teardown runs, it would remove at once. @throws PipelineError `TeardownRunning` */
export async function refuseTeardown(
  stepFunctions: SFNClient,
  { stateMachines, region }: Pick<ProvisioningPlan, 'stateMachines' | 'region'>,
): Promise<void> {
  const { executions = [] } = await stepFunctions.send(
    new ListExecutionsCommand({ stateMachineArn: stateMachines.teardown, statusFilter: 'RUNNING', maxResults: 10 }),
  )
  const [running] = executions
  if (!running) return
  throw new PipelineError(
    'TeardownRunning',
    `The execution ${running.name} of the teardown state machine is running, and would remove what is made. Nothing was changed. Wait for its end, or stop it, then start an execution:\n` +
      `aws stepfunctions stop-execution --region ${region} --execution-arn ${running.executionArn}`,
  )
}
