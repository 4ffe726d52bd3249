import { isObject, type Json, type JsonObject } from '../../../local/cloudformation/json.ts'
import type { Template } from '../../../local/cloudformation/template.ts'

/** The templates with one action taken from one role, wherever a policy of it gives it. */
export function withoutAction(templates: Readonly<Record<string, Template>>, role: string, action: string): Record<string, Template> {
  let taken = 0
  const statementsWithout = (document: Json | undefined): Json => {
    if (!isObject(document)) return document ?? null
    const statements = [document.Statement ?? []].flat().filter(isObject)
    return {
      ...document,
      Statement: statements.flatMap((statement): JsonObject[] => {
        const actions = [statement.Action ?? []].flat()
        const left = actions.filter((other) => other !== action)
        taken += actions.length - left.length
        // A statement cannot be without actions.
        return left.length === 0 ? [] : [{ ...statement, Action: left }]
      }),
    }
  }
  const result = Object.fromEntries(
    Object.entries(templates).map(([stack, template]) => {
      const own = (value: Json | undefined) =>
        [value ?? []].flat().some((part) => part === role || (isObject(part) && nameOf(template, part.Ref) === role))
      const Resources = Object.fromEntries(
        Object.entries(template.Resources).map(([id, resource]) => {
          const { Type, Properties = {} } = resource
          if (Type === 'AWS::IAM::Role' && Properties.RoleName === role) {
            const Policies = [Properties.Policies ?? []]
              .flat()
              .filter(isObject)
              .map((policy) => ({ ...policy, PolicyDocument: statementsWithout(policy.PolicyDocument) }))
            return [id, { ...resource, Properties: { ...Properties, Policies } }]
          }
          if ((Type === 'AWS::IAM::Policy' || Type === 'AWS::IAM::ManagedPolicy') && own(Properties.Roles)) {
            return [id, { ...resource, Properties: { ...Properties, PolicyDocument: statementsWithout(Properties.PolicyDocument) } }]
          }
          return [id, resource]
        }),
      )
      return [stack, { ...template, Resources }]
    }),
  )
  if (taken === 0) throw new Error(`${role} has no ${action} to take away`)
  return result
}

function nameOf(template: Template, logicalId: Json | undefined): Json | undefined {
  return typeof logicalId === 'string' ? template.Resources[logicalId]?.Properties?.RoleName : undefined
}
