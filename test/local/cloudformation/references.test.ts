import { dependencyLevels, references, resourceDependencies } from '../../../local/cloudformation/references.ts'

test('every form of reference is found, at any depth', () => {
  const value = {
    a: { Ref: 'ByRef' },
    b: [{ 'Fn::GetAtt': ['ByList', 'Arn'] }, { 'Fn::GetAtt': 'ByText.Arn' }],
    c: { 'Fn::Sub': '${BySub} ${BySubAttribute.Arn} ${!NotThis} ${AWS::Region}' },
    d: { 'Fn::Sub': ['${own} ${BySubList}', { own: { Ref: 'ByVariable' } }] },
    e: { 'Fn::Join': ['', [{ 'Fn::If': ['SomeCondition', { Ref: 'InBranch' }, 'x'] }]] },
  }
  expect([...references(value, 'here')].sort()).toEqual(
    ['ByRef', 'ByList', 'ByText', 'BySub', 'BySubAttribute', 'AWS::Region', 'BySubList', 'ByVariable', 'InBranch'].sort(),
  )
})

test('an intrinsic function that is not known is found before anything is deployed', () => {
  expect(() => references({ a: [{ 'Fn::GetAZs': '' }] }, 'Stack: Subnet')).toThrow(
    'Stack: Subnet: the intrinsic function Fn::GetAZs is not known here',
  )
})

test('a resource comes after what it refers to and after its DependsOn', () => {
  const dependencies = resourceDependencies('Stack', {
    Last: { Type: 'T', Properties: { a: { Ref: 'Middle' } } },
    Middle: { Type: 'T', DependsOn: 'First' },
    Beside: { Type: 'T', Properties: { region: { Ref: 'AWS::Region' } } },
    First: { Type: 'T' },
  })
  expect(dependencyLevels(dependencies, 'Stack')).toEqual([['Beside', 'First'], ['Middle'], ['Last']])
})

test('a circle is refused by its members', () => {
  const circle = new Map([
    ['A', new Set(['B'])],
    ['B', new Set(['A'])],
    ['C', new Set<string>()],
  ])
  expect(() => dependencyLevels(circle, 'Stack')).toThrow('Stack: Circular dependency between resources: [A, B]')
})
