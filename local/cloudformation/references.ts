import { PipelineError } from '../../pipeline/errors.ts'
import { getAttParts, intrinsicCall, isIntrinsic, substitutionPattern, unknownIntrinsic } from './intrinsics.ts'
import { isObject, type Json, scalarText } from './json.ts'
import type { ResourceDefinition, Template } from './template.ts'

/**
 * Every name that a value refers to by Ref, Fn::GetAtt or Fn::Sub: resources, parameters and pseudo parameters alike.
 * @throws PipelineError `TemplateNotUnderstood` for an intrinsic function that is not known.
 */
export function references(value: Json | undefined, where: string): Set<string> {
  const found = new Set<string>()
  const visit = (part: Json | undefined): void => {
    if (Array.isArray(part)) part.forEach(visit)
    if (!isObject(part)) return
    const called = intrinsicCall(part, where)
    if (!called) return Object.values(part).forEach(visit)
    const { name, argument } = called
    if (!isIntrinsic(name)) throw unknownIntrinsic(name, where)
    if (name === 'Ref' && typeof argument === 'string') found.add(argument)
    else if (name === 'Fn::GetAtt') found.add(getAttParts(argument, { where })[0])
    else if (name === 'Fn::Sub') {
      const [template, variables] = Array.isArray(argument) ? argument : [argument, {}]
      const own = isObject(variables) ? variables : {}
      for (const [, literal, reference] of scalarText(template).matchAll(substitutionPattern)) {
        const target = (reference ?? '').split('.')[0] ?? ''
        if (!literal && own[reference ?? ''] === undefined) found.add(target)
      }
      visit(own)
    } else visit(argument)
  }
  visit(value)
  return found
}

/** What each resource of a template must come after: what it refers to, and its DependsOn. */
export function resourceDependencies(stack: string, resources: Readonly<Record<string, ResourceDefinition>>): Map<string, Set<string>> {
  return new Map(
    Object.entries(resources).map(([logicalId, { Properties, DependsOn }]) => {
      const explicit = DependsOn === undefined ? [] : [DependsOn].flat()
      const implicit = [...references(Properties, `${stack}: ${logicalId}`)]
      return [logicalId, new Set([...explicit, ...implicit].filter((name) => name !== logicalId && Object.hasOwn(resources, name)))]
    }),
  )
}

/**
 * Every name of a template that is referred to and not defined.
 * @throws PipelineError `TemplateNotUnderstood`, worded as CloudFormation does.
 */
export function checkReferences(stack: string, template: Template): void {
  const known = new Set([...Object.keys(template.Resources), ...Object.keys(template.Parameters)])
  const check = (names: Iterable<string>, section: string) => {
    const missing = [...names].filter((name) => !known.has(name) && !name.startsWith('AWS::'))
    if (missing.length > 0)
      throw new PipelineError(
        'TemplateNotUnderstood',
        `${stack}: Unresolved resource dependencies [${missing.join(', ')}] in the ${section} block of the template`,
      )
  }
  for (const [logicalId, { Properties, DependsOn }] of Object.entries(template.Resources)) {
    check(references(Properties, `${stack}: ${logicalId}`), 'Resources')
    check(DependsOn === undefined ? [] : [DependsOn].flat(), 'Resources')
  }
  for (const [name, { Value }] of Object.entries(template.Outputs)) check(references(Value, `${stack}: output ${name}`), 'Outputs')
}

/**
 * Names in groups: each group needs only names of earlier groups. Within a group the order is that of the names' first appearance.
 * @throws PipelineError `TemplateNotUnderstood` where names depend on each other in a circle.
 */
export function dependencyLevels(dependencies: ReadonlyMap<string, ReadonlySet<string>>, where: string): string[][] {
  const waiting = new Map(dependencies)
  const levels: string[][] = []
  while (waiting.size > 0) {
    const level = [...waiting].filter(([, needs]) => [...needs].every((need) => !waiting.has(need))).map(([name]) => name)
    if (level.length === 0)
      throw new PipelineError(
        'TemplateNotUnderstood',
        `${where}: Circular dependency between resources: [${[...waiting.keys()].join(', ')}]`,
      )
    for (const name of level) waiting.delete(name)
    levels.push(level)
  }
  return levels
}
