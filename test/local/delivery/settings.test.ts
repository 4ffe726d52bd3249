import { type DeliverySettingsFile, parseSettings } from '../../../local/delivery/settings.ts'

const functionArn = 'arn:aws:lambda:us-east-1:111122223333:function:f'
const parameter = (
  ParameterName: 'LambdaArn' | 'NumberOfRetries' | 'BufferSizeInMBs' | 'BufferIntervalInSeconds',
  ParameterValue: string,
) => ({ ParameterName, ParameterValue })

function settings(destination: object = {}, source: object = {}): DeliverySettingsFile {
  return {
    stream: {
      DeliveryStreamType: 'MSKAsSource',
      MSKSourceConfiguration: {
        MSKClusterARN: 'c',
        TopicName: 't',
        AuthenticationConfiguration: {},
        ReadFromTimestamp: '1970-01-01T00:00:00Z',
        ...source,
      },
      IcebergDestinationConfiguration: {
        RoleARN: 'r',
        CatalogConfiguration: { CatalogArn: 'a' },
        S3Configuration: { BucketARN: 'arn:aws:s3:::errors' },
        ...destination,
      },
    },
    streamName: 's',
    streamArn: 'arn',
    region: 'us-east-1',
    account: '111122223333',
    functions: {},
    tableBucket: 'b',
    kafkaBootstrap: '127.0.0.1:1',
    catalogUri: 'http://127.0.0.1:2',
    bucketsDirectory: '/data/buckets',
    stateDirectory: '/data/delivery',
    extensionDirectory: '/e',
  }
}

const lambda = (...parameters: ReturnType<typeof parameter>[]) => ({
  ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'Lambda', Parameters: parameters }] },
})

describe('the settings of a stream', () => {
  it("have Firehose's defaults where the template says nothing", () => {
    expect(parseSettings(settings(lambda(parameter('LambdaArn', functionArn))))).toMatchObject({
      logsDirectory: '/data/logs',
      disorder: {},
      stream: {
        readFromMs: 0,
        delivery: { bytes: 5 * 2 ** 20, intervalMs: 300_000 },
        transform: { functionArn, retries: 3, bytes: 2 ** 20, intervalMs: 60_000 },
        retrySeconds: 300,
        errorBucket: 'errors',
        errorOutputPrefix: '',
        tables: [],
      },
    })
  })

  it("take the processor's own buffer, retries and function, also by a version's ARN", () => {
    const parsed = parseSettings(
      settings(
        lambda(
          parameter('LambdaArn', `${functionArn}:7`),
          parameter('NumberOfRetries', '0'),
          parameter('BufferSizeInMBs', '0.2'),
          parameter('BufferIntervalInSeconds', '0'),
        ),
      ),
    )
    expect(parsed.stream.transform).toEqual({ functionArn, retries: 0, bytes: 0.2 * 2 ** 20, intervalMs: 0 })
  })

  it('have no transformation where it is not enabled', () => {
    expect(parseSettings(settings({ ProcessingConfiguration: { Enabled: false } })).stream.transform).toBeUndefined()
    expect(parseSettings(settings()).stream.transform).toBeUndefined()
  })

  it('begin when the stream becomes active where no time is given', () => {
    expect(parseSettings(settings({}, { ReadFromTimestamp: undefined })).stream.readFromMs).toBeUndefined()
  })

  it.each([
    [{ AppendOnly: true }, 'AppendOnly'],
    [{ SchemaEvolutionConfiguration: { Enabled: true } }, 'SchemaEvolutionConfiguration'],
    [{ ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'MetadataExtraction', Parameters: [] }] } }, 'Processors'],
    [{ BufferingHints: { SizeInMBs: 200, IntervalInSeconds: 1 } }, 'SizeInMBs'],
    [{ s3BackupMode: 'AllData' }, 's3BackupMode'],
    [
      { DestinationTableConfigurationList: [{ DestinationDatabaseName: 'd', DestinationTableName: 't', PartitionSpec: {} }] },
      'PartitionSpec',
    ],
    [
      { DestinationTableConfigurationList: [1, 2].map(() => ({ DestinationDatabaseName: 'd', DestinationTableName: 't' })) },
      'two table configurations for d.t',
    ],
    [lambda(parameter('NumberOfRetries', '1')), 'LambdaArn'],
    [lambda(parameter('LambdaArn', functionArn), parameter('NumberOfRetries', 'x')), 'NumberOfRetries'],
  ])('refuse what is not simulated or wrong: %j', (destination, name) => {
    expect(() => parseSettings(settings(destination))).toThrow(name)
  })
})
