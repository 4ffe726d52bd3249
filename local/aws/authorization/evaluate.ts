import type { RequestContext } from '../endpoint.ts'
import { type ContextValues, holds } from './conditions.ts'
import type { Patterns, Statement } from './document.ts'
import { matchesArn, matchesText, resolveVariables } from './patterns.ts'

/** What a policy is asked. */
export interface Question {
  readonly action: string
  /** An ARN, or `*` for an action without resources. */
  readonly resource: string
  readonly context: RequestContext
}

export type Verdict = 'allowed' | 'denied' | 'not allowed'

/** An explicit denial wins; without a statement that allows it, it is not allowed. */
export function evaluate(statements: readonly Statement[], question: Question): Verdict {
  const context: ContextValues = new Map(Object.entries(question.context).map(([key, value]) => [key.toLowerCase(), value]))
  const applying = statements.filter((statement) => applies(statement, question, context))
  if (applying.some(({ effect }) => effect === 'Deny')) return 'denied'
  return applying.length > 0 ? 'allowed' : 'not allowed'
}

function applies({ actions, resources, conditions }: Statement, { action, resource }: Question, context: ContextValues): boolean {
  return (
    covers(actions, (pattern) => matchesText(action.toLowerCase(), pattern.toLowerCase())) &&
    (resources === undefined || covers(resources, (pattern) => matchesArn(resource, resolveVariables(pattern, context)))) &&
    conditions.every((condition) => holds(condition, context))
  )
}

function covers({ patterns, matching }: Patterns, matches: (pattern: string) => boolean): boolean {
  return patterns.some(matches) === matching
}
