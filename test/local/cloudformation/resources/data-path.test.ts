import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isObject } from '../../../../local/cloudformation/json.ts'
import { localFunctions } from '../../../../local/cloudformation/resources/lambda-function.ts'
import { letFirehoseIn } from '../firehose-let-in.ts'
import { type AccountFixture, accountFixture } from '../fixture.ts'
import { arnOf, functionTemplate, streamTemplate } from '../stream-template.ts'

let fixture: AccountFixture
beforeEach(async () => {
  fixture = await accountFixture()
  fixture.asset('one')
  fixture.asset('two')
})
afterEach(() => fixture.close())

/** Deploys a stream as the pipeline does: once Firehose reaches the cluster. */
async function deployStream(template: ReturnType<typeof streamTemplate>): Promise<string[]> {
  const { Stream: _later, ...resources } = template.Resources
  await fixture.deploy({ Stack: { Resources: resources } })
  await letFirehoseIn(fixture.open())
  return fixture.deploy({ Stack: template })
}

test("a function's settings and code are those of the template; its code outlives the assembly's folder", async () => {
  await fixture.deploy({ Stack: functionTemplate({ Timeout: 60, MemorySize: 512, Environment: { Variables: { LEVEL: 'info' } } }) })
  const functions = localFunctions(fixture.open())
  const transform = functions['arn:aws:lambda:us-east-1:111122223333:function:transform']
  expect(transform).toEqual({
    functionName: 'transform',
    assetDirectory: join(fixture.directory, 'aws', 'assets', 'assets', 'one'),
    handler: 'index.handler',
    environment: { LEVEL: 'info' },
    timeoutSeconds: 60,
    memoryMiB: 512,
  })
  expect(readFileSync(join(String(transform?.assetDirectory), 'index.mjs'), 'utf8')).toContain("'one'")
})

test('what is left out is what Lambda assumes, and new code is an update', async () => {
  await fixture.deploy({ Stack: functionTemplate() })
  expect(Object.values(localFunctions(fixture.open()))).toMatchObject([{ timeoutSeconds: 3, memoryMiB: 128, environment: {} }])
  expect(await fixture.deploy({ Stack: functionTemplate({ Code: { S3Bucket: 'assets', S3Key: 'two.zip' } }) })).toContain(
    'Function updated',
  )
  const [transform] = Object.values(localFunctions(fixture.open()))
  expect(existsSync(join(String(transform?.assetDirectory), 'index.mjs'))).toBe(true)
  expect(transform?.assetDirectory).toMatch(/two$/)
})

test.each<[string, object, string]>([
  ['a property that the type does not have', { Memory: 512 }, 'Unrecognized key: "Memory"'],
  ['a timeout beyond the limit', { Timeout: 901 }, 'Timeout: '],
  ['code that is not published', { Code: { S3Bucket: 'assets', S3Key: 'other.zip' } }, 'NoSuchKey'],
  ['a role that is not there', { Role: 'arn:aws:iam::111122223333:role/none' }, 'does not exist'],
  ['too large an environment', { Environment: { Variables: { LARGE: 'x'.repeat(4097) } } }, '4KB limit'],
])('a function with %s is refused', async (_what, properties, message) => {
  await expect(fixture.deploy({ Stack: functionTemplate(properties) })).rejects.toMatchObject({
    name: 'DeploymentRefused',
    message: expect.stringContaining(`Stack: Function: `),
  })
  await expect(fixture.deploy({ Stack: functionTemplate(properties) })).rejects.toThrow(message)
})

test('a stream is recorded with everything resolved', async () => {
  await deployStream(streamTemplate())
  const [stream] = fixture.open().find('AWS::KinesisFirehose::DeliveryStream')
  expect(stream).toMatchObject({ physicalId: 'stream', arn: 'arn:aws:firehose:us-east-1:111122223333:deliverystream/stream' })
  const { MSKSourceConfiguration: source, IcebergDestinationConfiguration: destination } = stream?.properties ?? {}
  expect(source).toMatchObject({
    MSKClusterARN: expect.stringMatching(/^arn:aws:kafka:us-east-1:111122223333:cluster\/kafka\/[0-9a-f-]+-1$/),
    ReadFromTimestamp: '1970-01-01T00:00:00Z',
  })
  expect(isObject(destination) && destination.S3Configuration).toEqual({
    BucketARN: 'arn:aws:s3:::errors',
    RoleARN: 'arn:aws:iam::111122223333:role/firehose-role',
  })
})

test('another table or buffer is an update; another topic needs another name', async () => {
  await deployStream(streamTemplate())
  const buffer = streamTemplate(({ destination }) =>
    Object.assign(destination, { BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 60 } }),
  )
  expect(await fixture.deploy({ Stack: buffer })).toContain('Stream updated')
  const topic = streamTemplate(({ source }) => Object.assign(source, { TopicName: 'other' }))
  await expect(fixture.deploy({ Stack: topic })).rejects.toThrow(
    /Stream: CloudFormation cannot update a stack when a custom-named resource requires replacing\. Rename stream/,
  )
  topic.Resources.Stream.Properties.DeliveryStreamName = 'stream-2'
  expect(await fixture.deploy({ Stack: topic })).toEqual(expect.arrayContaining(['Stream replaced', 'Stream deleted']))
  expect(
    fixture
      .open()
      .find('AWS::KinesisFirehose::DeliveryStream')
      .map(({ physicalId }) => physicalId),
  ).toEqual(['stream-2'])
})

test.each<[string, Parameters<typeof streamTemplate>[0], string]>([
  [
    'a table that is not there',
    ({ table }) => Object.assign(table, { DestinationTableName: 'other' }),
    'or the table does not exist: aurora_cdc.other',
  ],
  [
    'a key that the table does not have',
    ({ table }) => Object.assign(table, { UniqueKeys: ['id'] }),
    'the unique key id is not a column of aurora_cdc.orders',
  ],
  [
    'a table twice',
    ({ destination, table }) => Object.assign(destination, { DestinationTableConfigurationList: [table, table] }),
    'aurora_cdc.orders is configured twice',
  ],
  [
    'a table bucket that is not there',
    ({ destination }) =>
      Object.assign(destination, {
        CatalogConfiguration: { CatalogArn: 'arn:aws:glue:us-east-1:111122223333:catalog/s3tablescatalog/other' },
      }),
    'bucket/other does not exist',
  ],
  [
    'a function that is not there',
    ({ parameters }) => Object.assign(parameters[0] ?? {}, { ParameterValue: 'arn:aws:lambda:us-east-1:111122223333:function:other' }),
    'function:other is not found',
  ],
  [
    'a role that is not there',
    ({ destination }) => Object.assign(destination, { RoleARN: 'arn:aws:iam::111122223333:role/none' }),
    'role/none does not exist',
  ],
  [
    'a role of another service',
    ({ destination }) => Object.assign(destination, { RoleARN: arnOf('LambdaRole') }),
    'cannot be assumed by firehose.amazonaws.com',
  ],
  [
    'a cluster that is not there',
    ({ source }) => Object.assign(source, { MSKClusterARN: 'arn:aws:kafka:us-east-1:111122223333:cluster/none/uuid' }),
    'cluster/none/uuid does not exist',
  ],
  [
    'a log stream that is not there',
    ({ destination }) =>
      Object.assign(destination, { CloudWatchLoggingOptions: { Enabled: true, LogGroupName: 'group', LogStreamName: 'none' } }),
    'log stream none of group does not exist',
  ],
  [
    'a misspelt property',
    ({ destination }) => Object.assign(destination, { S3BackupMode: 'FailedDataOnly' }),
    'Unrecognized key: "S3BackupMode"',
  ],
  [
    'a misspelt parameter',
    ({ parameters }) => parameters.push({ ParameterName: 'BufferSizeInMB', ParameterValue: '1' }),
    'Unrecognized key: "BufferSizeInMB"',
  ],
  [
    'a parameter out of its range',
    ({ parameters }) => Object.assign(parameters[1] ?? {}, { ParameterValue: '4' }),
    'a number from 0.2 to 3',
  ],
  [
    'half a buffering hint',
    ({ destination }) => Object.assign(destination, { BufferingHints: { SizeInMBs: 5 } }),
    'BufferingHints.IntervalInSeconds',
  ],
  [
    'a buffer beyond the limit',
    ({ destination }) => Object.assign(destination, { BufferingHints: { SizeInMBs: 129, IntervalInSeconds: 1 } }),
    'BufferingHints.SizeInMBs',
  ],
  [
    'a backup of everything',
    ({ destination }) => Object.assign(destination, { s3BackupMode: 'AllData' }),
    'only FailedDataOnly works for Iceberg',
  ],
])('a stream with %s is refused', async (_what, spoil, message) => {
  await expect(fixture.deploy({ Stack: streamTemplate(spoil) })).rejects.toMatchObject({
    name: 'DeploymentRefused',
    message: expect.stringContaining(message),
  })
  expect(fixture.open().find('AWS::KinesisFirehose::DeliveryStream')).toEqual([])
})

test('a cluster without IAM authentication is refused for private connectivity', async () => {
  const template = streamTemplate()
  template.Resources.Cluster.Properties.ClientAuthentication.Sasl.Iam.Enabled = false
  await expect(fixture.deploy({ Stack: template })).rejects.toThrow('IAM authentication is not enabled')
})

const configurationTemplate = (properties: string) => ({
  Resources: {
    Configuration: { Type: 'AWS::MSK::Configuration', Properties: { Name: 'c', ServerProperties: properties } },
    Revision: {
      Type: 'AWS::SSM::Parameter',
      Properties: { Name: '/r', Type: 'String', Value: { 'Fn::GetAtt': ['Configuration', 'LatestRevision.Revision'] } },
    },
  },
})

test('a changed configuration has a new revision, which reaches what refers to it', async () => {
  const revisions: unknown[] = []
  for (const properties of ['a=1', 'a=1', 'a=2']) {
    await fixture.deploy({ Stack: configurationTemplate(properties) })
    revisions.push(fixture.open().find('AWS::SSM::Parameter')[0]?.properties.Value)
  }
  expect(revisions).toEqual([1, 1, 2])
})
