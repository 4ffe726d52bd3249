import { parsePolicy } from '../../aws/authorization/document.ts'
import { policiesOf, serviceMay, sourceContext } from '../../aws/authorization/policies.ts'
import { accessOf } from '../../aws/authorize.ts'
import { AwsError } from '../../aws/endpoint.ts'
import { tablesCatalogMode } from '../../aws/glue.ts'
import { hasGrant } from '../../aws/lake-formation.ts'
import { clusterState, clusterStatus } from '../../aws/msk/cluster-state.ts'
import type { LocalAccount } from '../account.ts'
import type { DeliveryStreamProperties } from './delivery-stream-properties.ts'

/** What Firehose does with a role: the action, and on what. */
interface Need {
  readonly role: string
  readonly action: string
  readonly resources: readonly string[]
}

/**
 * What keeps Firehose from reading the cluster: the prerequisites of private connectivity, in the order in which they are met.
 * https://docs.aws.amazon.com/firehose/latest/dev/writing-with-msk.html
 */
export function clusterFaults(
  { MSKSourceConfiguration: source }: DeliveryStreamProperties,
  streamArn: string,
  account: LocalAccount,
): string[] {
  const arn = source.MSKClusterARN
  const state = clusterState(account, arn)
  const { state: status, vpcConnectivity } = clusterStatus(state, arn, Date.now())
  const statements = state.policy ? parsePolicy(JSON.parse(state.policy.document), `the policy of ${arn}`) : []
  const notActive = status === 'ACTIVE' ? [] : [`The MSK cluster ${arn} is in the ${status} state, and must be ACTIVE`]
  if (source.AuthenticationConfiguration.Connectivity === 'PUBLIC') return notActive
  const admitted = serviceMay(statements, 'firehose.amazonaws.com', 'kafka:CreateVpcConnection', arn, sourceContext(account, streamArn))
  return [
    ...notActive,
    ...(vpcConnectivity ? [] : [`Multi-VPC private connectivity is not enabled for IAM access control on the MSK cluster ${arn}`]),
    ...(admitted
      ? []
      : [
          `firehose.amazonaws.com is not authorized to perform: kafka:CreateVpcConnection on resource: ${arn} because no resource-based policy allows the kafka:CreateVpcConnection action`,
        ]),
  ]
}

/** What the stream's roles may not do, of what its work asks for; as the account's policies and, where they govern, Lake Formation's grants are. */
export function roleFaults(stream: DeliveryStreamProperties, account: LocalAccount): string[] {
  const policies = policiesOf(account)
  const access = accessOf(account, policies, { callerOf: () => undefined })
  const governed = tablesCatalogMode(account) === 'lake-formation'
  const needed = [...sourceNeeds(stream), ...tableNeeds(stream, account, governed), ...deliveryNeeds(stream, account)]
  const denied = needed.flatMap(({ role, action, resources }) => {
    try {
      access.authorize({ arn: role, roleArn: role }, action, resources)
      return []
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      return [error.message.replace(/^User: /, 'Role ')]
    }
  })
  return [...denied, ...(governed ? grantFaults(stream, account) : [])]
}

/** https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role, …/msk/latest/developerguide/kafka-actions.html */
function sourceNeeds({ MSKSourceConfiguration: source }: DeliveryStreamProperties): Need[] {
  const { MSKClusterARN: cluster, TopicName, AuthenticationConfiguration } = source
  const need = (action: string, resource: string): Need => ({ role: AuthenticationConfiguration.RoleARN, action, resources: [resource] })
  const topic = `${cluster.replace(':cluster/', ':topic/')}/${TopicName}`
  // Firehose draws the name of its consumer group.
  const group = `${cluster.replace(':cluster/', ':group/')}/drawn-by-firehose`
  return [
    need('kafka:GetBootstrapBrokers', '*'),
    ...['kafka:DescribeCluster', 'kafka:DescribeClusterV2', 'kafka-cluster:Connect'].map((action) => need(action, cluster)),
    ...['DescribeTopic', 'DescribeTopicDynamicConfiguration', 'ReadData'].map((action) => need(`kafka-cluster:${action}`, topic)),
    ...['DescribeGroup', 'AlterGroup'].map((action) => need(`kafka-cluster:${action}`, group)),
  ]
}

/** https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html: with Lake Formation it hands out the credentials for the data. */
function tableNeeds(
  { IcebergDestinationConfiguration: destination }: DeliveryStreamProperties,
  account: LocalAccount,
  governed: boolean,
): Need[] {
  const bucket = bucketOf(destination)
  const role = destination.RoleARN
  const bucketArn = account.arn('s3tables', `bucket/${bucket}`)
  const catalogs = ['catalog', 'catalog/s3tablescatalog', `catalog/s3tablescatalog/${bucket}`].map((path) => account.arn('glue', path))
  const wanted = destination.DestinationTableConfigurationList.flatMap(
    ({ DestinationDatabaseName: database, DestinationTableName: table }) => {
      const databaseArns = [...catalogs, account.arn('glue', `database/s3tablescatalog/${bucket}/${database}`)]
      const tableArns = [...databaseArns, account.arn('glue', `table/s3tablescatalog/${bucket}/${database}/${table}`)]
      const data = `${bucketArn}/table/${database}.${table}`
      return [
        { role, action: 'glue:GetDatabase', resources: databaseArns },
        ...['glue:GetTable', 'glue:UpdateTable'].map((action) => ({ role, action, resources: tableArns })),
        ...(governed
          ? [{ role, action: 'lakeformation:GetDataAccess', resources: ['*'] }]
          : [
              { role, action: 'glue:GetDatabases', resources: databaseArns },
              { role, action: 'glue:GetTables', resources: tableArns },
              ...['GetTableBucket', 'GetNamespace'].map((action) => ({ role, action: `s3tables:${action}`, resources: [bucketArn] })),
              ...['GetTable', 'GetTableData', 'GetTableMetadataLocation', 'PutTableData', 'UpdateTableMetadataLocation'].map((action) => ({
                role,
                action: `s3tables:${action}`,
                resources: [data],
              })),
            ]),
      ]
    },
  )
  // Each once: most are the same for every table.
  return [...new Map(wanted.map((need) => [JSON.stringify(need), need])).values()]
}

function needs(role: string, actions: readonly string[], resource: string): Need[] {
  return actions.map((action) => ({ role, action, resources: [resource] }))
}

function deliveryNeeds({ IcebergDestinationConfiguration: destination }: DeliveryStreamProperties, account: LocalAccount): Need[] {
  const { S3Configuration: s3, RoleARN, CloudWatchLoggingOptions: logging } = destination
  const processors = destination.ProcessingConfiguration?.Processors ?? []
  const key = s3.EncryptionConfiguration?.KMSEncryptionConfig?.AWSKMSKeyARN
  return [
    ...processors.flatMap(({ Parameters: { LambdaArn, RoleArn = RoleARN } }) =>
      needs(RoleArn, ['lambda:InvokeFunction', 'lambda:GetFunctionConfiguration'], LambdaArn),
    ),
    ...needs(s3.RoleARN, ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], s3.BucketARN),
    ...needs(s3.RoleARN, ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'], `${s3.BucketARN}/failed`),
    ...(key === undefined ? [] : needs(s3.RoleARN, ['kms:Decrypt', 'kms:GenerateDataKey'], key)),
    ...[
      { role: RoleARN, options: logging },
      { role: s3.RoleARN, options: s3.CloudWatchLoggingOptions },
    ].flatMap(({ role, options }) =>
      options?.Enabled
        ? needs(role, ['logs:PutLogEvents'], account.arn('logs', `log-group:${options.LogGroupName}:log-stream:${options.LogStreamName}`))
        : [],
    ),
  ]
}

/** Where the smallest set is documented nowhere: what writing rows, deleting them and committing comes to. */
const tableGrants = ['DESCRIBE', 'SELECT', 'INSERT', 'DELETE', 'ALTER']

function grantFaults({ IcebergDestinationConfiguration: destination }: DeliveryStreamProperties, account: LocalAccount): string[] {
  const tableBucket = bucketOf(destination)
  const role = destination.RoleARN
  const lacks = (on: { readonly database?: string; readonly table?: string }, permissions: readonly string[]) =>
    permissions.filter((permission) => !hasGrant(account, role, { tableBucket, ...on }, permission))
  return destination.DestinationTableConfigurationList.flatMap(({ DestinationDatabaseName: database, DestinationTableName: table }) => [
    ...lacks({ database }, ['DESCRIBE']).map(
      (permission) => `Role ${role}: Insufficient Lake Formation permission(s): Required ${permission} on ${database}`,
    ),
    ...lacks({ database, table }, tableGrants).map(
      (permission) => `Role ${role}: Insufficient Lake Formation permission(s): Required ${permission} on ${table}`,
    ),
  ])
}

/** `…:catalog/s3tablescatalog/<table bucket>` */
function bucketOf({ CatalogConfiguration }: DeliveryStreamProperties['IcebergDestinationConfiguration']): string {
  return CatalogConfiguration.CatalogArn.split('/').at(-1) ?? ''
}
