import { AwsError } from '../aws/endpoint.ts'
import { isObject, type Json, scalarText } from '../cloudformation/json.ts'
import type { InvocationResult } from '../lambda/function.ts'
import type { StateOfDefinition } from './definition.ts'
import type { DeployedFunctions } from './functions.ts'
import { StateError } from './interpret.ts'

/** How a Task names what it does: Step Functions' own integration of Lambda, or the function itself. */
export interface TaskIntegration {
  readonly kind: 'lambda:invoke' | 'function'
}

/** @throws StateError for another service than Lambda */
export function taskIntegration({ name, json }: StateOfDefinition): TaskIntegration {
  const resource = scalarText(json.Resource)
  if (/^arn:[^:]+:states:::lambda:invoke$/.test(resource)) return { kind: 'lambda:invoke' }
  if (/^arn:[^:]+:lambda:/.test(resource)) return { kind: 'function' }
  throw new StateError('States.Runtime', `The local run does not offer ${resource}, which the state '${name}' asks for`)
}

export interface TaskPlace {
  readonly functions: DeployedFunctions
  /** @throws AwsError where the state machine's role may not invoke that function */
  readonly authorizeInvocation: (functionArn: string) => void
}

/**
 * Does a Task: invokes the deployed function as Step Functions does, and answers in its integration's shape.
 * @throws StateError under the function's or Lambda's own error type; its cause is Lambda's JSON
 */
export async function runLambdaTask(
  state: StateOfDefinition,
  parameters: Json,
  { functions, authorizeInvocation }: TaskPlace,
  signal: AbortSignal,
): Promise<Json> {
  const { kind } = taskIntegration(state)
  const wrapped = kind === 'lambda:invoke' && isObject(parameters) ? parameters : {}
  const wanted = kind === 'function' ? scalarText(state.json.Resource) : scalarText(wrapped.FunctionName)
  const payload = kind === 'function' ? parameters : (wrapped.Payload ?? {})
  const resource = functions.find(wanted)
  if (!resource) throw new StateError('Lambda.ResourceNotFoundException', `Function not found: ${wanted}`)
  const arn = resource.arn ?? resource.physicalId
  try {
    authorizeInvocation(arn)
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    throw new StateError(
      'Lambda.AWSLambdaException',
      `${error.message} (Service: AWSLambda; Status Code: ${error.status}; Error Code: ${error.code})`,
    )
  }
  const result = payloadOf(await functions.invoke(arn, payload, signal))
  return kind === 'function' ? result : { ExecutedVersion: '$LATEST', Payload: result, StatusCode: 200 }
}

function payloadOf(result: InvocationResult): Json {
  if (result.ok) return JSON.parse(result.payload)
  const { errorType, errorMessage } = result
  throw new StateError(errorType, JSON.stringify({ errorType, errorMessage }))
}
