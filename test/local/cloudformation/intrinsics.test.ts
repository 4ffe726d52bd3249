import { isTrue, resolve, type Scope } from '../../../local/cloudformation/intrinsics.ts'
import type { Json } from '../../../local/cloudformation/json.ts'

const scope: Scope = {
  where: 'Stack: Thing',
  ref: (name) => ({ Name: 'orders', Number: 7, List: ['a', 'b', 'c'], 'AWS::Region': 'eu-central-1', 'AWS::NoValue': undefined })[name],
  attribute: (logicalId, name) => `${logicalId}/${name}`,
  condition: (name) => name === 'Yes',
  mapping: (map, top, second) => `${map}-${top}-${second}`,
  importValue: (name) => `imported ${name}`,
  dynamicReference: (service, reference) => `${service}=${reference}`,
}
const resolved = (value: Json) => resolve(value, scope)

test.each<[string, Json, Json]>([
  ['Ref', { Ref: 'Name' }, 'orders'],
  ['Ref of a list', { Ref: 'List' }, ['a', 'b', 'c']],
  ['GetAtt as a list', { 'Fn::GetAtt': ['Bucket', 'Arn'] }, 'Bucket/Arn'],
  ['GetAtt as a text', { 'Fn::GetAtt': 'Configuration.LatestRevision.Revision' }, 'Configuration/LatestRevision.Revision'],
  ['GetAtt of a nested attribute', { 'Fn::GetAtt': ['Configuration', 'LatestRevision.Revision'] }, 'Configuration/LatestRevision.Revision'],
  ['Join', { 'Fn::Join': [':', ['arn', { Ref: 'Name' }, { Ref: 'Number' }]] }, 'arn:orders:7'],
  ['Join of a split list', { 'Fn::Join': ['-', { 'Fn::Split': ['/', 'a/b'] }] }, 'a-b'],
  ['Sub with references', { 'Fn::Sub': 'in ${AWS::Region}: ${Bucket.Arn}' }, 'in eu-central-1: Bucket/Arn'],
  ['Sub with variables', { 'Fn::Sub': ['${Name} ${own}', { own: { Ref: 'Number' }, Name: 'mine' }] }, 'mine 7'],
  ['Sub with a literal', { 'Fn::Sub': '${!firehose:error-output-type}/${Name}' }, '${firehose:error-output-type}/orders'],
  ['Select', { 'Fn::Select': [1, { Ref: 'List' }] }, 'b'],
  ['Select with a text as index', { 'Fn::Select': ['2', ['x', 'y', 'z']] }, 'z'],
  ['Split', { 'Fn::Split': [',', 'a,b,,c'] }, ['a', 'b', '', 'c']],
  ['If that holds', { 'Fn::If': ['Yes', { Ref: 'Name' }, 'other'] }, 'orders'],
  ['If that does not', { 'Fn::If': ['No', { Ref: 'Name' }, { a: { Ref: 'Number' } }] }, { a: 7 }],
  ['FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'AWS::Region' }, 'small'] }, 'Sizes-eu-central-1-small'],
  ['Base64', { 'Fn::Base64': { 'Fn::Sub': 'ü${Number}' } }, Buffer.from('ü7').toString('base64')],
  ['ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': '${Name}-arn' } }, 'imported orders-arn'],
  ['a dynamic reference inside a text', 'x {{resolve:ssm:/a/b:3}} y', 'x ssm=/a/b:3 y'],
  [
    'values without functions',
    { a: [1, true, null, 'x'], Condition: { Bool: { b: 'false' } } },
    { a: [1, true, null, 'x'], Condition: { Bool: { b: 'false' } } },
  ],
])('%s', (_name, value, expected) => {
  expect(resolved(value)).toEqual(expected)
})

test('NoValue removes the member or the element that holds it', () => {
  expect(
    resolved({ kept: 1, gone: { Ref: 'AWS::NoValue' }, list: ['a', { 'Fn::If': ['No', 'b', { Ref: 'AWS::NoValue' }] }] }),
  ).toStrictEqual({
    kept: 1,
    list: ['a'],
  })
})

test.each<[Json, boolean]>([
  [{ 'Fn::Equals': [{ Ref: 'Name' }, 'orders'] }, true],
  [{ 'Fn::Equals': [{ Ref: 'Name' }, 'other'] }, false],
  [{ 'Fn::Not': [{ Condition: 'Yes' }] }, false],
  [{ 'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Not': [{ Condition: 'No' }] }] }, true],
  [{ 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] }, false],
  [{ 'Fn::Or': [{ Condition: 'No' }, { Condition: 'Yes' }] }, true],
  [{ 'Fn::Or': [{ Condition: 'No' }, { Condition: 'No' }] }, false],
  [{ 'Fn::Contains': [{ Ref: 'List' }, 'b'] }, true],
  [{ 'Fn::Contains': [['1', '2'], { Ref: 'Name' }] }, false],
])('condition %j is %s', (condition, expected) => {
  expect(isTrue(condition, scope)).toBe(expected)
})

test.each<[Json, string]>([
  [{ 'Fn::Cidr': ['10.0.0.0/16', 4] }, 'Stack: Thing: the intrinsic function Fn::Cidr is not known here'],
  [{ a: [{ b: { 'Fn::Transform': {} } }] }, 'Stack: Thing: the intrinsic function Fn::Transform is not known here'],
  [{ 'Fn::Join': [':', ['a']], other: 1 }, 'Stack: Thing: Fn::Join stands beside 1 other member'],
  [{ 'Fn::Join': ['a'] }, 'Stack: Thing: Fn::Join needs a list of 2'],
  [{ 'Fn::Join': [':', [{ a: 1 }]] }, 'Stack: Thing: Fn::Join needs a text'],
  [{ 'Fn::Select': [3, ['a']] }, 'Stack: Thing: Fn::Select has no value at 3'],
  [{ 'Fn::GetAtt': ['OnlyOne'] }, 'Stack: Thing: Fn::GetAtt takes a logical id and an attribute'],
])('%j is refused', (value, message) => {
  expect(() => resolved(value)).toThrow(
    expect.objectContaining({ name: 'TemplateNotUnderstood', message: expect.stringContaining(message) }),
  )
})

test('a condition function that is not known is refused', () => {
  expect(() => isTrue({ 'Fn::EachMemberIn': [[], []] }, scope)).toThrow('the intrinsic function Fn::EachMemberIn is not known here')
})
