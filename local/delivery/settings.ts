import { join } from 'node:path'
import { z } from 'zod'
import type { LocalFunction } from '../lambda/function.ts'
import { type TableConfiguration, tableConfigurations } from './table-configurations.ts'

/** What the delivery process is told: the deployed stream, verbatim, and where everything is on this machine. */
export interface DeliverySettings {
  readonly streamName: string
  readonly streamArn: string
  readonly region: string
  readonly account: string
  readonly stream: StreamSettings
  readonly functions: Readonly<Record<string, LocalFunction>>
  readonly tableBucket: string
  readonly kafkaBootstrap: string
  /** The stream's role, as which it logs in to Kafka, and the file with its password; as nobody, unless given. */
  readonly kafkaLogin?: { readonly user: string; readonly passwordsFile: string } | undefined
  readonly catalogUri: string
  readonly bucketsDirectory: string
  readonly stateDirectory: string
  readonly extensionDirectory: string
  readonly logsDirectory: string
  readonly disorder: { readonly shuffleWithinBatch?: number | undefined; readonly reorderBatches?: number | undefined }
  readonly port: number
}

/** The stream's properties with Firehose's documented defaults filled in. */
export interface StreamSettings {
  readonly clusterArn: string
  readonly topic: string
  /** Milliseconds since 1970; undefined: from the moment at which the stream became active. */
  readonly readFromMs: number | undefined
  readonly delivery: BufferHints
  /** Undefined: the stream has no transformation. */
  readonly transform: TransformSettings | undefined
  /** How long a refused commit is tried again. */
  readonly retrySeconds: number
  readonly tables: readonly TableConfiguration[]
  readonly errorBucket: string
  readonly errorOutputPrefix: string
}

export interface BufferHints {
  readonly bytes: number
  readonly intervalMs: number
}

export interface TransformSettings extends BufferHints {
  readonly functionArn: string
  readonly retries: number
}

const localFunction = z.object({
  functionName: z.string(),
  assetDirectory: z.string(),
  handler: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
  timeoutSeconds: z.number().positive(),
  memoryMiB: z.number().positive(),
})

const hints = z.strictObject({ SizeInMBs: z.number().min(1).max(128), IntervalInSeconds: z.number().min(0).max(900) })

const logging = z.looseObject({ Enabled: z.boolean().optional() }).optional()

/** Properties that change what Firehose does and are not simulated are refused by name, not ignored: `strictObject` sees to it. */
const deliveryStream = z.strictObject({
  DeliveryStreamName: z.string().optional(),
  DeliveryStreamType: z.literal('MSKAsSource'),
  MSKSourceConfiguration: z.strictObject({
    MSKClusterARN: z.string(),
    TopicName: z.string(),
    AuthenticationConfiguration: z.looseObject({}),
    ReadFromTimestamp: z.string().optional(),
  }),
  IcebergDestinationConfiguration: z.strictObject({
    RoleARN: z.string(),
    CatalogConfiguration: z.strictObject({ CatalogArn: z.string() }),
    DestinationTableConfigurationList: z
      .array(
        z.strictObject({
          DestinationDatabaseName: z.string(),
          DestinationTableName: z.string(),
          UniqueKeys: z.array(z.string()).optional(),
          S3ErrorOutputPrefix: z.string().optional(),
        }),
      )
      .default([]),
    BufferingHints: hints.default({ SizeInMBs: 5, IntervalInSeconds: 300 }),
    CloudWatchLoggingOptions: logging,
    ProcessingConfiguration: z
      .strictObject({
        Enabled: z.boolean().default(false),
        Processors: z
          .array(
            z.strictObject({
              Type: z.literal('Lambda'),
              Parameters: z.array(
                z.strictObject({
                  ParameterName: z.enum(['LambdaArn', 'RoleArn', 'NumberOfRetries', 'BufferSizeInMBs', 'BufferIntervalInSeconds']),
                  ParameterValue: z.string(),
                }),
              ),
            }),
          )
          .max(1)
          .default([]),
      })
      .optional(),
    s3BackupMode: z.literal('FailedDataOnly').optional(),
    AppendOnly: z.literal(false).optional(),
    RetryOptions: z.strictObject({ DurationInSeconds: z.number().min(0).max(7200) }).default({ DurationInSeconds: 300 }),
    S3Configuration: z.looseObject({ BucketARN: z.string(), ErrorOutputPrefix: z.string().default('') }),
  }),
  Tags: z.unknown().optional(),
})

const settings = z.strictObject({
  stream: deliveryStream,
  streamName: z.string(),
  streamArn: z.string(),
  region: z.string(),
  account: z.string(),
  functions: z.record(z.string(), localFunction),
  tableBucket: z.string(),
  kafkaBootstrap: z.string(),
  kafkaLogin: z.strictObject({ user: z.string(), passwordsFile: z.string() }).optional(),
  catalogUri: z.string(),
  bucketsDirectory: z.string(),
  stateDirectory: z.string(),
  extensionDirectory: z.string(),
  logsDirectory: z.string().optional(),
  disorder: z.strictObject({ shuffleWithinBatch: z.number().int().optional(), reorderBatches: z.number().int().optional() }).default({}),
  port: z.number().int().default(0),
})

/** The settings file as it is written: `stream` holds CloudFormation's properties. */
export type DeliverySettingsFile = Omit<z.input<typeof settings>, 'stream'> & { readonly stream: unknown }

/** @throws Error that names every fault by its path: a property of the stream that is not simulated is one. */
export function parseSettings(json: unknown): DeliverySettings {
  const result = settings.safeParse(json)
  if (!result.success) throw new Error(`delivery settings: ${z.prettifyError(result.error)}`)
  const { stream, logsDirectory, ...rest } = result.data
  return { ...rest, logsDirectory: logsDirectory ?? join(rest.stateDirectory, '..', 'logs'), stream: streamSettings(stream) }
}

const bytesPerMiB = 1024 * 1024

function streamSettings({
  MSKSourceConfiguration: source,
  IcebergDestinationConfiguration: destination,
}: z.output<typeof deliveryStream>): StreamSettings {
  const readFromMs = source.ReadFromTimestamp === undefined ? undefined : Date.parse(source.ReadFromTimestamp)
  if (Number.isNaN(readFromMs)) throw new Error(`delivery settings: ReadFromTimestamp ${source.ReadFromTimestamp} is not a timestamp`)
  return {
    clusterArn: source.MSKClusterARN,
    topic: source.TopicName,
    readFromMs,
    delivery: {
      bytes: destination.BufferingHints.SizeInMBs * bytesPerMiB,
      intervalMs: destination.BufferingHints.IntervalInSeconds * 1000,
    },
    transform: transformSettings(destination.ProcessingConfiguration),
    retrySeconds: destination.RetryOptions.DurationInSeconds,
    tables: tableConfigurations(destination.DestinationTableConfigurationList),
    errorBucket: destination.S3Configuration.BucketARN.replace(/^arn:[^:]*:s3:::/, ''),
    errorOutputPrefix: destination.S3Configuration.ErrorOutputPrefix,
  }
}

type Processing = z.output<typeof deliveryStream>['IcebergDestinationConfiguration']['ProcessingConfiguration']

/** Documented defaults: 1 MB, 60 s, 3 retries. https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html */
function transformSettings(processing: Processing): TransformSettings | undefined {
  const processor = processing?.Enabled ? processing.Processors[0] : undefined
  if (!processor) return undefined
  const parameters = new Map(processor.Parameters.map(({ ParameterName, ParameterValue }) => [ParameterName, ParameterValue]))
  const number = (name: 'NumberOfRetries' | 'BufferSizeInMBs' | 'BufferIntervalInSeconds', normal: number): number => {
    const value = Number(parameters.get(name) ?? normal)
    if (!(value >= 0)) throw new Error(`delivery settings: processor parameter ${name} is not a number`)
    return value
  }
  const functionArn = parameters.get('LambdaArn')
  if (functionArn === undefined) throw new Error('delivery settings: the Lambda processor has no LambdaArn')
  return {
    // The ARN may end in a version or an alias.
    functionArn: functionArn.split(':').slice(0, 7).join(':'),
    retries: number('NumberOfRetries', 3),
    bytes: number('BufferSizeInMBs', 1) * bytesPerMiB,
    intervalMs: number('BufferIntervalInSeconds', 60) * 1000,
  }
}
