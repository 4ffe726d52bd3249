import { z } from 'zod'
import { PipelineError } from '../../pipeline/errors.ts'
import type { Json } from './json.ts'

const json = z.custom<Json>((value) => value !== undefined)
const policy = z.enum(['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot'])

const resourceShape = z.strictObject({
  Type: z.string(),
  Properties: z.record(z.string(), json).optional(),
  DependsOn: z.union([z.string(), z.array(z.string())]).optional(),
  Condition: z.string().optional(),
  DeletionPolicy: policy.optional(),
  UpdateReplacePolicy: policy.optional(),
  Metadata: json.optional(),
})

const parameterShape = z.looseObject({
  Type: z.string(),
  Default: z.union([z.string(), z.number()]).optional(),
  AllowedValues: z.array(z.union([z.string(), z.number()])).optional(),
  AllowedPattern: z.string().optional(),
})

const outputShape = z.strictObject({
  Value: json,
  Description: z.string().optional(),
  Condition: z.string().optional(),
  Export: z.strictObject({ Name: json }).optional(),
})

const ruleShape = z.strictObject({
  RuleCondition: json.optional(),
  Assertions: z.array(z.strictObject({ Assert: json, AssertDescription: z.string().optional() })),
})

/** What a template may hold. Sections that are not here (`Transform`, `Hooks`) would change its meaning, so they are refused. */
const templateShape = z.strictObject({
  AWSTemplateFormatVersion: z.string().optional(),
  Description: z.string().optional(),
  Metadata: json.optional(),
  Parameters: z.record(z.string(), parameterShape).default({}),
  Mappings: z.record(z.string(), z.record(z.string(), z.record(z.string(), json))).default({}),
  Conditions: z.record(z.string(), json).default({}),
  Rules: z.record(z.string(), ruleShape).default({}),
  Resources: z.record(z.string(), resourceShape),
  Outputs: z.record(z.string(), outputShape).default({}),
})

export type Template = z.output<typeof templateShape>
export type ResourceDefinition = z.output<typeof resourceShape>

/**
 * A CloudFormation template from its JSON.
 * @throws PipelineError `TemplateNotUnderstood` with every fault.
 */
export function parseTemplate(value: unknown, where: string): Template {
  const parsed = templateShape.safeParse(value)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.map(String).join('.') || 'template'}: ${issue.message}`)
  throw new PipelineError('TemplateNotUnderstood', `${where}: ${faults.join('; ')}`)
}
