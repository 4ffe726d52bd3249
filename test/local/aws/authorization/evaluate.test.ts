import { parsePolicy } from '../../../../local/aws/authorization/document.ts'
import { evaluate, type Question } from '../../../../local/aws/authorization/evaluate.ts'

const object = 'arn:aws:s3:::bucket/key'

function verdict(statements: object | readonly object[], question: Partial<Question> = {}) {
  const policy = parsePolicy({ Version: '2012-10-17', Statement: statements }, 'the policy')
  return evaluate(policy, { action: 's3:GetObject', resource: object, context: {}, ...question })
}

const allow = (over: object = {}) => ({ Effect: 'Allow', Action: 's3:GetObject', Resource: object, ...over })
const when = (Condition: object) => allow({ Condition })

test.each([
  ['the very action', 's3:GetObject', 'allowed'],
  ['another action', 's3:PutObject', 'not allowed'],
  ['the action in other letters', 'S3:getobject', 'allowed'],
  ['a pattern', 's3:Get*', 'allowed'],
  ['a single character', 's3:GetObjec?', 'allowed'],
  ['a pattern that ends early', 's3:Ge', 'not allowed'],
  ['everything', '*', 'allowed'],
  ['a dot is a dot', 's3.GetObject', 'not allowed'],
])('an action is matched by %s', (_what, Action, expected) => {
  expect(verdict(allow({ Action }))).toBe(expected)
})

test.each([
  ['the very resource', object, 'allowed'],
  ['everything', '*', 'allowed'],
  ['a pattern over slashes', 'arn:aws:s3:::b*y', 'allowed'],
  ['a resource in other letters', 'arn:aws:s3:::BUCKET/key', 'not allowed'],
  ['a wildcard that would have to reach over a colon', 'arn:aws:s3:*bucket/key', 'not allowed'],
  ['wildcards in the components before', 'arn:*:s3:*:*:bucket/key', 'allowed'],
])('a resource is matched by %s', (_what, Resource, expected) => {
  expect(verdict(allow({ Resource }))).toBe(expected)
})

test('an action without resources is allowed on everything only', () => {
  expect(verdict(allow({ Resource: '*' }), { resource: '*' })).toBe('allowed')
  expect(verdict(allow(), { resource: '*' })).toBe('not allowed')
})

test('what is excepted is not covered', () => {
  expect(verdict({ Effect: 'Allow', NotAction: 's3:Put*', Resource: '*' })).toBe('allowed')
  expect(verdict({ Effect: 'Allow', NotAction: 's3:Get*', Resource: '*' })).toBe('not allowed')
  expect(verdict({ Effect: 'Allow', Action: 's3:*', NotResource: 'arn:aws:s3:::other/*' })).toBe('allowed')
  expect(verdict({ Effect: 'Allow', Action: 's3:*', NotResource: 'arn:aws:s3:::bucket/*' })).toBe('not allowed')
})

test('a denial wins', () => {
  expect(verdict([allow(), { Effect: 'Deny', Action: '*', Resource: '*' }])).toBe('denied')
  expect(verdict([allow(), { Effect: 'Deny', Action: 's3:Put*', Resource: '*' }])).toBe('allowed')
})

test.each([
  ['StringEquals', 'value', 'value', true],
  ['StringEquals', 'val*', 'value', false],
  ['StringEquals', ['other', 'value'], 'value', true],
  ['StringNotEquals', 'value', 'value', false],
  ['StringNotEquals', ['other', 'another'], 'value', true],
  ['StringEqualsIgnoreCase', 'VALUE', 'value', true],
  ['StringNotEqualsIgnoreCase', 'VALUE', 'value', false],
  ['StringLike', 'val*', 'value', true],
  ['StringNotLike', 'val*', 'value', false],
  ['ArnEquals', 'arn:aws:ec2:us-east-1:1:vpc/vpc-1', 'arn:aws:ec2:us-east-1:1:vpc/vpc-1', true],
  ['ArnLike', 'arn:aws:ec2:us-east-1:1:vpc/*', 'arn:aws:ec2:us-east-1:1:vpc/vpc-1', true],
  ['ArnLike', 'arn:aws:ec2:*', 'arn:aws:ec2:us-east-1:1:vpc/vpc-1', false],
  ['ArnNotEquals', 'arn:aws:ec2:us-east-1:1:vpc/vpc-1', 'arn:aws:ec2:us-east-1:1:vpc/vpc-1', false],
  ['ArnNotLike', 'arn:aws:ec2:us-east-1:1:vpc/*', 'arn:aws:ec2:us-east-1:1:vpc/vpc-1', false],
  ['Bool', 'true', 'true', true],
  ['Bool', true, 'false', false],
  ['NumericLessThan', 1.2, '1.1', true],
  ['NumericGreaterThanEquals', '1.2', '1.1', false],
  ['Null', 'false', 'anything', true],
  ['Null', 'true', 'anything', false],
  ['StringEqualsIfExists', 'value', 'other', false],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['b', 'c'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c'], false],
  ['ForAllValues:StringEquals', ['a', 'b'], ['b', 'a'], true],
  ['ForAllValues:StringEquals', ['a', 'b'], ['b', 'c'], false],
])('%s %j for %j: %s', (operator, wanted, value, expected) => {
  expect(verdict(when({ [operator]: { 'X:Key': wanted } }), { context: { 'x:key': value } })).toBe(expected ? 'allowed' : 'not allowed')
})

test.each([
  ['StringEquals', false],
  ['StringNotEquals', true],
  ['ArnNotLike', true],
  ['StringEqualsIfExists', true],
  ['BoolIfExists', true],
  ['ForAllValues:StringEquals', true],
  ['ForAnyValue:StringEquals', false],
])('%s of a key that the request does not have: %s', (operator, expected) => {
  expect(verdict(when({ [operator]: { 'x:key': 'a' } }))).toBe(expected ? 'allowed' : 'not allowed')
  expect(verdict(when({ Null: { 'x:key': 'true' } }))).toBe('allowed')
})

test('all keys of all operators must hold', () => {
  const context = { 'x:a': '1', 'x:b': '2' }
  expect(verdict(when({ StringEquals: { 'x:a': '1', 'x:b': '2' } }), { context })).toBe('allowed')
  expect(verdict(when({ StringEquals: { 'x:a': '1', 'x:b': '3' } }), { context })).toBe('not allowed')
  expect(verdict(when({ StringEquals: { 'x:a': '1' }, StringLike: { 'x:b': '3*' } }), { context })).toBe('not allowed')
})

test('a variable stands for its value, in which wildcards mean nothing', () => {
  const own = { Resource: 'arn:aws:s3:::bucket/${x:name}' }
  expect(verdict(allow(own), { context: { 'x:name': 'key' } })).toBe('allowed')
  expect(verdict(allow(own), { context: { 'x:name': '*' } })).toBe('not allowed')
  expect(verdict(allow({ Resource: 'arn:aws:s3:::bucket/${*}' }))).toBe('not allowed')
  expect(verdict(allow({ Resource: 'arn:aws:s3:::bucket/${*}' }), { resource: 'arn:aws:s3:::bucket/*' })).toBe('allowed')
  expect(() => verdict(allow(own))).toThrow('the policy variable ${x:name} has no value in the local run')
})

test.each([
  [
    'an operator',
    when({ DateLessThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } }),
    'the condition operator DateLessThan is not known',
  ],
  ['a member', allow({ Resources: '*' }), 'Resources'],
  ['a federated principal', allow({ Principal: { Federated: 'x' } }), 'Federated'],
  ['Action and NotAction', allow({ NotAction: 's3:*' }), 'needs either Action or NotAction'],
  ['a statement about no action', { Effect: 'Allow', Resource: '*' }, 'needs either Action or NotAction'],
])('%s that is not known is not ignored', (_what, statement, message) => {
  // Also where the statement would not matter.
  expect(() => verdict([statement, allow()], { action: 's3:ListBucket' })).toThrow(message)
})

test('a key with several values needs a quantifier', () => {
  expect(() => verdict(when({ StringEquals: { 'x:key': 'a' } }), { context: { 'x:key': ['a', 'b'] } })).toThrow(
    'needs ForAllValues or ForAnyValue',
  )
})

test('the older version of the language is refused', () => {
  expect(() => parsePolicy({ Version: '2008-10-17', Statement: [] }, 'the policy')).toThrow(
    'the policy is not a policy that can be evaluated',
  )
})
