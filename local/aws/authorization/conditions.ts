import { matchesArn, matchesText, resolveVariables } from './patterns.ts'

/** Values of condition keys by their names in lower case. */
export type ContextValues = ReadonlyMap<string, string | readonly string[]>

/** One key of a condition block under one operator. */
export interface Condition {
  readonly operator: Operator
  readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined
  readonly ifExists: boolean
  readonly key: string
  readonly values: readonly string[]
}

const compare = (matches: (value: number, wanted: number) => boolean, negated = false) => ({
  matches: (value: string, wanted: string) => matches(Number(value), Number(wanted)),
  negated,
})

const numeric = {
  NumericEquals: compare((value, wanted) => value === wanted),
  NumericNotEquals: compare((value, wanted) => value === wanted, true),
  NumericLessThan: compare((value, wanted) => value < wanted),
  NumericLessThanEquals: compare((value, wanted) => value <= wanted),
  NumericGreaterThan: compare((value, wanted) => value > wanted),
  NumericGreaterThanEquals: compare((value, wanted) => value >= wanted),
}

/** Does the value of the request match the value of the policy? Negated operators hold where none matches. */
const comparisons = {
  StringEquals: { matches: (value: string, wanted: string) => value === plain(wanted), negated: false },
  StringNotEquals: { matches: (value: string, wanted: string) => value === plain(wanted), negated: true },
  StringEqualsIgnoreCase: {
    matches: (value: string, wanted: string) => value.toLowerCase() === plain(wanted).toLowerCase(),
    negated: false,
  },
  StringNotEqualsIgnoreCase: {
    matches: (value: string, wanted: string) => value.toLowerCase() === plain(wanted).toLowerCase(),
    negated: true,
  },
  StringLike: { matches: matchesText, negated: false },
  StringNotLike: { matches: matchesText, negated: true },
  ArnEquals: { matches: matchesArn, negated: false },
  ArnNotEquals: { matches: matchesArn, negated: true },
  ArnLike: { matches: matchesArn, negated: false },
  ArnNotLike: { matches: matchesArn, negated: true },
  ...numeric,
  Bool: { matches: (value: string, wanted: string) => value.toLowerCase() === wanted.toLowerCase(), negated: false },
} as const

type Operator = keyof typeof comparisons | 'Null'

const isOperator = (name: string): name is Operator => name === 'Null' || Object.hasOwn(comparisons, name)

/** The text without the escapes of wildcards, where wildcards mean nothing. */
const plain = (text: string) => text.replaceAll(/\$\{([*?$])\}/g, '$1')

/** @throws Error that names an operator which is not known */
export function parseCondition(written: string, key: string, values: readonly string[], where: string): Condition {
  const [, quantifier, name = '', ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(written) ?? []
  if (!isOperator(name) || (name === 'Null' && ifExists)) {
    throw new Error(`${where}: the condition operator ${written} is not known to the local run`)
  }
  return {
    operator: name,
    quantifier: quantifier === 'ForAllValues' || quantifier === 'ForAnyValue' ? quantifier : undefined,
    ifExists: ifExists !== undefined,
    key,
    values,
  }
}

/** Whether the condition holds. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
export function holds({ operator, quantifier, ifExists, key, values }: Condition, context: ContextValues): boolean {
  const found = context.get(key.toLowerCase())
  if (operator === 'Null') return values.some((value) => (value.toLowerCase() === 'true') === (found === undefined))
  const { matches, negated } = comparisons[operator]
  if (found === undefined) return ifExists || quantifier === 'ForAllValues' || (negated && quantifier === undefined)
  if (typeof found !== 'string' && quantifier === undefined) {
    throw new Error(`the condition on ${key} needs ForAllValues or ForAnyValue: the key has several values`)
  }
  const wanted = values.map((value) => resolveVariables(value, context))
  const test = (value: string) => wanted.some((pattern) => matches(value, pattern)) !== negated
  const present = [found].flat()
  return quantifier === 'ForAllValues' ? present.every(test) : present.some(test)
}
