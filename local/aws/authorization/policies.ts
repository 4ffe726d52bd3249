import type { DeployedResource, LocalAccount } from '../../cloudformation/account.ts'
import { isObject, type Json, scalarText } from '../../cloudformation/json.ts'
import type { RequestContext } from '../endpoint.ts'
import { parsePolicy, type Statement } from './document.ts'
import { evaluate } from './evaluate.ts'

/** The policies of what is deployed. */
export interface Policies {
  /** Of the role: inline, attached and managed ones; none where there is no such role. */
  identity(roleArn: string): Statement[]
  /** The same as they are written, resolved, by where they are. */
  documents(roleArn: string): [where: string, document: Json | undefined][]
  /** Of the resource, by its ARN: of a bucket its policy, of a function its permissions. */
  resource(arn: string): Statement[]
  /** Whether the role's trust policy lets the service take it on. */
  trusts(roleArn: string, service: string, sourceArn?: string): boolean
}

/** Reads the policies anew at every question, since deployments change them. */
export function policiesOf(account: LocalAccount): Policies {
  const role = (arn: string) => account.find('AWS::IAM::Role').find((resource) => resource.arn === arn)
  const documents = (roleArn: string) => {
    const found = role(roleArn)
    return found ? documentsOf(account, found) : []
  }
  return {
    documents,
    identity: (roleArn) => documents(roleArn).flatMap(([where, document]) => parsePolicy(document, where)),
    resource(arn) {
      const bucket = /^arn:[^:]*:s3:::([^/]+)/.exec(arn)?.[1]
      if (bucket !== undefined) {
        return account
          .find('AWS::S3::BucketPolicy')
          .filter(({ properties }) => properties.Bucket === bucket)
          .flatMap(({ logicalId, properties }) => parsePolicy(properties.PolicyDocument, logicalId))
      }
      return account.find('AWS::Lambda::Permission').flatMap((permission) => lambdaStatement(account, permission, arn))
    },
    trusts(roleArn, service, sourceArn) {
      const found = role(roleArn)
      if (!found) return false
      const trust = parsePolicy(found.properties.AssumeRolePolicyDocument, `the trust policy of ${found.physicalId}`)
      return serviceMay(trust, service, 'sts:AssumeRole', '*', sourceContext(account, sourceArn))
    },
  }
}

/** Whether a resource's policy (a role's trust policy, a cluster policy, a function's permissions) lets a service do that. */
export function serviceMay(
  statements: readonly Statement[],
  service: string,
  action: string,
  resource: string,
  context: RequestContext,
): boolean {
  const own = statements.filter(({ principals }) => principals === '*' || principals?.Service?.includes(service))
  return evaluate(own, { action, resource, context }) === 'allowed'
}

/** What a service sends along when it acts for a resource of this account. */
export function sourceContext(account: Pick<LocalAccount, 'id'>, sourceArn: string | undefined): RequestContext {
  return { 'aws:SourceAccount': account.id, ...(sourceArn === undefined ? {} : { 'aws:SourceArn': sourceArn }) }
}

function documentsOf(account: LocalAccount, role: DeployedResource): [string, Json | undefined][] {
  const { physicalId, properties } = role
  if (properties.PermissionsBoundary !== undefined)
    throw new Error(`the permissions boundary of ${physicalId} is not known to the local run`)
  const attached = list(properties.ManagedPolicyArns).map(scalarText)
  const managed = account.find('AWS::IAM::ManagedPolicy')
  const unknown = attached.find((arn) => !managed.some((policy) => policy.arn === arn))
  if (unknown !== undefined) throw new Error(`the managed policy ${unknown} of ${physicalId} is not known to the local run`)
  const lists = (policy: DeployedResource) => list(policy.properties.Roles).includes(physicalId)
  const policies = [
    ...account.find('AWS::IAM::Policy').filter(lists),
    ...managed.filter((policy) => lists(policy) || (policy.arn !== undefined && attached.includes(policy.arn))),
  ]
  return [
    ...list(properties.Policies)
      .filter(isObject)
      .map(({ PolicyName, PolicyDocument }): [string, Json | undefined] => [`${physicalId}/${scalarText(PolicyName)}`, PolicyDocument]),
    ...policies.map(({ logicalId, properties: { PolicyDocument } }): [string, Json | undefined] => [
      `${physicalId}/${logicalId}`,
      PolicyDocument,
    ]),
  ]
}

/** The statement that Lambda makes of a permission. https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html */
function lambdaStatement(account: LocalAccount, { logicalId, properties }: DeployedResource, functionArn: string): Statement[] {
  const { Action, FunctionName, Principal, SourceArn, SourceAccount, ...others } = properties
  const name = scalarText(FunctionName)
  if (name !== functionArn && account.arn('lambda', `function:${name}`) !== functionArn) return []
  const unknown = Object.keys(others)[0]
  if (unknown !== undefined) throw new Error(`${logicalId}: ${unknown} of a permission is not known to the local run`)
  const principal = scalarText(Principal)
  const document = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: principal.includes('.amazonaws.com') ? { Service: principal } : { AWS: principal },
      Action: scalarText(Action),
      Resource: functionArn,
      Condition: {
        ...(SourceAccount === undefined ? {} : { StringEquals: { 'aws:SourceAccount': scalarText(SourceAccount) } }),
        ...(SourceArn === undefined ? {} : { ArnLike: { 'aws:SourceArn': scalarText(SourceArn) } }),
      },
    },
  }
  return parsePolicy(document, logicalId)
}

const list = (value: Json | undefined): Json[] => [value ?? []].flat()
