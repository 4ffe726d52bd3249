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

function trustedServices(document: Json | undefined): Json[] {
  const statements = isObject(document) ? [document.Statement ?? []].flat() : []
  return statements
    .filter(isObject)
    .flatMap(({ Effect, Principal }) => (Effect === 'Allow' && isObject(Principal) ? [Principal.Service ?? []].flat() : []))
}
