import { policiesOf } from '../../../../local/aws/authorization/policies.ts'
import { isObject, type Json, type JsonObject, scalarText } from '../../../../local/cloudformation/json.ts'
import type { Template } from '../../../../local/cloudformation/template.ts'
import { accountFixture } from '../../cloudformation/fixture.ts'
import { deployPermissions } from '../deployed-permissions.ts'

/** A role of a synthesized application, with its policies as they are deployed. */
export interface SynthesizedRole {
  readonly arn: string
  readonly name: string
  readonly policies: readonly { readonly name: string; readonly policy: JsonObject }[]
}

/** Something that a role may be about to do. */
export interface Call {
  readonly action: string
  readonly resource: string
  readonly context: Record<string, string>
}

export async function synthesizedRoles(templates: Readonly<Record<string, Template>>): Promise<{
  readonly roles: SynthesizedRole[]
  readonly clusterArn: string
}> {
  const fixture = await accountFixture()
  const account = fixture.open()
  await deployPermissions(account, templates, fixture.directory)
  const policies = policiesOf(account)
  const roles = account.find('AWS::IAM::Role').map(({ arn = '', physicalId }) => ({
    arn,
    name: physicalId,
    policies: policies.documents(arn).flatMap(([name, policy]) => (isObject(policy) ? [{ name, policy }] : [])),
  }))
  const clusterArn = account.find('AWS::MSK::Cluster')[0]?.arn ?? ''
  await fixture.close()
  return { roles, clusterArn }
}

export function statementsOf(policy: JsonObject): JsonObject[] {
  return [policy.Statement ?? []].flat().filter(isObject)
}

/** The calls that a role's statements are about: each action on each resource, with what its conditions ask for and with something else. */
export function callsOf({ policies }: SynthesizedRole): Call[] {
  return policies
    .flatMap(({ policy }) => statementsOf(policy))
    .flatMap(({ Action, Resource, Condition }) =>
      texts(Action).flatMap((action) =>
        texts(Resource).flatMap((resource) => {
          const asked = contextOf(Condition)
          const contexts = Object.keys(asked).length === 0 ? [{}] : [asked, mapValues(asked, (value) => `${value}x`), {}]
          return contexts.map((context) => ({ action, resource: concrete(resource), context }))
        }),
      ),
    )
}

const texts = (value: Json | undefined) => [value ?? []].flat().map(scalarText)

/** A resource that the pattern matches; everything stays everything. */
const concrete = (pattern: string) => (pattern === '*' ? '*' : pattern.replaceAll('*', 'any').replaceAll('?', 'a'))

function contextOf(condition: Json | undefined): Record<string, string> {
  if (!isObject(condition)) return {}
  return Object.fromEntries(
    Object.values(condition)
      .filter(isObject)
      .flatMap((keys) => Object.entries(keys).map(([key, value]) => [key, concrete(texts(value)[0] ?? '')])),
  )
}

const mapValues = (values: Record<string, string>, change: (value: string) => string) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]))
