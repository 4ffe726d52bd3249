import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { destroyStack } from '../../../local/cloudformation/deploy.ts'
import { type AccountFixture, accountFixture, kafkaCluster } from './fixture.ts'

let fixture: AccountFixture
beforeEach(async () => {
  fixture = await accountFixture()
})
afterEach(() => fixture.close())

const parameter = (value: unknown, more: object = {}) => ({
  Type: 'AWS::SSM::Parameter',
  Properties: { Name: '/p', Type: 'String', Value: value },
  ...more,
})
const bucket = (name?: string, more: object = {}) => ({ Type: 'AWS::S3::Bucket', Properties: name ? { BucketName: name } : {}, ...more })

test('resources are deployed after what they refer to, and references are resolved', async () => {
  const events = await fixture.deploy({
    Stack: {
      Resources: {
        Last: parameter({ 'Fn::Join': ['|', [{ Ref: 'Bucket' }, { 'Fn::GetAtt': ['Bucket', 'Arn'] }]] }),
        Bucket: bucket('my-bucket', { DependsOn: 'Role' }),
        Role: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'my-role' } },
      },
      Outputs: { Arn: { Value: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
    },
  })
  expect(events).toEqual(['Role created', 'Bucket created', 'Last created'])
  const account = fixture.open()
  expect(account.parameter('/p')).toBe('my-bucket|arn:aws:s3:::my-bucket')
  expect(account.stacks.Stack?.outputs).toEqual({ Arn: { value: 'arn:aws:iam::111122223333:role/my-role' } })
  expect(existsSync(join(fixture.directory, 'buckets', 'my-bucket'))).toBe(true)
})

const sizedTemplate = (kind: string) => ({
  Parameters: {
    Kind: { Type: 'String', Default: kind, AllowedValues: ['big', 'small'] },
    List: { Type: 'CommaDelimitedList', Default: 'a, b' },
  },
  Mappings: { Sizes: { 'us-east-1': { big: '10', small: '1' } } },
  Conditions: { IsBig: { 'Fn::Equals': [{ Ref: 'Kind' }, 'big'] }, IsSmall: { 'Fn::Not': [{ Condition: 'IsBig' }] } },
  Resources: {
    Parameter: parameter({
      'Fn::Sub': [
        '${size} ${AWS::StackName} ${second}',
        { size: { 'Fn::FindInMap': ['Sizes', { Ref: 'AWS::Region' }, { Ref: 'Kind' }] }, second: { 'Fn::Select': [1, { Ref: 'List' }] } },
      ],
    }),
    Big: bucket('big-bucket', { Condition: 'IsBig' }),
    Small: bucket('small-bucket', { Condition: 'IsSmall' }),
  },
  Outputs: { Big: { Value: { Ref: 'Big' }, Condition: 'IsBig' } },
})

test('parameters, mappings, conditions and pseudo parameters', async () => {
  await fixture.deploy({ Stack: sizedTemplate('big') })
  expect(fixture.open().parameter('/p')).toBe('10 Stack b')
  expect(await fixture.deploy({ Stack: sizedTemplate('small') })).toEqual(['Parameter updated', 'Small created', 'Big deleted'])
  expect(fixture.open().stacks.Stack?.outputs).toEqual({})
  await expect(fixture.deploy({ Stack: sizedTemplate('huge') })).rejects.toThrow('Stack: parameter Kind must be one of big, small')
})

test('a stack reads what another one left in a parameter, by SSM parameter type and by dynamic reference', async () => {
  const user = {
    Parameters: { Value: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/p' } },
    Resources: {
      Bucket: bucket(),
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: { RoleName: { 'Fn::Sub': 'r-${Value}' }, Description: '{{resolve:ssm:/p}} {{resolve:ssm:/p:1}}' },
      },
    },
  }
  await expect(fixture.deploy({ User: user })).rejects.toMatchObject({
    name: 'DeploymentRefused',
    message: expect.stringContaining('Unable to fetch parameters [/p] from parameter store'),
  })
  await fixture.deploy({ Owner: { Resources: { Parameter: parameter('x') } }, User: user })
  expect(fixture.open().find('AWS::IAM::Role')[0]).toMatchObject({ physicalId: 'r-x', properties: { Description: 'x x' } })
})

const exporting = (value: string) => ({
  Resources: { Bucket: bucket() },
  Outputs: { Out: { Value: value, Export: { Name: { 'Fn::Sub': '${AWS::StackName}-out' } } } },
})

test('exports can be imported, and neither change nor go while they are', async () => {
  const user = { Resources: { Parameter: parameter({ 'Fn::ImportValue': 'Owner-out' }) } }
  await expect(fixture.deploy({ User: user })).rejects.toThrow('No export named Owner-out found')
  await fixture.deploy({ Owner: exporting('one'), User: user })
  expect(fixture.open().parameter('/p')).toBe('one')
  await expect(fixture.deploy({ Owner: exporting('two') })).rejects.toThrow(
    'Export Owner-out cannot be updated or deleted as it is in use by User',
  )
  await expect(destroyStack('Owner', fixture.open())).rejects.toThrow('in use by User')
})

const bootstrapRule = (notIn: string[]) => ({
  Parameters: { BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/hnb659fds/version' } },
  Rules: {
    Check: {
      Assertions: [
        { Assert: { 'Fn::Not': [{ 'Fn::Contains': [notIn, { Ref: 'BootstrapVersion' }] }] }, AssertDescription: 'bootstrap again' },
      ],
    },
  },
  Resources: { Bucket: bucket() },
})

test('a bootstrapped account is there: the rule that asks for its version holds, and one that does not hold is refused', async () => {
  expect(await fixture.deploy({ Stack: bootstrapRule(['1', '2', '3', '4', '5']) })).toEqual(['Bucket created'])
  await expect(
    fixture.deploy({ Stack: bootstrapRule([String(fixture.open().parameter('/cdk-bootstrap/hnb659fds/version'))]) }),
  ).rejects.toThrow('rule Check: bootstrap again')
})

test.each([
  [
    'a resource type',
    { Resources: { Topic: { Type: 'AWS::SQS::Queue' } } },
    'Stack: Topic: the resource type AWS::SQS::Queue is not known here',
  ],
  [
    'an intrinsic function',
    { Resources: { P: parameter({ 'Fn::GetAZs': '' }) } },
    'Stack: P: the intrinsic function Fn::GetAZs is not known here',
  ],
  [
    'an attribute',
    { Resources: { P: parameter({ 'Fn::GetAtt': ['B', 'Colour'] }), B: bucket() } },
    'Stack: P: Requested attribute Colour does not exist in schema for AWS::S3::Bucket (B)',
  ],
  [
    'a reference',
    { Resources: { P: parameter({ Ref: 'Nothing' }) } },
    'Stack: Unresolved resource dependencies [Nothing] in the Resources block',
  ],
  [
    'a pseudo parameter',
    { Resources: { P: parameter({ Ref: 'AWS::Moon' }) } },
    'Stack: P: the pseudo parameter AWS::Moon is not known here',
  ],
  ['a condition', { Resources: { B: bucket('b-b', { Condition: 'Never' }) } }, 'the condition Never is not defined'],
  [
    'a parameter type',
    { Parameters: { X: { Type: 'Map<String>', Default: 'x' } }, Resources: { B: bucket() } },
    'Stack: parameter X: the type Map<String> is not known here',
  ],
  [
    'a dynamic reference',
    { Resources: { P: parameter('{{resolve:secretsmanager:s}}') } },
    'Stack: P: the dynamic reference to secretsmanager is not known here',
  ],
])('%s that is not known is refused by name', async (_what, template, message) => {
  await expect(fixture.deploy({ Stack: template })).rejects.toMatchObject({
    name: 'TemplateNotUnderstood',
    message: expect.stringContaining(message),
  })
})

test('nothing is changed when a later stack cannot be understood', async () => {
  await expect(
    fixture.deploy({ Good: { Resources: { Bucket: bucket() } }, Bad: { Resources: { X: { Type: 'AWS::SQS::Queue' } } } }),
  ).rejects.toThrow('AWS::SQS::Queue')
  expect(fixture.open().stacks).toEqual({})
})

test('a section or attribute that would change the meaning is refused', async () => {
  await expect(fixture.deploy({ Stack: { Transform: 'AWS::Serverless-2016-10-31', Resources: {} } })).rejects.toThrow('Transform')
  await expect(fixture.deploy({ Stack: { Resources: { B: bucket('b-b', { CreationPolicy: {} }) } } })).rejects.toThrow('CreationPolicy')
})

test('deploying again does nothing, a changed property is an update, a removed resource is deleted unless it is retained', async () => {
  const kept = bucket('kept', { DeletionPolicy: 'Retain' })
  await fixture.deploy({ Stack: { Resources: { P: parameter('1'), Gone: bucket('gone'), Kept: kept } } })
  expect(await fixture.deploy({ Stack: { Resources: { P: parameter('1'), Gone: bucket('gone'), Kept: kept } } })).toEqual([
    'P unchanged',
    'Gone unchanged',
    'Kept unchanged',
  ])
  expect(await fixture.deploy({ Stack: { Resources: { P: parameter('2') } } })).toEqual(['P updated', 'Kept retained', 'Gone deleted'])
  expect(fixture.open().parameter('/p')).toBe('2')
  expect(existsSync(join(fixture.directory, 'buckets', 'kept'))).toBe(true)
  expect(existsSync(join(fixture.directory, 'buckets', 'gone'))).toBe(false)
  await expect(fixture.deploy({ Stack: { Resources: { P: parameter('2'), Kept: kept } } })).rejects.toThrow(
    'Stack: Kept: kept already exists (Stack: Kept)',
  )
})

const cluster = (subnet: string) => ({ Resources: kafkaCluster('c', { subnets: [subnet, 'subnet-9'] }) })

test('a resource that must be replaced is made anew before the old one goes; with a name of its own that is refused', async () => {
  await fixture.deploy({ Stack: { Resources: { B: bucket('one-name') } } })
  expect(await fixture.deploy({ Stack: { Resources: { B: bucket('other-name') } } })).toEqual(['B replaced', 'B deleted'])
  expect(
    fixture
      .open()
      .find('AWS::S3::Bucket')
      .map(({ physicalId }) => physicalId),
  ).toEqual(['other-name'])
  await fixture.deploy({ Msk: cluster('subnet-1') })
  await expect(fixture.deploy({ Msk: cluster('subnet-2') })).rejects.toThrow(
    /^Msk: Cluster: CloudFormation cannot update a stack when a custom-named resource requires replacing\. Rename .*ClientSubnets/,
  )
})

test('two resources of one name are refused, and so is another type under the same logical id', async () => {
  await fixture.deploy({ One: { Resources: { B: bucket('same') } } })
  await expect(fixture.deploy({ Two: { Resources: { B: bucket('same') } } })).rejects.toThrow('Two: B: same already exists (One: B)')
  await expect(fixture.deploy({ One: { Resources: { B: parameter('x') } } })).rejects.toThrow('Update of resource type is not permitted')
})

test('a bucket with objects in it is not deleted, and the deployment goes on when it is empty', async () => {
  await fixture.deploy({ Stack: { Resources: { B: bucket('full'), P: parameter('1') } } })
  writeFileSync(join(fixture.directory, 'buckets', 'full', 'object'), 'x')
  await expect(fixture.deploy({ Stack: { Resources: { P: parameter('1') } } })).rejects.toThrow(
    'Stack: B: The bucket you tried to delete is not empty',
  )
  rmSync(join(fixture.directory, 'buckets', 'full', 'object'))
  expect(await fixture.deploy({ Stack: { Resources: { P: parameter('1') } } })).toEqual(['P unchanged', 'B deleted'])
})

test('a deployment that was cut off goes on where it was', async () => {
  const template = {
    Stack: { Resources: { A: bucket('bucket-a'), B: bucket('bucket-b', { DependsOn: 'A' }), C: bucket('bucket-c', { DependsOn: 'B' }) } },
  }
  const cut = fixture.open()
  let saves = 0
  // A is saved as begun and as done, B as begun; then the process is gone.
  const cutOff = { ...cut, save: async () => (++saves > 3 ? Promise.reject(new Error('killed')) : cut.save()) }
  await expect(fixture.deploy(template, cutOff)).rejects.toThrow('killed')
  expect(
    fixture
      .open()
      .find('AWS::S3::Bucket')
      .map(({ logicalId }) => logicalId),
  ).toEqual(['A'])
  expect(await fixture.deploy(template)).toEqual(['A unchanged', 'B created', 'C created'])
})

test('destroying a stack deletes in reverse order and leaves what is retained', async () => {
  await fixture.deploy({
    Stack: { Resources: { P: parameter({ Ref: 'Gone' }), Gone: bucket('gone'), Kept: bucket('kept', { DeletionPolicy: 'Retain' }) } },
  })
  const account = fixture.open()
  const events: string[] = []
  await destroyStack('Stack', account, (event) => events.push('logicalId' in event ? `${event.logicalId} ${event.action}` : event.action))
  expect(events).toEqual(['P deleted', 'Kept retained', 'Gone deleted', 'destroyed'])
  expect(fixture.open().stacks).toEqual({})
  expect(
    fixture
      .open()
      .find('AWS::S3::Bucket')
      .map(({ physicalId }) => physicalId),
  ).toEqual(['kept'])
})

test('the state of another account or Region is not taken over', async () => {
  await fixture.deploy({ Stack: { Resources: { B: bucket() } } })
  const file = join(fixture.directory, 'aws', 'resources.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace('us-east-1', 'eu-west-1'))
  expect(() => fixture.open()).toThrow('is that of account 111122223333 in eu-west-1')
})
