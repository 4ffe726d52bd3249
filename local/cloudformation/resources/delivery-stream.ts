import { isObject } from '../json.ts'
import { parseProperties, type ResourceContext, type ResourceProvider, refused } from '../provider.ts'
import { type DeliveryStreamProperties, deliveryStreamShape } from './delivery-stream-properties.ts'
import { checkServiceRole } from './service-role.ts'

const service = 'firehose.amazonaws.com'

/** The delivery stream as a record: another process reads the topic and writes the tables by its properties. */
export const deliveryStream: ResourceProvider = {
  type: 'AWS::KinesisFirehose::DeliveryStream',
  replacedBy: [
    'DeliveryStreamName',
    'DeliveryStreamType',
    'MSKSourceConfiguration',
    'IcebergDestinationConfiguration.CatalogConfiguration',
  ],
  replacementAdvice: 'give the stream a name that changes with these properties',
  identify(properties, context) {
    const { DeliveryStreamName } = parseProperties(deliveryStreamShape, properties, context)
    const name = DeliveryStreamName ?? context.generatedName.slice(-64)
    const arn = context.account.arn('firehose', `deliverystream/${name}`)
    return { physicalId: name, arn, attributes: { Arn: arn } }
  },
  /** https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-prereq.html, …/writing-with-msk.html */
  async check(properties, context) {
    const stream = parseProperties(deliveryStreamShape, properties, context)
    checkSource(stream, context)
    checkDestination(stream, context)
    await checkTables(stream, context)
  },
}

function checkSource({ MSKSourceConfiguration: source }: DeliveryStreamProperties, context: ResourceContext): void {
  const { RoleARN, Connectivity } = source.AuthenticationConfiguration
  checkServiceRole(RoleARN, service, context)
  const cluster = context.account.findByArn(source.MSKClusterARN)
  if (cluster?.type !== 'AWS::MSK::Cluster') throw refused(context, `The MSK cluster ${source.MSKClusterARN} does not exist`)
  const { ClientAuthentication } = cluster.properties
  const sasl = isObject(ClientAuthentication) && isObject(ClientAuthentication.Sasl) ? ClientAuthentication.Sasl : {}
  const iam = isObject(sasl.Iam) && sasl.Iam.Enabled === true
  if (Connectivity === 'PRIVATE' && !iam)
    throw refused(context, `IAM authentication is not enabled on the MSK cluster ${source.MSKClusterARN}`)
}

function checkDestination({ IcebergDestinationConfiguration: destination }: DeliveryStreamProperties, context: ResourceContext): void {
  const { account } = context
  const { S3Configuration: s3 } = destination
  for (const role of [destination.RoleARN, s3.RoleARN]) checkServiceRole(role, service, context)
  if (account.findByArn(s3.BucketARN)?.type !== 'AWS::S3::Bucket') throw refused(context, `The error bucket ${s3.BucketARN} does not exist`)
  for (const { Parameters } of destination.ProcessingConfiguration?.Processors ?? []) {
    const functionArn = Parameters.LambdaArn.replace(/(:function:[^:]+):\$LATEST$/, '$1')
    if (account.findByArn(functionArn)?.type !== 'AWS::Lambda::Function')
      throw refused(context, `Lambda function ${Parameters.LambdaArn} is not found`)
    if (Parameters.RoleArn) checkServiceRole(Parameters.RoleArn, service, context)
  }
  // Firehose accepts a log that is not there and then logs nothing, which is noticed when it is needed.
  for (const { Enabled, LogGroupName, LogStreamName } of [destination.CloudWatchLoggingOptions, s3.CloudWatchLoggingOptions].flatMap(
    (options) => options ?? [],
  )) {
    const exists = account
      .find('AWS::Logs::LogStream')
      .some(({ physicalId, properties }) => physicalId === LogStreamName && properties.LogGroupName === LogGroupName)
    if (Enabled && !exists) throw refused(context, `The log stream ${LogStreamName} of ${LogGroupName} does not exist`)
  }
}

/** At creation Firehose looks for every table that is configured, and for its unique keys. */
async function checkTables(
  { IcebergDestinationConfiguration: destination }: DeliveryStreamProperties,
  context: ResourceContext,
): Promise<void> {
  const { account } = context
  const bucket = destination.CatalogConfiguration.CatalogArn.split('/').at(-1)
  const bucketArn = account.arn('s3tables', `bucket/${bucket}`)
  if (!account.findByArn(bucketArn)) throw refused(context, `The table bucket ${bucketArn} does not exist`)
  const faults = await Promise.all(
    destination.DestinationTableConfigurationList.map(
      async ({ DestinationDatabaseName: database, DestinationTableName: table, UniqueKeys }, index, all) => {
        const where = `${database}.${table}`
        if (all.slice(0, index).some((other) => other.DestinationDatabaseName === database && other.DestinationTableName === table))
          return [`${where} is configured twice`]
        const found = await account.catalog.loadTable(database, table)
        if (!found)
          return [
            `Role ${destination.RoleARN} is not authorized to perform: glue:GetTable for the given table or the table does not exist: ${where}`,
          ]
        if (found.formatVersion !== 2)
          return [`${where} has Iceberg format version ${found.formatVersion}, and Firehose writes version 2 only`]
        const missing = (UniqueKeys ?? []).filter((key) => !found.columns.some((column) => column.name === key))
        return missing.map((key) => `the unique key ${key} is not a column of ${where}`)
      },
    ),
  )
  if (faults.flat().length > 0) throw refused(context, faults.flat().join('; '))
}
