import type { JsonObject } from '../../../local/cloudformation/json.ts'
import { kafkaCluster, tablesTemplate } from './fixture.ts'

const trust = (service: string) => ({ Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } }] })
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
const role = (name: string, service: string) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: name,
    AssumeRolePolicyDocument: trust(service),
    Policies: [{ PolicyName: 'Everything', PolicyDocument: everything }],
  },
})
export const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] })

/** A function whose code is the asset `one`. */
export function functionTemplate(properties: object = {}) {
  return {
    Resources: {
      LambdaRole: role('lambda-role', 'lambda.amazonaws.com'),
      Function: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: 'transform',
          Code: { S3Bucket: 'assets', S3Key: 'one.zip' },
          Handler: 'index.handler',
          Runtime: 'nodejs22.x',
          Role: arnOf('LambdaRole'),
          ...properties,
        },
      },
    },
  }
}

/** A stream to `orders` with everything that it needs. `change` gets the stream's properties to spoil them. */
export function streamTemplate(
  change: (stream: { source: JsonObject; destination: JsonObject; table: JsonObject; parameters: JsonObject[] }) => void = () => {},
) {
  const firehose = arnOf('FirehoseRole')
  const table: JsonObject = { DestinationDatabaseName: 'aurora_cdc', DestinationTableName: 'orders', UniqueKeys: ['order_id'] }
  const parameters: JsonObject[] = [
    { ParameterName: 'LambdaArn', ParameterValue: arnOf('Function') },
    { ParameterName: 'BufferSizeInMBs', ParameterValue: '0.2' },
  ]
  const source: JsonObject = {
    MSKClusterARN: { Ref: 'Cluster' },
    TopicName: 'aurora.cdc.all-tables',
    AuthenticationConfiguration: { RoleARN: firehose, Connectivity: 'PRIVATE' },
    ReadFromTimestamp: '1970-01-01T00:00:00Z',
  }
  const destination: JsonObject = {
    RoleARN: firehose,
    CatalogConfiguration: { CatalogArn: 'arn:aws:glue:us-east-1:111122223333:catalog/s3tablescatalog/my-tables' },
    DestinationTableConfigurationList: [table],
    BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 1 },
    ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'Lambda', Parameters: parameters }] },
    S3Configuration: { BucketARN: arnOf('Errors'), RoleARN: firehose },
    CloudWatchLoggingOptions: { Enabled: true, LogGroupName: { Ref: 'LogGroup' }, LogStreamName: { Ref: 'LogStream' } },
    s3BackupMode: 'FailedDataOnly',
  }
  change({ source, destination, table, parameters })
  return {
    Resources: {
      ...tablesTemplate().Resources,
      ...functionTemplate().Resources,
      FirehoseRole: role('firehose-role', 'firehose.amazonaws.com'),
      Errors: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'errors' } },
      LogGroup: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: 'group' } },
      LogStream: { Type: 'AWS::Logs::LogStream', Properties: { LogGroupName: { Ref: 'LogGroup' }, LogStreamName: 'stream' } },
      ...kafkaCluster('kafka'),
      Stream: {
        Type: 'AWS::KinesisFirehose::DeliveryStream',
        DependsOn: 'Orders',
        Properties: {
          DeliveryStreamName: 'stream',
          DeliveryStreamType: 'MSKAsSource',
          MSKSourceConfiguration: source,
          IcebergDestinationConfiguration: destination,
        },
      },
    },
  }
}
