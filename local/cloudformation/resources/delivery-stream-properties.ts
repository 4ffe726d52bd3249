import { z } from 'zod'
import { tags } from '../provider.ts'

/** Shapes and ranges of `AWS::KinesisFirehose::DeliveryStream` from MSK to Iceberg, as the service documents them: https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html */

const arn = z.string().regex(/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/, 'an ARN')

const logging = z.strictObject({
  Enabled: z.boolean().optional(),
  LogGroupName: z.string().optional(),
  LogStreamName: z.string().optional(),
})

/** Both members or none. */
const hints = z.strictObject({ IntervalInSeconds: z.int().min(0).max(900), SizeInMBs: z.int().min(1).max(128) })

const numberText = (minimum: number, maximum: number) =>
  z
    .string()
    .refine(
      (text) => /^\d+(\.\d+)?$/.test(text) && Number(text) >= minimum && Number(text) <= maximum,
      `a number from ${minimum} to ${maximum}, as text`,
    )

/** Parameters of the Lambda processor; the others of the enumeration belong to other processors. */
const lambdaParameters = z.strictObject({
  LambdaArn: arn,
  RoleArn: arn.optional(),
  NumberOfRetries: numberText(0, 300).default('3'),
  BufferSizeInMBs: numberText(0.2, 3).default('1'),
  BufferIntervalInSeconds: numberText(0, 900).default('60'),
})

const processor = z.strictObject({
  Type: z.literal('Lambda', 'only the processor "Lambda" is run here'),
  Parameters: z
    .array(z.strictObject({ ParameterName: z.string(), ParameterValue: z.string() }))
    .refine(
      (parameters) => new Set(parameters.map(({ ParameterName }) => ParameterName)).size === parameters.length,
      'a parameter stands twice',
    )
    .transform((parameters): unknown =>
      Object.fromEntries(parameters.map(({ ParameterName, ParameterValue }) => [ParameterName, ParameterValue])),
    )
    .pipe(lambdaParameters),
})

const tableName = z.string().regex(/^[a-zA-Z0-9._]{1,255}$/)

const s3Configuration = z.strictObject({
  BucketARN: arn,
  RoleARN: arn,
  Prefix: z.string().max(1024).optional(),
  ErrorOutputPrefix: z.string().max(1024).optional(),
  BufferingHints: hints.optional(),
  CompressionFormat: z.enum(['UNCOMPRESSED', 'GZIP', 'ZIP', 'Snappy', 'HADOOP_SNAPPY']).optional(),
  EncryptionConfiguration: z
    .strictObject({
      NoEncryptionConfig: z.literal('NoEncryption').optional(),
      KMSEncryptionConfig: z.strictObject({ AWSKMSKeyARN: arn }).optional(),
    })
    .optional(),
  CloudWatchLoggingOptions: logging.optional(),
})

const icebergDestination = z.strictObject({
  RoleARN: arn,
  CatalogConfiguration: z.strictObject({
    CatalogArn: z
      .string()
      .regex(/^arn:[^:]+:glue:[^:]+:\d{12}:catalog\/s3tablescatalog\/[a-z0-9_-]+$/, "the ARN of a table bucket's catalog"),
  }),
  DestinationTableConfigurationList: z
    .array(
      z.strictObject({
        DestinationDatabaseName: tableName,
        DestinationTableName: tableName,
        UniqueKeys: z.array(z.string().regex(/^\S{1,1024}$/)).optional(),
        S3ErrorOutputPrefix: z.string().max(1024).optional(),
      }),
    )
    .default([]),
  BufferingHints: hints.optional(),
  ProcessingConfiguration: z
    .strictObject({ Enabled: z.boolean().optional(), Processors: z.array(processor).max(1).default([]) })
    .optional(),
  RetryOptions: z.strictObject({ DurationInSeconds: z.int().min(0).max(7200) }).optional(),
  s3BackupMode: z.literal('FailedDataOnly', 'only FailedDataOnly works for Iceberg').optional(),
  S3Configuration: s3Configuration,
  CloudWatchLoggingOptions: logging.optional(),
  AppendOnly: z.boolean().optional(),
})

export const deliveryStreamShape = z.strictObject({
  DeliveryStreamName: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,64}$/)
    .optional(),
  DeliveryStreamType: z.literal('MSKAsSource', 'only MSKAsSource is run here'),
  MSKSourceConfiguration: z.strictObject({
    MSKClusterARN: z.string().regex(/^arn:[^:]+:kafka:[^:]+:\d{12}:cluster\/[^/]+\/[^/]+$/, 'the ARN of an MSK cluster'),
    TopicName: z.string().regex(/^[a-zA-Z0-9._-]{1,255}$/),
    AuthenticationConfiguration: z.strictObject({ RoleARN: arn, Connectivity: z.enum(['PUBLIC', 'PRIVATE']) }),
    ReadFromTimestamp: z.iso.datetime({ offset: true }).optional(),
  }),
  IcebergDestinationConfiguration: icebergDestination,
  Tags: tags,
})

export type DeliveryStreamProperties = z.output<typeof deliveryStreamShape>
