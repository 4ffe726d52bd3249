import { CfnOutput, type CfnResource, RemovalPolicy } from 'aws-cdk-lib'
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam'
import { CfnNamespace, CfnTable, CfnTableBucket } from 'aws-cdk-lib/aws-s3tables'
import { Construct } from 'constructs'
import { PipelineError } from '../../pipeline/errors.ts'
import { cloudFormationSchema, icebergSchema } from '../../pipeline/iceberg-schema.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { acknowledgeWildcards } from '../acknowledge.ts'
import { tableBucketArn } from '../arns.ts'
import { DeploymentStack, type StackSettings } from '../deployment-stack.ts'
import { readTables, readTablesWildcards } from '../reading.ts'

/** CloudFormation's limit for a template is 1 MB; what is around the schemas of the largest number of tables needs the rest. */
const schemasLimitBytes = 750_000

/** The table bucket, the namespace, one Iceberg table for each captured table, and a policy for those who read them. */
export class CdcS3Tables extends DeploymentStack {
  constructor(scope: Construct, { deployment, tables }: StackSettings) {
    super(scope, 'CdcS3Tables', deployment, 'Iceberg tables that are kept equal to the source', { suppressTemplateIndentation: true })
    const created = this.toBeCreated(tables)
    refuseTooLarge(created)
    const { tableBucket, namespace, kmsKey } = deployment
    const bucketArn = tableBucketArn(this, tableBucket.name)
    let above: CfnResource | undefined
    const place = (resource: CfnResource) => {
      resource.applyRemovalPolicy(deployment.onDestroy === 'delete' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN)
      if (above) resource.addResourceDependency(above)
      return resource
    }
    if (tableBucket.create) {
      above = place(
        new CfnTableBucket(this, 'TableBucket', {
          tableBucketName: tableBucket.name,
          encryptionConfiguration: kmsKey === undefined ? { sseAlgorithm: 'AES256' } : { sseAlgorithm: 'aws:kms', kmsKeyArn: kmsKey },
          unreferencedFileRemoval: { status: 'Enabled', unreferencedDays: 3, noncurrentDays: 10 },
        }),
      )
    }
    if (namespace.create) above = place(new CfnNamespace(this, 'Namespace', { tableBucketArn: bucketArn, namespace: namespace.name }))
    // A scope of their own: ids directly under a stack lose their underscores, and `order_s` would meet `orders`.
    const scopeOfTables = new Construct(this, 'Tables')
    for (const table of created) place(this.table(scopeOfTables, bucketArn, table))
    this.readerPolicy()
    new CfnOutput(this, 'TableBucketName', { value: tableBucket.name, description: 'The table bucket, in Athena s3tablescatalog/<name>' })
    new CfnOutput(this, 'NamespaceName', { value: namespace.name, description: 'The namespace of the tables, in Athena the database' })
  }

  /** @throws PipelineError `InvalidDeployment` where a table is said to exist that is not declared. */
  private toBeCreated(tables: readonly CapturedTable[]): readonly CapturedTable[] {
    const { create, existing } = this.deployment.tables
    const unknown = existing.filter((name) => !tables.some(({ iceberg }) => iceberg === name))
    if (unknown.length > 0) {
      throw new PipelineError(
        'InvalidDeployment',
        `tables.existing: found ${unknown.join(', ')}, allowed: names of Iceberg tables that are declared: ${tables.map(({ iceberg }) => iceberg).join(', ')}`,
      )
    }
    return create ? tables.filter(({ iceberg }) => !existing.includes(iceberg)) : []
  }

  private table(scope: Construct, bucketArn: string, table: CapturedTable): CfnTable {
    const { SchemaV2FieldType, SchemaV2FieldList, IdentifierFieldIds } = cloudFormationSchema(icebergSchema(table))
    return new CfnTable(scope, table.iceberg, {
      tableBucketArn: bucketArn,
      namespace: this.deployment.namespace.name,
      tableName: table.iceberg,
      openTableFormat: 'ICEBERG',
      icebergMetadata: {
        icebergSchemaV2: {
          schemaV2FieldType: SchemaV2FieldType,
          schemaV2FieldList: SchemaV2FieldList.map(({ Id, Name, Required, Type }) => ({
            id: Id,
            name: Name,
            required: Required,
            type: Type,
          })),
          ...(IdentifierFieldIds && { identifierFieldIds: IdentifierFieldIds }),
        },
        // Firehose writes merge-on-read into format v2 only. https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-prereq.html
        tableProperties: { 'format-version': '2' },
      },
    })
  }

  /** For roles that query the tables, where IAM governs the catalog; attached to none. */
  private readerPolicy(): void {
    const policy = new ManagedPolicy(this, 'ReaderPolicy', {
      managedPolicyName: this.names.readerPolicy,
      description: 'Reads the Iceberg tables that are kept equal to the source',
      statements: readTables(this, this.deployment),
    })
    acknowledgeWildcards(policy, readTablesWildcards(this, this.deployment))
    new CfnOutput(this, 'ReaderPolicyArn', {
      value: policy.managedPolicyArn,
      description: 'Policy to attach to roles that query the tables',
    })
  }
}

/** @throws PipelineError `InvalidTables` where all schemas together do not fit a template. */
function refuseTooLarge(tables: readonly CapturedTable[]): void {
  const bytes = Buffer.byteLength(JSON.stringify(tables.map((table) => cloudFormationSchema(icebergSchema(table)))))
  if (bytes <= schemasLimitBytes) return
  const columns = tables.reduce((sum, table) => sum + table.columns.length, 0)
  throw new PipelineError(
    'InvalidTables',
    `${tables.length} tables with ${columns} columns do not fit one CloudFormation template (${bytes} bytes of schemas, ${schemasLimitBytes} fit): ` +
      'split them over several deployments, each with its own name prefix and tables file',
  )
}
