import { localDeployment, memberOf, ofType, onlyOf, synthesized } from '../../../lib/synthesized.ts'

const tables = {
  tables: [
    {
      schema: 'public',
      name: 'orders',
      columns: [
        { name: 'id', type: 'integer' },
        { name: 'note', type: 'text' },
      ],
      primaryKey: ['id'],
    },
    { schema: 'public', name: 'order_s', columns: [{ name: 'id', type: 'integer' }], primaryKey: ['id'] },
    {
      schema: 'sales',
      name: 'lines',
      columns: [
        { name: 'line', type: 'integer' },
        { name: 'Order', type: 'bigint' },
      ],
      primaryKey: ['Order', 'line'],
    },
    { schema: 'public', name: 'log', columns: [{ name: 'text', type: 'text' }], primaryKey: [] },
    { schema: 'public', name: 'former', columns: [{ name: 'id', type: 'integer' }], primaryKey: ['id'], capture: false },
  ],
}
const app = synthesized(localDeployment, tables)
const stream = onlyOf(app, 'AWS::KinesisFirehose::DeliveryStream')
const destination = memberOf(stream, 'IcebergDestinationConfiguration')

test('every captured table, the former ones and the canary have an Iceberg table, whatever their names have in common', () => {
  const names = ofType(app, 'AWS::S3Tables::Table').map(({ Properties }) => Properties?.TableName)
  expect(names).toEqual(['orders', 'order_s', 'sales_lines', 'log', 'former', 'cdc_canary'])
})

test('Iceberg tables are of format 2, unpartitioned, in the namespace that is created before them', () => {
  const [namespaceId] = Object.entries(app.CdcS3Tables?.Resources ?? {}).find(([, { Type }]) => Type === 'AWS::S3Tables::Namespace') ?? []
  for (const { Properties, DependsOn } of ofType(app, 'AWS::S3Tables::Table')) {
    expect(Properties).toMatchObject({
      Namespace: 'aurora_cdc',
      OpenTableFormat: 'ICEBERG',
      IcebergMetadata: { TableProperties: { 'format-version': '2' } },
    })
    expect(Properties?.IcebergMetadata).not.toHaveProperty('IcebergPartitionSpec')
    expect(DependsOn).toEqual([namespaceId])
  }
})

const wide = (tableCount: number, columns: number) => ({
  tables: Array.from({ length: tableCount }, (_table, index) => ({
    schema: 'public',
    name: `table_${index}`,
    columns: Array.from({ length: columns }, (_column, column) => ({ name: `column_${column}`, type: 'timestamp with time zone' })),
    primaryKey: ['column_0'],
  })),
})

test('as many tables as a deployment carries fit a template, and more columns than fit are refused with advice', () => {
  const { CdcS3Tables: template } = synthesized(localDeployment, wide(400, 22))
  expect(Object.keys(template?.Resources ?? {}).length).toBeLessThanOrEqual(500)
  expect(Buffer.byteLength(JSON.stringify(template))).toBeLessThan(1_000_000)
  expect(() => synthesized(localDeployment, wide(400, 40))).toThrow(
    /401 tables with 16003 columns do not fit one CloudFormation template .* split them over several deployments/,
  )
})

test('data is retained when a stack goes, unless the deployment is a trial', () => {
  const types = ['AWS::S3Tables::TableBucket', 'AWS::S3Tables::Namespace', 'AWS::S3Tables::Table', 'AWS::S3::Bucket']
  const trial = synthesized({ ...localDeployment, onDestroy: 'delete' }, tables)
  // Results of checks are none.
  const data = ({ CdcProvisioning: _checks, ...templates }: typeof app, type: string) => ofType(templates, type)
  for (const type of types) {
    for (const resource of data(app, type)) {
      // An empty bucket that a failed deployment leaves would be in the way of the next one.
      const retained = type === 'AWS::S3::Bucket' ? 'RetainExceptOnCreate' : 'Retain'
      expect([type, resource.DeletionPolicy, resource.UpdateReplacePolicy]).toEqual([type, retained, 'Retain'])
    }
    for (const resource of data(trial, type)) expect([type, resource.DeletionPolicy]).toEqual([type, 'Delete'])
  }
})

test('a bucket and a namespace that are there already are used and not created', () => {
  const existing = synthesized(
    { ...localDeployment, tableBucket: { name: 'given', create: false }, namespace: { name: 'own', create: false } },
    tables,
  )
  expect([...ofType(existing, 'AWS::S3Tables::TableBucket'), ...ofType(existing, 'AWS::S3Tables::Namespace')]).toEqual([])
  for (const { Properties } of ofType(existing, 'AWS::S3Tables::Table')) {
    expect(Properties).toMatchObject({ TableBucketARN: 'arn:aws:s3tables:us-east-1:111122223333:bucket/given', Namespace: 'own' })
  }
})

test('tables that are there already, all or some, are delivered to and not created; one that is not declared is a fault', () => {
  const given = { ...localDeployment, tableBucket: { name: 'given', create: false }, namespace: { create: false } }
  const names = (templates: typeof app) => ofType(templates, 'AWS::S3Tables::Table').map(({ Properties }) => Properties?.TableName)
  const none = synthesized({ ...given, tables: { create: false } }, tables)
  expect(names(none)).toEqual([])
  expect(onlyOf(none, 'AWS::KinesisFirehose::DeliveryStream')).toMatchObject({
    IcebergDestinationConfiguration: { DestinationTableConfigurationList: destination.DestinationTableConfigurationList },
  })
  expect(names(synthesized({ ...given, tables: { existing: ['orders', 'cdc_canary'] } }, tables))).toEqual([
    'order_s',
    'sales_lines',
    'log',
    'former',
  ])
  expect(() => synthesized({ ...given, tables: { existing: ['order'] } }, tables)).toThrow(
    'tables.existing: found order, allowed: names of Iceberg tables that are declared',
  )
})

test('an error bucket that is there already is written to and not created', () => {
  const existing = synthesized({ ...localDeployment, errorBucket: { create: false } }, tables)
  const { CdcFirehose: template } = existing
  expect(Object.values(template?.Resources ?? {}).filter(({ Type }) => Type.startsWith('AWS::S3::'))).toEqual([])
  expect(JSON.stringify(onlyOf(existing, 'AWS::KinesisFirehose::DeliveryStream'))).toContain(
    ':s3:::aurora-cdc-errors-111122223333-us-east-1',
  )
})

test('a start that the deployment gives is where a stream of another name begins', () => {
  const readFrom = '2026-01-31T12:00:00Z'
  const later = onlyOf(synthesized({ ...localDeployment, readFrom }, tables), 'AWS::KinesisFirehose::DeliveryStream')
  expect(later).toMatchObject({ MSKSourceConfiguration: { ReadFromTimestamp: readFrom } })
  expect(later.DeliveryStreamName).not.toBe(stream.DeliveryStreamName)
})

test('the stream reads the whole topic of the cluster by private connectivity', () => {
  expect(stream).toMatchObject({
    DeliveryStreamType: 'MSKAsSource',
    MSKSourceConfiguration: {
      TopicName: 'aurora.cdc.all-tables',
      ReadFromTimestamp: '1970-01-01T00:00:00Z',
      AuthenticationConfiguration: { Connectivity: 'PRIVATE' },
    },
  })
})

test('every table with a key is a destination, with the key in its order and a place of its own for failed records', () => {
  expect(destination.DestinationTableConfigurationList).toEqual(
    [
      ['orders', ['id']],
      ['order_s', ['id']],
      ['sales_lines', ['order', 'line']],
      ['former', ['id']],
      ['cdc_canary', ['name']],
    ].map(([table, keys]) => ({
      DestinationDatabaseName: 'aurora_cdc',
      DestinationTableName: table,
      UniqueKeys: keys,
      S3ErrorOutputPrefix: `failed/!{firehose:error-output-type}/${String(table)}/`,
    })),
  )
})

test('failed records of no particular table have a place by the type of error', () => {
  expect(memberOf(destination, 'S3Configuration')).toMatchObject({ ErrorOutputPrefix: 'failed/!{firehose:error-output-type}/' })
})

test('nothing is set that AWS has withdrawn or that gives up the order of changes', () => {
  for (const property of ['AppendOnly', 'SchemaEvolutionConfiguration', 'TableCreationConfiguration'])
    expect(destination).not.toHaveProperty(property)
  expect(destination).toMatchObject({ s3BackupMode: 'FailedDataOnly', RetryOptions: { DurationInSeconds: 7200 } })
})

test('records go through the transform, with the buffers of the deployment', () => {
  const other = synthesized(
    {
      ...localDeployment,
      buffering: { sizeMiB: 5, intervalSeconds: 900 },
      transform: { bufferMiB: 0.5, bufferIntervalSeconds: 7, retries: 9 },
    },
    tables,
  )
  expect(onlyOf(other, 'AWS::KinesisFirehose::DeliveryStream').IcebergDestinationConfiguration).toMatchObject({
    BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 900 },
    ProcessingConfiguration: {
      Enabled: true,
      Processors: [
        {
          Type: 'Lambda',
          Parameters: expect.arrayContaining([
            { ParameterName: 'LambdaArn', ParameterValue: 'arn:aws:lambda:us-east-1:111122223333:function:aurora-cdc-transform' },
            { ParameterName: 'BufferSizeInMBs', ParameterValue: '0.5' },
            { ParameterName: 'BufferIntervalInSeconds', ParameterValue: '7' },
            { ParameterName: 'NumberOfRetries', ParameterValue: '9' },
          ]),
        },
      ],
    },
  })
})

test("the stream's log group and log streams are those that it names", () => {
  const streams = Object.entries(app.CdcFirehose?.Resources ?? {}).filter(([, { Type }]) => Type === 'AWS::Logs::LogStream')
  const named = [destination, memberOf(destination, 'S3Configuration')].map(
    (part) => memberOf(part, 'CloudWatchLoggingOptions').LogStreamName,
  )
  expect(named.toSorted(byText)).toEqual(streams.map(([id]) => ({ Ref: id })).toSorted(byText))
})

const byText = (left: unknown, right: unknown) => JSON.stringify(left).localeCompare(JSON.stringify(right))

test('another topic position, bucket or prefix gives the stream another name; another table or buffer does not', () => {
  const name = (deployment: object, declared: unknown = tables) =>
    onlyOf(synthesized({ ...localDeployment, ...deployment }, declared), 'AWS::KinesisFirehose::DeliveryStream').DeliveryStreamName
  expect(name({})).toBe(stream.DeliveryStreamName)
  expect(name({ tableBucket: { name: 'other-bucket' } })).not.toBe(stream.DeliveryStreamName)
  expect(name({ prefix: 'dev' })).not.toBe(stream.DeliveryStreamName)
  expect(name({ buffering: { intervalSeconds: 60 } }, { tables: tables.tables.slice(0, 1) })).toBe(stream.DeliveryStreamName)
})

test('the function runs on arm64 in a current runtime, within what Firehose waits for, and logs to a group of its own that expires', () => {
  const [transform] = ofType(app.CdcLambdaTransform ?? {}, 'AWS::Lambda::Function')
  expect(transform?.Properties).toMatchObject({
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    Handler: 'index.handler',
    Timeout: 60,
    MemorySize: 1024,
  })
  expect(transform?.Properties).not.toHaveProperty('Environment')
  for (const { Properties } of ofType(app, 'AWS::Logs::LogGroup')) expect(Properties?.RetentionInDays).toBe(30)
})
