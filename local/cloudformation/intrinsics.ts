import { PipelineError } from '../../pipeline/errors.ts'
import { isObject, type Json, type JsonObject } from './json.ts'

/** What the intrinsic functions of one template look up. Each throws where a name is not known. */
export interface Scope {
  /** Stack and logical id, for messages. */
  readonly where: string
  /** Value of a resource, parameter or pseudo parameter; undefined for `AWS::NoValue`. */
  ref(name: string): Json | undefined
  attribute(logicalId: string, name: string): Json
  condition(name: string): boolean
  mapping(map: string, topLevelKey: string, secondLevelKey: string): Json
  importValue(exportName: string): Json
  /** `{{resolve:<service>:<reference>}}` */
  dynamicReference(service: string, reference: string): string
}

type Intrinsic = (argument: Json, scope: Scope) => Json | undefined

/** Functions of property values. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html */
const valueFunctions: Record<string, Intrinsic> = {
  Ref: (argument, scope) => scope.ref(text(argument, 'Ref', scope)),
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, name] = getAttParts(argument, scope)
    return scope.attribute(logicalId, typeof name === 'string' ? name : text(resolve(name, scope), 'Fn::GetAtt', scope))
  },
  'Fn::Join': (argument, scope) => {
    const [delimiter, parts] = list(argument, 'Fn::Join', 2, scope)
    return list(resolve(parts, scope), 'Fn::Join', undefined, scope)
      .map((part) => text(part, 'Fn::Join', scope))
      .join(text(delimiter, 'Fn::Join', scope))
  },
  'Fn::Sub': (argument, scope) => substitute(argument, scope),
  'Fn::Select': (argument, scope) => {
    const [index, values] = list(argument, 'Fn::Select', 2, scope)
    const position = Number(text(resolve(index, scope), 'Fn::Select', scope))
    const value = list(resolve(values, scope), 'Fn::Select', undefined, scope)[position]
    if (value === undefined) throw notUnderstood(scope, `Fn::Select has no value at ${position}`)
    return value
  },
  'Fn::Split': (argument, scope) => {
    const [delimiter, value] = list(argument, 'Fn::Split', 2, scope)
    return text(resolve(value, scope), 'Fn::Split', scope).split(text(delimiter, 'Fn::Split', scope))
  },
  'Fn::If': (argument, scope) => {
    const [name, whenTrue, whenFalse] = list(argument, 'Fn::If', 3, scope)
    return resolve(scope.condition(text(name, 'Fn::If', scope)) ? whenTrue : whenFalse, scope)
  },
  'Fn::FindInMap': (argument, scope) => {
    const [map, top, second] = list(argument, 'Fn::FindInMap', 3, scope).map((part) => text(resolve(part, scope), 'Fn::FindInMap', scope))
    return scope.mapping(String(map), String(top), String(second))
  },
  'Fn::Base64': (argument, scope) => Buffer.from(text(resolve(argument, scope), 'Fn::Base64', scope)).toString('base64'),
  'Fn::ImportValue': (argument, scope) => scope.importValue(text(resolve(argument, scope), 'Fn::ImportValue', scope)),
}

/** Functions of `Conditions` and `Rules`. */
const conditionFunctions: Record<string, (argument: Json, scope: Scope) => boolean> = {
  Condition: (argument, scope) => scope.condition(text(argument, 'Condition', scope)),
  'Fn::Equals': (argument, scope) => {
    const [left, right] = list(argument, 'Fn::Equals', 2, scope).map((side) => JSON.stringify(resolve(side, scope)))
    return left === right
  },
  'Fn::And': (argument, scope) => list(argument, 'Fn::And', undefined, scope).every((part) => isTrue(part, scope)),
  'Fn::Or': (argument, scope) => list(argument, 'Fn::Or', undefined, scope).some((part) => isTrue(part, scope)),
  'Fn::Not': (argument, scope) => list(argument, 'Fn::Not', 1, scope).every((part) => !isTrue(part, scope)),
  'Fn::Contains': (argument, scope) => {
    const [values, value] = list(argument, 'Fn::Contains', 2, scope)
    return list(resolve(values, scope), 'Fn::Contains', undefined, scope).includes(resolve(value, scope) ?? null)
  },
}

/**
 * A property's value with every intrinsic function and dynamic reference replaced; undefined for `AWS::NoValue`, which removes what holds it.
 * @throws PipelineError `TemplateNotUnderstood` naming what is unknown.
 */
export function resolve(value: Json | undefined, scope: Scope): Json | undefined {
  if (typeof value === 'string') return withDynamicReferences(value, scope)
  if (Array.isArray(value)) return value.map((part) => resolve(part, scope)).filter((part) => part !== undefined)
  if (!isObject(value)) return value
  const called = intrinsicCall(value, scope.where)
  if (called) {
    const implementation = valueFunctions[called.name]
    if (!implementation) throw unknownIntrinsic(called.name, scope.where)
    return implementation(called.argument, scope)
  }
  const resolved: JsonObject = {}
  for (const [name, part] of Object.entries(value)) {
    const result = resolve(part, scope)
    if (result !== undefined) resolved[name] = result
  }
  return resolved
}

/** Whether a condition holds. */
export function isTrue(condition: Json, scope: Scope): boolean {
  if (typeof condition === 'boolean') return condition
  if (condition === 'true' || condition === 'false') return condition === 'true'
  const [entry, ...others] = isObject(condition) ? Object.entries(condition) : []
  if (!entry || others.length > 0)
    throw notUnderstood(scope, `a condition must be one condition function, found ${JSON.stringify(condition)}`)
  const implementation = conditionFunctions[entry[0]]
  if (!implementation) throw unknownIntrinsic(entry[0], scope.where)
  return implementation(entry[1], scope)
}

/** The intrinsic function that an object is a call of; undefined for an ordinary object. */
export function intrinsicCall(value: JsonObject, where: string): { name: string; argument: Json } | undefined {
  const entries = Object.entries(value)
  const intrinsic = entries.find(([name]) => name === 'Ref' || name.startsWith('Fn::'))
  if (!intrinsic) return undefined
  const [name, argument] = intrinsic
  if (entries.length === 1) return { name, argument }
  // An object may have a member of the name Ref beside others.
  if (name === 'Ref') return undefined
  throw new PipelineError(
    'TemplateNotUnderstood',
    `${where}: ${name} stands beside ${entries.length - 1} other member(s) of the same object`,
  )
}

export function isIntrinsic(name: string): boolean {
  return Object.hasOwn(valueFunctions, name) || Object.hasOwn(conditionFunctions, name)
}

/** Logical id and attribute of a `Fn::GetAtt`, in either of its forms. */
export function getAttParts(argument: Json, scope: Pick<Scope, 'where'>): [string, Json] {
  if (typeof argument === 'string' && argument.includes('.')) {
    return [argument.slice(0, argument.indexOf('.')), argument.slice(argument.indexOf('.') + 1)]
  }
  if (Array.isArray(argument) && argument.length === 2 && typeof argument[0] === 'string' && argument[1] !== undefined)
    return [argument[0], argument[1]]
  throw notUnderstood(scope, `Fn::GetAtt takes a logical id and an attribute, found ${JSON.stringify(argument)}`)
}

/** `${Name}`, `${Name.Attribute}` and the literal `${!Name}` of a `Fn::Sub`. */
export const substitutionPattern = /\$\{(!?)([^}]*)\}/g

function substitute(argument: Json, scope: Scope): Json {
  const [template, variables]: Json[] = typeof argument === 'string' ? [argument, {}] : list(argument, 'Fn::Sub', 2, scope)
  if (!isObject(variables)) throw notUnderstood(scope, 'the variables of Fn::Sub must be an object')
  const substituted = text(template, 'Fn::Sub', scope).replace(substitutionPattern, (_match, literal: string, name: string) => {
    if (literal) return `\${${name}}`
    const own = variables[name]
    if (own !== undefined) return text(resolve(own, scope), 'Fn::Sub', scope)
    const value = name.includes('.')
      ? scope.attribute(name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1))
      : scope.ref(name)
    return text(value, 'Fn::Sub', scope)
  })
  return withDynamicReferences(substituted, scope)
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html */
function withDynamicReferences(value: string, scope: Scope): string {
  return value.replace(/\{\{resolve:([^:}]+):([^}]*)\}\}/g, (_match, service: string, reference: string) =>
    scope.dynamicReference(service, reference),
  )
}

function text(value: Json | undefined, intrinsic: string, scope: Pick<Scope, 'where'>): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw notUnderstood(scope, `${intrinsic} needs a text, found ${JSON.stringify(value)}`)
}

function list(value: Json | undefined, intrinsic: string, length: number | undefined, scope: Pick<Scope, 'where'>): Json[] {
  if (Array.isArray(value) && (length === undefined || value.length === length)) return value
  throw notUnderstood(scope, `${intrinsic} needs a list${length === undefined ? '' : ` of ${length}`}, found ${JSON.stringify(value)}`)
}

export function unknownIntrinsic(name: string, where: string): PipelineError {
  return new PipelineError(
    'TemplateNotUnderstood',
    `${where}: the intrinsic function ${name} is not known here: add it to local/cloudformation/intrinsics.ts`,
  )
}

function notUnderstood(scope: Pick<Scope, 'where'>, what: string): PipelineError {
  return new PipelineError('TemplateNotUnderstood', `${scope.where}: ${what}`)
}
