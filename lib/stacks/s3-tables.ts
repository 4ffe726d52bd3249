import { type CfnResource, RemovalPolicy } from 'aws-cdk-lib'
import { CfnNamespace, CfnTable, CfnTableBucket } from 'aws-cdk-lib/aws-s3tables'
import { Construct } from 'constructs'
import { PipelineError } from '../../pipeline/errors.ts'
import { cloudFormationSchema, icebergSchema } from '../../pipeline/iceberg-schema.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { tableBucketArn } from '../arns.ts'
import { DeploymentStack, type StackSettings } from '../deployment-stack.ts'

/** CloudFormation's limit for a template is 1 MB; what is around the schemas of the largest number of tables needs the rest. */
const schemasLimitBytes = 750_000

/** The table bucket, the namespace, and one Iceberg table for each captured table. */
export class CdcS3Tables extends DeploymentStack {
  constructor(scope: Construct, { deployment, tables }: StackSettings) {
    super(scope, 'CdcS3Tables', deployment, 'Iceberg tables that are kept equal to the source', { suppressTemplateIndentation: true })
    refuseTooLarge(tables)
    const { tableBucket, namespace } = deployment
    const removalPolicy = deployment.onDestroy === 'delete' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN
    const bucketArn = tableBucketArn(this, tableBucket.name)
    let above: CfnResource | undefined
    const place = (resource: CfnResource) => {
      resource.applyRemovalPolicy(removalPolicy)
      if (above) resource.addResourceDependency(above)
      return resource
    }
    if (tableBucket.create) {
      above = place(
        new CfnTableBucket(this, 'TableBucket', {
          tableBucketName: tableBucket.name,
          encryptionConfiguration: { sseAlgorithm: 'AES256' },
          unreferencedFileRemoval: { status: 'Enabled', unreferencedDays: 3, noncurrentDays: 10 },
        }),
      )
    }
    if (namespace.create) above = place(new CfnNamespace(this, 'Namespace', { tableBucketArn: bucketArn, namespace: namespace.name }))
    // A scope of their own: ids directly under a stack lose their underscores, and `order_s` would meet `orders`.
    const scopeOfTables = new Construct(this, 'Tables')
    for (const table of tables) {
      const { SchemaV2FieldType, SchemaV2FieldList, IdentifierFieldIds } = cloudFormationSchema(icebergSchema(table))
      place(
        new CfnTable(scopeOfTables, table.iceberg, {
          tableBucketArn: bucketArn,
          namespace: namespace.name,
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
        }),
      )
    }
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
