import { PipelineError } from '../../pipeline/errors.ts'
import { hexOf, type LocalAccount } from './account.ts'
import type { AssemblyStack } from './assembly.ts'
import { isTrue, type Scope } from './intrinsics.ts'
import type { Json } from './json.ts'

/**
 * The scope of a stack's templates for a given place in it. Resources are looked up in the account, so they must have been deployed before.
 * @param imports is filled with the names of the exports that are used
 * @throws PipelineError `DeploymentRefused` where a parameter has no value or an SSM parameter is missing.
 */
export function stackScope({ name, template }: AssemblyStack, account: LocalAccount, imports: Set<string>): (where: string) => Scope {
  const parameters = parameterValues(name, template.Parameters, account)
  const conditions = new Map<string, boolean>()
  const pseudoParameters: Record<string, Json | undefined> = {
    'AWS::AccountId': account.id,
    'AWS::Region': account.region,
    'AWS::Partition': account.partition,
    'AWS::URLSuffix': account.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com',
    'AWS::StackName': name,
    'AWS::StackId': account.arn('cloudformation', `stack/${name}/${hexOf(account.id, account.region, name).slice(0, 32)}`),
    'AWS::NotificationARNs': [],
    'AWS::NoValue': undefined,
  }
  const failure = (where: string, what: string) => new PipelineError('TemplateNotUnderstood', `${name}${where && `: ${where}`}: ${what}`)
  const resource = (where: string, logicalId: string) => {
    const deployed = account.stacks[name]?.resources[logicalId]
    if (!deployed) throw failure(where, `Unresolved resource dependencies [${logicalId}]`)
    return deployed
  }
  const scope = (where: string): Scope => ({
    where: `${name}${where && `: ${where}`}`,
    ref(reference) {
      if (Object.hasOwn(pseudoParameters, reference)) return pseudoParameters[reference]
      if (reference.startsWith('AWS::')) throw failure(where, `the pseudo parameter ${reference} is not known here`)
      return Object.hasOwn(parameters, reference) ? parameters[reference] : resource(where, reference).physicalId
    },
    attribute(logicalId, attribute) {
      const { attributes, type } = resource(where, logicalId)
      const value = attributes[attribute]
      if (value === undefined) {
        throw failure(
          where,
          `Requested attribute ${attribute} does not exist in schema for ${type} (${logicalId}); known here: ${Object.keys(attributes).join(', ')}`,
        )
      }
      return value
    },
    condition(condition) {
      const known = conditions.get(condition)
      if (known !== undefined) return known
      const definition = template.Conditions[condition]
      if (definition === undefined) throw failure(where, `the condition ${condition} is not defined`)
      const value = isTrue(definition, scope(`condition ${condition}`))
      conditions.set(condition, value)
      return value
    },
    mapping(map, top, second) {
      const value = template.Mappings[map]?.[top]?.[second]
      if (value === undefined) throw failure(where, `Unable to get mapping for ${map}::${top}::${second}`)
      return value
    },
    importValue(exportName) {
      const outputs = Object.values(account.stacks).flatMap((stack) => Object.values(stack.outputs))
      const output = outputs.find((candidate) => candidate.exportName === exportName)
      if (!output) throw new PipelineError('DeploymentRefused', `${name}${where && `: ${where}`}: No export named ${exportName} found`)
      imports.add(exportName)
      return output.value
    },
    dynamicReference(service, reference) {
      if (service !== 'ssm') throw failure(where, `the dynamic reference to ${service} is not known here`)
      // Only the latest version of a parameter is kept.
      return ssmParameter(account, reference.replace(/:\d+$/, ''), `${name}${where && `: ${where}`}`)
    },
  })
  return scope
}

function parameterValues(stack: string, definitions: AssemblyStack['template']['Parameters'], account: LocalAccount): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, { Type, Default, AllowedValues, AllowedPattern }]) => {
      const where = `${stack}: parameter ${name}`
      if (Default === undefined)
        throw new PipelineError('DeploymentRefused', `${where} must have a value: a deployment from an app gives none but the default`)
      const value = String(Default)
      if (AllowedValues && !AllowedValues.map(String).includes(value))
        throw new PipelineError('DeploymentRefused', `${where} must be one of ${AllowedValues.join(', ')}`)
      if (AllowedPattern && !new RegExp(`^(?:${AllowedPattern})$`).test(value))
        throw new PipelineError('DeploymentRefused', `${where} must match ${AllowedPattern}`)
      return [name, parameterValue(Type, value, account, where)]
    }),
  )
}

function parameterValue(type: string, value: string, account: LocalAccount, where: string): Json {
  const ssm = /^AWS::SSM::Parameter::Value<(.+)>$/.exec(type)?.[1]
  if (ssm !== undefined) return parameterValue(ssm, ssmParameter(account, value, where), account, where)
  if (type === 'String' || type === 'Number' || /^AWS::[A-Za-z0-9:]+$/.test(type)) return value
  if (type === 'CommaDelimitedList' || /^List<.+>$/.test(type)) return value.split(',').map((part) => part.trim())
  throw new PipelineError('TemplateNotUnderstood', `${where}: the type ${type} is not known here`)
}

function ssmParameter(account: LocalAccount, name: string, where: string): string {
  const value = account.parameter(name)
  if (value === undefined)
    throw new PipelineError('DeploymentRefused', `${where}: Unable to fetch parameters [${name}] from parameter store for this account`)
  return value
}
