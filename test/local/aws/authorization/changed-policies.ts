import type { Json, JsonObject } from '../../../../local/cloudformation/json.ts'
import { type SynthesizedRole, statementsOf } from './synthesized-roles.ts'

type Policies = SynthesizedRole['policies']

export function pick<T>(list: readonly T[], at: number): T {
  const found = list[at % list.length]
  if (found === undefined) throw new Error('nothing to pick from')
  return found
}

const texts = (value: Json | undefined) => [value ?? []].flat().map(String)

/** One of the texts under that name changed; the statement as it is where there is none. */
function changedText(statement: JsonObject, name: string, at: number, change: (text: string) => string): JsonObject {
  const all = texts(statement[name])
  if (all.length === 0) return statement
  const index = at % all.length
  return { ...statement, [name]: all.map((text, place) => (place === index ? change(text) : text)) }
}

function renamed(statement: JsonObject, from: string, to: string): JsonObject {
  const { [from]: value, ...others } = statement
  return value === undefined || others[to] !== undefined ? statement : { ...others, [to]: value }
}

export const conditions: readonly JsonObject[] = [
  { StringLike: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/aurora-cdc-*' } },
  { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/*-check-*' } },
  { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/*firehose*' } },
  { StringNotEquals: { 'aws:RequestedRegion': 'us-east-1' } },
  { StringEqualsIfExists: { 'aws:RequestTag/team': 'data' } },
  { StringNotEqualsIgnoreCase: { 'aws:PrincipalAccount': '111122223333' } },
  { StringNotLike: { 'aws:PrincipalTag/team': 'data' } },
  { Bool: { 'aws:SecureTransport': 'true' } },
  { Bool: { 'aws:SecureTransport': ['false'] } },
  { Null: { 'aws:PrincipalTag/team': 'true' } },
  { Null: { 'aws:SecureTransport': 'true' } },
]

const inside = (text: string, at: number) => Math.max(1, at % Math.max(1, text.length))

const changes = {
  'no statement': () => undefined,
  'a denial': (statement: JsonObject) => ({ ...statement, Effect: 'Deny' }),
  'an action less': (statement: JsonObject, at: number) => {
    const actions = texts(statement.Action)
    return actions.length < 2 ? undefined : { ...statement, Action: actions.filter((_, index) => index !== at % actions.length) }
  },
  'a wildcard in an action': (statement: JsonObject, at: number) =>
    changedText(statement, 'Action', at, (text) => `${text.slice(0, text.indexOf(':') + 1 + (at % 5))}*`),
  'any character in an action': (statement: JsonObject, at: number) =>
    changedText(statement, 'Action', at, (text) => `${text.slice(0, -1)}?`),
  'an action in other letters': (statement: JsonObject, at: number) => changedText(statement, 'Action', at, (text) => text.toLowerCase()),
  'all actions but these': (statement: JsonObject) => renamed(statement, 'Action', 'NotAction'),
  'a wildcard at the end of a resource': (statement: JsonObject, at: number) =>
    changedText(
      statement,
      'Resource',
      at,
      (text) => `${text.slice(0, Math.max(text.split(':', 5).join(':').length + 1, inside(text, at)))}*`,
    ),
  'any character in a resource': (statement: JsonObject, at: number) =>
    changedText(statement, 'Resource', at, (text) => (text === '*' ? text : `${text.slice(0, -1)}?`)),
  'another resource': (statement: JsonObject, at: number) =>
    changedText(statement, 'Resource', at, (text) => (text === '*' ? text : `${text}x`)),
  'all resources but these': (statement: JsonObject) => renamed(statement, 'Resource', 'NotResource'),
  'another condition': (statement: JsonObject, at: number) => ({ ...statement, Condition: pick(conditions, at) }),
  'no condition': ({ Condition: _condition, ...statement }: JsonObject) => statement,
} satisfies Record<string, (statement: JsonObject, at: number) => JsonObject | undefined>

export type PolicyChange = keyof typeof changes

export const policyChanges: readonly PolicyChange[] = [
  'no statement',
  'a denial',
  'an action less',
  'a wildcard in an action',
  'any character in an action',
  'an action in other letters',
  'all actions but these',
  'a wildcard at the end of a resource',
  'any character in a resource',
  'another resource',
  'all resources but these',
  'another condition',
  'no condition',
]

/** The policies with one of their statements changed. */
export function changedPolicies(policies: Policies, statement: number, change: PolicyChange, at: number): Policies {
  const all = policies.flatMap(({ policy }, policyIndex) => statementsOf(policy).map((_, index) => ({ policyIndex, index })))
  if (all.length === 0) return policies
  const target = pick(all, statement)
  return policies.map(({ name, policy }, policyIndex) => ({
    name,
    policy: {
      ...policy,
      Statement: statementsOf(policy).flatMap((written, index): JsonObject[] => {
        if (policyIndex !== target.policyIndex || index !== target.index) return [written]
        const changed = changes[change](written, at)
        return changed === undefined ? [] : [changed]
      }),
    },
  }))
}
