import type { LocalAccount } from '../cloudformation/account.ts'
import { decisionsOf } from './authorization/decisions.ts'
import { evaluate, type Question } from './authorization/evaluate.ts'
import { type Policies, serviceMay, sourceContext } from './authorization/policies.ts'
import { type Access, AwsError, type RequestContext } from './endpoint.ts'
import type { Principals } from './principals.ts'

/** Access by the policies of what is deployed: the administrator may do everything, a role what its policies allow. */
export function accessOf(account: LocalAccount, policies: Policies, principals: Pick<Principals, 'callerOf'>): Access {
  const decisions = decisionsOf(account)
  return {
    callerOf: (accessKeyId, sessionToken) => principals.callerOf(accessKeyId, sessionToken),
    authorize({ arn, roleArn }, action, resources, context = {}) {
      if (roleArn === undefined) return
      const statements = policies.identity(roleArn)
      for (const resource of [resources].flat()) {
        const question: Question = { action, resource, context: { ...globalContext(account, roleArn, resource), ...context } }
        const verdict = evaluate(statements, question)
        // What a resource's own policy allows is not taken for enough: that is stricter than AWS.
        const forbidden = evaluate(anyone(policies, resource), question) === 'denied'
        const allowed = verdict === 'allowed' && !forbidden
        decisions.record({ principal: roleArn, action, resource, context, allowed })
        if (allowed) continue
        const why =
          verdict === 'denied'
            ? 'with an explicit deny in an identity-based policy'
            : forbidden
              ? 'with an explicit deny in a resource-based policy'
              : `because no identity-based policy allows the ${action} action`
        throw new AwsError(
          'AccessDeniedException',
          `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
          403,
        )
      }
    },
    authorizeService(service, action, resource, sourceArn) {
      if (serviceMay(policies.resource(resource), service, action, resource, sourceContext(account, sourceArn))) return
      throw new AwsError(
        'AccessDeniedException',
        `${service} is not authorized to perform: ${action} on resource: ${resource} because no resource-based policy allows the ${action} action`,
        403,
      )
    },
  }
}

/** Condition keys that every request has. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
export function globalContext(account: Pick<LocalAccount, 'id' | 'region'>, roleArn: string, resource: string): RequestContext {
  const owner = resource.split(':')[4] ?? ''
  return {
    'aws:PrincipalArn': roleArn,
    'aws:PrincipalAccount': account.id,
    'aws:PrincipalType': 'AssumedRole',
    'aws:RequestedRegion': account.region,
    'aws:ResourceAccount': owner === '' || owner === 'aws' ? account.id : owner,
    'aws:SecureTransport': 'true',
    'aws:PrincipalIsAWSService': 'false',
    'aws:ViaAWSService': 'false',
  }
}

const anyone = (policies: Policies, resource: string) =>
  policies.resource(resource).filter(({ principals }) => principals === '*' || principals?.AWS?.includes('*'))
