import { PipelineError } from '../../pipeline/errors.ts'
import { AwsError } from '../aws/endpoint.ts'
import type { DeployedResource, LocalAccount } from '../cloudformation/account.ts'
import { isObject, type Json, type JsonObject } from '../cloudformation/json.ts'
import { payloadLimitBytes } from './interpret.ts'

/** @throws AwsError `StateMachineDoesNotExist` */
export function stateMachine(account: LocalAccount, arn: string): DeployedResource {
  const machine = account.find('AWS::StepFunctions::StateMachine').find((resource) => resource.arn === arn)
  if (!machine) throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`)
  return machine
}

/** The definition in a deployed state machine's properties. */
export function definitionOf({ properties, logicalId, stack }: DeployedResource): JsonObject {
  const { DefinitionString, Definition } = properties
  const definition: unknown = typeof DefinitionString === 'string' ? JSON.parse(DefinitionString) : Definition
  if (!isObject(definition))
    throw new PipelineError('TemplateNotUnderstood', `${stack}: ${logicalId}: the definition is not in the template`)
  return definition
}

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
export function checkExecutionName(name: string): void {
  if (!/^[^\s\p{Cc}<>{}[\]?*"#%\\^|~`$&,;:/]{1,80}$/u.test(name)) throw new AwsError('InvalidName', `Invalid Name: '${name}'`)
}

export function parseExecutionInput(input: string): Json {
  if (Buffer.byteLength(input) > payloadLimitBytes)
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to ${payloadLimitBytes}`,
    )
  try {
    return JSON.parse(input)
  } catch (error) {
    throw new AwsError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${error instanceof Error ? error.message : String(error)}'`,
    )
  }
}
