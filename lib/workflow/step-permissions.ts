import type { Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { Deployment } from '../../pipeline/deployment.ts'
import type { StepName } from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import type { ResourceNames } from '../../pipeline/resource-names.ts'
import {
  athenaWorkgroupArn,
  bucketArn,
  connectorArn,
  deliveryStreamArn,
  glueArns,
  glueRootArns,
  glueTablesArn,
  kafkaConnectArn,
  kafkaResourceArn,
  logGroupArn,
  roleArn as namedRoleArn,
  tableBucketArn,
} from '../arns.ts'
import { decryptSecrets, encryptData } from '../keys.ts'
import { allow, anywhere, logDeliveryActions, noPermissions, type Permissions, together } from '../permissions.ts'
import { readTables, readTablesWildcards } from '../reading.ts'
import { vpcNetworking, vpcNetworkingWildcards } from '../vpc-networking.ts'
import { deleteConnector, deleteOffsets, lookAtConnector } from './removal-permissions.ts'

export interface StepPermissionsSettings {
  readonly stack: Stack
  readonly deployment: Deployment
  readonly names: ResourceNames
  readonly plan: ProvisioningPlan
  readonly clusterArn: string
}

/** What each step's role may do: no more than its calls need. */
export function stepPermissions(settings: StepPermissionsSettings): Record<StepName, Permissions> {
  const { plan } = settings
  const { preparationSecret, debeziumSecret } = plan.source
  const cluster = clusterPermissions(settings)
  const topic = topicPermissions(settings)
  const connector = connectorPermissions(settings)
  const athena = athenaPermissions(settings)
  const asPreparation = dataApi(settings, [preparationSecret])
  const asBoth = dataApi(settings, [preparationSecret, debeziumSecret])
  const connectorLog = allow(
    ['logs:FilterLogEvents'],
    [logGroupArn(settings.stack, plan.connector.logGroup)],
    [[logGroupArn(settings.stack, plan.connector.logGroup), 'The log streams of the one log group']],
  )
  const stream = allow(['firehose:DescribeDeliveryStream'], [deliveryStreamArn(settings.stack, plan.deliveryStream)])
  return {
    'check-request': together(stream, allow(['states:ListExecutions'], [plan.stateMachines.teardown])),
    'check-source': asBoth,
    'ensure-source': asBoth,
    'ensure-vpc-connectivity': together(cluster.describe, cluster.describeOperation, cluster.connect),
    'await-vpc-connectivity': together(cluster.describe, cluster.describeOperation),
    'check-catalog': allow(['glue:GetCatalog'], glueRootArns(settings.stack)),
    'ensure-grants': grantPermissions(settings),
    'check-columns': lookAtTables(settings),
    'ensure-cluster-policy': cluster.policy,
    'ensure-topic': together(cluster.describe, topic.look, topic.change),
    'await-topic': topic.look,
    'signal-delivery-ready': noPermissions,
    'await-delivery-stream': stream,
    'ensure-columns': together(athena, alterTables(settings)),
    'ensure-slot-forgotten': together(asBoth, lookAtConnector(settings), deleteConnector(settings), deleteOffsets(settings)),
    'ensure-connector': together(cluster.bootstrap, connector.look, connector.change),
    'await-connector': together(connector.look, connectorLog),
    'await-snapshot': together(asPreparation, connectorLog),
    'ensure-snapshot-requests': asPreparation,
    'ensure-tables-scanned': together(asPreparation, connectorLog),
    'ensure-canary': asPreparation,
    'await-canary': together(asPreparation, athena, anywhere(['cloudwatch:GetMetricData'], 'Metrics have no resource-level permissions')),
    'ensure-vanished-removed': together(asPreparation, athena, connectorLog, alterTables(settings)),
    'ensure-snapshots-completed': asPreparation,
    'await-row-counts': athena,
    report: noPermissions,
  }
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.access.html */
export function dataApi({ stack, deployment, plan }: StepPermissionsSettings, secrets: string[]): Permissions {
  return together(allow(['rds-data:ExecuteStatement'], [plan.source.clusterArn]), allow(['secretsmanager:GetSecretValue'], secrets), {
    statements: decryptSecrets(stack, deployment.secrets.kmsKey),
    wildcards: [],
  })
}

function clusterPermissions({ clusterArn }: StepPermissionsSettings) {
  return {
    describe: allow(['kafka:DescribeClusterV2'], [clusterArn]),
    describeOperation: anywhere(['kafka:DescribeClusterOperationV2'], 'kafka:DescribeClusterOperationV2 has no resource-level permissions'),
    bootstrap: anywhere(['kafka:GetBootstrapBrokers'], 'kafka:GetBootstrapBrokers has no resource-level permissions'),
    /** With what MSK looks up in the VPC in the caller's name. https://docs.aws.amazon.com/msk/latest/developerguide/security-iam-awsmanpol-AmazonMSKFullAccess.html */
    connect: together(
      allow(['kafka:UpdateConnectivity'], [clusterArn]),
      anywhere(
        ['ec2:DescribeRouteTables', 'ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcEndpoints', 'ec2:DescribeVpcs'],
        'What describes a VPC has no resource-level permissions',
      ),
    ),
    policy: allow(['kafka:GetClusterPolicy', 'kafka:PutClusterPolicy'], [clusterArn]),
  }
}

/** MSK takes Kafka's own actions in the caller's name. https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html */
function topicPermissions({ stack, clusterArn, plan }: StepPermissionsSettings) {
  const topic = kafkaResourceArn(stack, clusterArn, 'topic', plan.topic.name)
  return {
    look: together(
      allow(['kafka-cluster:Connect'], [clusterArn]),
      allow(['kafka:DescribeTopic', 'kafka-cluster:DescribeTopic', 'kafka-cluster:DescribeTopicDynamicConfiguration'], [topic]),
    ),
    change: allow(
      [
        'kafka:CreateTopic',
        'kafka:UpdateTopic',
        'kafka-cluster:AlterTopic',
        'kafka-cluster:AlterTopicDynamicConfiguration',
        'kafka-cluster:CreateTopic',
      ],
      [topic],
    ),
  }
}

/** https://docs.aws.amazon.com/lake-formation/latest/dg/access-control-underlying-data.html; where IAM governs the catalog none of it is called. */
function grantPermissions({ plan }: StepPermissionsSettings): Permissions {
  const administrators = ['lakeformation:GetDataLakeSettings', 'lakeformation:PutDataLakeSettings']
  return anywhere(
    [
      'lakeformation:GrantPermissions',
      'lakeformation:ListPermissions',
      // For the teardown: Lake Formation lets this role revoke what it granted.
      'lakeformation:RevokePermissions',
      ...(plan.lakeFormation.addAdministrator ? administrators : []),
    ],
    'Lake Formation has no resource-level permissions: its own grants are what limits who may grant what',
  )
}

/** https://docs.aws.amazon.com/msk/latest/developerguide/mkc-iam-policy-examples.html */
function connectorPermissions({ stack, deployment, plan }: StepPermissionsSettings) {
  const { name, pluginPrefix, workerConfigurationPrefix, roleArn } = plan.connector
  const own = connectorArn(stack, name)
  const operations = kafkaConnectArn(stack, 'connector-operation', `${name}/*/*`)
  const plugins = kafkaConnectArn(stack, 'custom-plugin', `${pluginPrefix}*/*`)
  const configurations = kafkaConnectArn(stack, 'worker-configuration', `${workerConfigurationPrefix}*/*`)
  const drawn = 'MSK Connect draws the ids in these ARNs'
  const serviceRole = namedRoleArn(stack, 'aws-service-role/kafkaconnect.amazonaws.com/AWSServiceRoleForKafkaConnect*')
  return {
    look: together(
      anywhere(
        ['kafkaconnect:ListConnectors'],
        'What lists connectors, plugins and worker configurations has no resource-level permissions',
      ),
      allow(['kafkaconnect:DescribeConnector', 'kafkaconnect:ListConnectorOperations'], [own], [[own, drawn]]),
      allow(['kafkaconnect:DescribeConnectorOperation'], [operations], [[operations, drawn]]),
    ),
    change: together(
      anywhere(
        ['kafkaconnect:CreateConnector', 'kafkaconnect:ListCustomPlugins', 'kafkaconnect:ListWorkerConfigurations'],
        'kafkaconnect:CreateConnector has no resource-level permissions; what limits it is the one role that may be passed',
      ),
      allow(['kafkaconnect:UpdateConnector', 'kafkaconnect:DeleteConnector'], [own], [[own, drawn]]),
      allow(['kafkaconnect:DeleteCustomPlugin'], [plugins], [[plugins, drawn]]),
      allow(['kafkaconnect:DeleteWorkerConfiguration'], [configurations], [[configurations, drawn]]),
      passTo('kafkaconnect.amazonaws.com', roleArn),
      // MSK Connect does these in the caller's name: the workers' network interfaces, the delivery of their logs, and its service-linked role at the first connector.
      { statements: vpcNetworking(stack, deployment), wildcards: vpcNetworkingWildcards(stack) },
      anywhere([...logDeliveryActions], 'What delivers logs has no resource-level permissions'),
      {
        statements: [
          new PolicyStatement({
            actions: ['iam:CreateServiceLinkedRole'],
            resources: [serviceRole],
            conditions: { StringEquals: { 'iam:AWSServiceName': 'kafkaconnect.amazonaws.com' } },
          }),
          new PolicyStatement({ actions: ['iam:AttachRolePolicy', 'iam:PutRolePolicy'], resources: [serviceRole] }),
        ],
        wildcards: [[serviceRole, "MSK Connect's own service-linked role; its name may have a suffix"]],
      },
    ),
  }
}

function passTo(service: string, role: string): Permissions {
  const conditions = { StringEquals: { 'iam:PassedToService': service } }
  return { statements: [new PolicyStatement({ actions: ['iam:PassRole'], resources: [role], conditions })], wildcards: [] }
}

/** Queries of the Iceberg tables in the one workgroup, and its results. https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html */
function athenaPermissions({ stack, deployment, names, plan }: StepPermissionsSettings): Permissions {
  const results = bucketArn(stack, names.queryResultsBucket)
  return together(
    allow(
      ['athena:GetQueryExecution', 'athena:GetQueryResults', 'athena:StartQueryExecution'],
      [athenaWorkgroupArn(stack, plan.workgroup)],
    ),
    allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], [results]),
    allow(
      ['s3:AbortMultipartUpload', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'],
      [`${results}/*`],
      [[`${results}/*`, 'Results of the checks, which Athena names']],
    ),
    lookAtTables({ stack, deployment }),
  )
}

/** What a table is in Glue, and what Glue looks up in the caller's name. */
function lookAtTables({ stack, deployment }: Pick<StepPermissionsSettings, 'stack' | 'deployment'>): Permissions {
  return { statements: readTables(stack, deployment), wildcards: readTablesWildcards(stack, deployment) }
}

/** What Athena's DELETE and ALTER TABLE commit in the caller's name. https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-integrating-athena.html */
function alterTables({ stack, deployment }: StepPermissionsSettings): Permissions {
  const tables = `${tableBucketArn(stack, deployment.tableBucket.name)}/table/*`
  const glue = glueArns(stack, deployment.tableBucket.name, deployment.namespace.name)
  return together(
    allow(
      ['s3tables:PutTableData', 's3tables:UpdateTableMetadataLocation'],
      [tables],
      [[tables, 'S3 Tables draws the id in the ARN of a table']],
    ),
    allow(['glue:UpdateTable'], glue, [
      [glueTablesArn(stack, deployment.tableBucket.name, deployment.namespace.name), 'All tables of the one namespace'],
    ]),
    { statements: encryptData(deployment.kmsKey), wildcards: [] },
  )
}
