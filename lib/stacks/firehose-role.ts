import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { changeEventTopic } from '../../pipeline/names.ts'
import { deliveryStreamPrefix } from '../../pipeline/resource-names.ts'
import { acknowledgeWildcards } from '../acknowledge.ts'
import {
  bucketArn,
  deliveryStreamArn,
  functionArn,
  glueArns,
  glueTablesArn,
  kafkaResourceArn,
  logStreamArn,
  tableBucketArn,
} from '../arns.ts'
import { DeploymentStack, type StackSettings } from '../deployment-stack.ts'
import { encryptData } from '../keys.ts'
import { vpcNetworking, vpcNetworkingWildcards } from '../vpc-networking.ts'

const allow = (actions: string[], resources: string[]) => new PolicyStatement({ actions, resources })

/** The role that Firehose reads the topic, invokes the transform and writes the tables with. https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html */
export class CdcFirehoseRole extends DeploymentStack {
  constructor(scope: Construct, { deployment }: StackSettings) {
    super(scope, 'CdcFirehoseRole', deployment, 'What Firehose may do')
    const role = new Role(this, 'Role', {
      roleName: this.names.firehoseRole,
      description: 'Reads change events, invokes the transform, writes Iceberg tables',
      assumedBy: new ServicePrincipal('firehose.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': deployment.account },
          ArnLike: { 'aws:SourceArn': deliveryStreamArn(this, `${deliveryStreamPrefix(deployment)}*`) },
        },
      }),
      inlinePolicies: {
        Topic: new PolicyDocument({ statements: this.topic() }),
        Tables: new PolicyDocument({ statements: this.tables() }),
        Delivery: new PolicyDocument({ statements: this.delivery() }),
        Network: new PolicyDocument({ statements: vpcNetworking(this, deployment) }),
      },
    })
    acknowledgeWildcards(role, [
      [kafkaResourceArn(this, this.cluster, 'group', '*'), 'Firehose draws the name of its consumer group'],
      [`${tableBucketArn(this, deployment.tableBucket.name)}/table/*`, 'S3 Tables draws the id in the ARN of a table'],
      [glueTablesArn(this, deployment.tableBucket.name, deployment.namespace.name), 'All tables of the one namespace'],
      [`${bucketArn(this, this.names.errorBucket)}/*`, 'Objects of the one bucket'],
      ['*', 'kafka:GetBootstrapBrokers, lakeformation:GetDataAccess and what describes VPCs have no resource-level permissions'],
      ...vpcNetworkingWildcards(this).filter(([resource]) => resource !== '*'),
    ])
  }

  private get cluster(): string {
    return StringParameter.valueForStringParameter(this, this.names.clusterArnParameter)
  }

  private topic(): PolicyStatement[] {
    const { cluster } = this
    return [
      // Has no resource-level permissions.
      allow(['kafka:GetBootstrapBrokers'], ['*']),
      allow(['kafka:DescribeCluster', 'kafka:DescribeClusterV2', 'kafka-cluster:Connect'], [cluster]),
      allow(
        ['kafka-cluster:DescribeTopic', 'kafka-cluster:DescribeTopicDynamicConfiguration', 'kafka-cluster:ReadData'],
        [kafkaResourceArn(this, cluster, 'topic', changeEventTopic)],
      ),
      // Firehose names its consumer group itself.
      allow(['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup'], [kafkaResourceArn(this, cluster, 'group', '*')]),
    ]
  }

  private tables(): PolicyStatement[] {
    const { tableBucket, namespace } = this.deployment
    const bucket = tableBucketArn(this, tableBucket.name)
    return [
      allow(['s3tables:GetTableBucket', 's3tables:GetNamespace'], [bucket]),
      allow(
        [
          's3tables:GetTable',
          's3tables:GetTableData',
          's3tables:GetTableMetadataLocation',
          's3tables:PutTableData',
          's3tables:UpdateTableMetadataLocation',
        ],
        [`${bucket}/table/*`],
      ),
      allow(
        ['glue:GetDatabase', 'glue:GetDatabases', 'glue:GetTable', 'glue:GetTables', 'glue:UpdateTable'],
        glueArns(this, tableBucket.name, namespace.name),
      ),
      // Where Lake Formation governs the catalog it hands out the credentials for the data; the action has no resources.
      allow(['lakeformation:GetDataAccess'], ['*']),
    ]
  }

  private delivery(): PolicyStatement[] {
    const { names } = this
    const transform = functionArn(this, names.transformFunction)
    const errors = bucketArn(this, names.errorBucket)
    return [
      allow(['lambda:InvokeFunction', 'lambda:GetFunctionConfiguration'], [transform, `${transform}:$LATEST`]),
      allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], [errors]),
      allow(['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'], [`${errors}/*`]),
      allow(
        ['logs:PutLogEvents'],
        [names.firehoseLogStream, names.errorLogStream].map((stream) => logStreamArn(this, names.firehoseLogGroup, stream)),
      ),
      ...encryptData(this.deployment.kmsKey),
    ]
  }
}
