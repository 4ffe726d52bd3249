import { policiesOf } from '../../aws/authorization/policies.ts'
import { accessOf } from '../../aws/authorize.ts'
import { AwsError } from '../../aws/endpoint.ts'
import { isObject, type Json } from '../json.ts'
import { type ResourceContext, refused } from '../provider.ts'

/**
 * A role that a service is given must exist and trust the service.
 * @throws PipelineError `DeploymentRefused`
 */
export function checkServiceRole(arn: string, service: string, context: ResourceContext): void {
  const role = context.account.findByArn(arn)
  if (role?.type !== 'AWS::IAM::Role') throw refused(context, `The role ${arn} does not exist`)
  if (!trustedServices(role.properties.AssumeRolePolicyDocument).includes(service)) {
    throw refused(context, `The role ${arn} cannot be assumed by ${service}: its trust policy does not name that service`)
  }
}

/**
 * What a service does in a role as soon as it is given it must be allowed.
 * @throws PipelineError `DeploymentRefused` with the problem and the action
 */
export function checkRoleMay(arn: string, actions: readonly string[], resource: string, problem: string, context: ResourceContext): void {
  const access = accessOf(context.account, policiesOf(context.account), { callerOf: () => undefined })
  for (const action of actions) {
    try {
      access.authorize({ arn, roleArn: arn }, action, resource)
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      throw refused(context, `${problem}: ${error.message}`)
    }
  }
}

function trustedServices(document: Json | undefined): Json[] {
  const statements = isObject(document) ? [document.Statement ?? []].flat() : []
  return statements
    .filter(isObject)
    .flatMap(({ Effect, Principal }) => (Effect === 'Allow' && isObject(Principal) ? [Principal.Service ?? []].flat() : []))
}
