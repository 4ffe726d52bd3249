import { forgetStream } from '../../aws/firehose/stream-state.ts'
import { tablesCatalogMode } from '../../aws/glue.ts'
import { hasIam } from '../../aws/msk/cluster-state.ts'
import type { JsonObject } from '../json.ts'
import { parseProperties, type ResourceContext, type ResourceProvider, refused } from '../provider.ts'
import { clusterFaults, roleFaults } from './delivery-stream-access.ts'
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
  identify,
  /** https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-prereq.html, …/writing-with-msk.html */
  async check(properties, context) {
    const stream = parseProperties(deliveryStreamShape, properties, context)
    checkSource(stream, context)
    checkDestination(stream, context)
    await checkTables(stream, context)
    const { arn } = identify(properties, context)
    // Connecting and the roles' rights are looked at once, when the stream is made.
    if (context.account.findByArn(arn)) return
    const faults = [...clusterFaults(stream, arn, context.account), ...roleFaults(stream, context.account)]
    if (faults.length > 0) throw refused(context, faults.join('; '))
  },
  async delete({ arn }, account) {
    if (arn !== undefined) await forgetStream(account, arn)
  },
}

function identify(properties: JsonObject, context: ResourceContext) {
  const { DeliveryStreamName } = parseProperties(deliveryStreamShape, properties, context)
  const name = DeliveryStreamName ?? context.generatedName.slice(-64)
  const arn = context.account.arn('firehose', `deliverystream/${name}`)
  return { physicalId: name, arn, attributes: { Arn: arn } }
}

function checkSource({ MSKSourceConfiguration: source }: DeliveryStreamProperties, context: ResourceContext): void {
  const { RoleARN, Connectivity } = source.AuthenticationConfiguration
  checkServiceRole(RoleARN, service, context)
  const cluster = context.account.findByArn(source.MSKClusterARN)
  if (cluster?.type !== 'AWS::MSK::Cluster') throw refused(context, `The MSK cluster ${source.MSKClusterARN} does not exist`)
  if (Connectivity === 'PRIVATE' && !hasIam(cluster))
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
  // Without the integration Glue knows no table of any table bucket.
  const integrated = tablesCatalogMode(account) !== 'none'
  const faults = await Promise.all(
    destination.DestinationTableConfigurationList.map(
      async ({ DestinationDatabaseName: database, DestinationTableName: table, UniqueKeys }, index, all) => {
        const where = `${database}.${table}`
        if (all.slice(0, index).some((other) => other.DestinationDatabaseName === database && other.DestinationTableName === table))
          return [`${where} is configured twice`]
        const found = integrated ? await account.catalog.loadTable(database, table) : undefined
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
