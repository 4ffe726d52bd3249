import { z } from 'zod'
import { type Condition, parseCondition } from './conditions.ts'

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat())

/** Values of a condition: numbers and truth values may stand for their texts. */
const conditionValues = z
  .union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number(), z.boolean()]))])
  .transform((value) => [value].flat().map(String))

const statementShape = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Principal: z.union([z.literal('*'), z.strictObject({ AWS: oneOrMore.optional(), Service: oneOrMore.optional() })]).optional(),
    Action: oneOrMore.optional(),
    NotAction: oneOrMore.optional(),
    Resource: oneOrMore.optional(),
    NotResource: oneOrMore.optional(),
    Condition: z.record(z.string(), z.record(z.string(), conditionValues)).optional(),
  })
  .refine(({ Action, NotAction }) => (Action === undefined) !== (NotAction === undefined), 'needs either Action or NotAction')
  .refine(({ Resource, NotResource }) => Resource === undefined || NotResource === undefined, 'cannot have both Resource and NotResource')

const documentShape = z.strictObject({
  // The older version of the language has no variables.
  Version: z.literal('2012-10-17'),
  Id: z.string().optional(),
  Statement: z.union([statementShape, z.array(statementShape)]).transform((value) => [value].flat()),
})

/** Patterns of what a statement is about, or of what it is not about. */
export interface Patterns {
  readonly matching: boolean
  readonly patterns: readonly string[]
}

/** A statement of a policy. */
export interface Statement {
  readonly sid: string | undefined
  readonly effect: 'Allow' | 'Deny'
  /** `*`, or ARNs and services; undefined in an identity policy. */
  readonly principals: '*' | { readonly AWS?: readonly string[] | undefined; readonly Service?: readonly string[] | undefined } | undefined
  readonly actions: Patterns
  /** Undefined in a trust policy. */
  readonly resources: Patterns | undefined
  readonly conditions: readonly Condition[]
}

/**
 * A policy document in the JSON policy language. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 * @throws Error that names what the evaluator does not know: it ignores nothing
 */
export function parsePolicy(document: unknown, where: string): Statement[] {
  const parsed = documentShape.safeParse(document)
  if (!parsed.success) throw new Error(`${where} is not a policy that can be evaluated: ${z.prettifyError(parsed.error)}`)
  return parsed.data.Statement.map(({ Sid, Effect, Principal, Action, NotAction, Resource, NotResource, Condition: written = {} }) => ({
    sid: Sid,
    effect: Effect,
    principals: Principal,
    actions: patterns(Action, NotAction) ?? { matching: true, patterns: [] },
    resources: patterns(Resource, NotResource),
    conditions: Object.entries(written).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => parseCondition(operator, key, values, where)),
    ),
  }))
}

function patterns(matching: readonly string[] | undefined, others: readonly string[] | undefined): Patterns | undefined {
  if (matching) return { matching: true, patterns: matching }
  return others && { matching: false, patterns: others }
}
