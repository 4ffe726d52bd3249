import { z } from 'zod'
import { CatalogError } from '../../iceberg/catalog.ts'
import { parseProperties, type ResourceProvider, refused, tags } from '../provider.ts'

const bucketShape = z.strictObject({
  TableBucketName: z.string().regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/),
  EncryptionConfiguration: z.strictObject({ SSEAlgorithm: z.enum(['AES256', 'aws:kms']), KMSKeyArn: z.string().optional() }).optional(),
  UnreferencedFileRemoval: z
    .strictObject({
      Status: z.enum(['Enabled', 'Disabled']).optional(),
      UnreferencedDays: z.int().min(1).optional(),
      NoncurrentDays: z.int().min(1).optional(),
    })
    .optional(),
  MetricsConfiguration: z.strictObject({ Status: z.enum(['Enabled', 'Disabled']).optional() }).optional(),
  StorageClassConfiguration: z.strictObject({ StorageClass: z.enum(['STANDARD', 'INTELLIGENT_TIERING']) }).optional(),
  Tags: tags,
})

/** The one table bucket that the local catalog is. */
export const s3TablesTableBucket: ResourceProvider = {
  type: 'AWS::S3Tables::TableBucket',
  replacedBy: ['TableBucketName'],
  identify(properties, context) {
    const { TableBucketName } = parseProperties(bucketShape, properties, context)
    const arn = context.account.arn('s3tables', `bucket/${TableBucketName}`)
    return { physicalId: arn, arn, attributes: { TableBucketARN: arn } }
  },
  async check(_properties, context) {
    const { account, stack, logicalId } = context
    const other = account.find('AWS::S3Tables::TableBucket').find((bucket) => bucket.stack !== stack || bucket.logicalId !== logicalId)
    if (other)
      throw refused(
        context,
        `the local catalog is one table bucket, and that is ${other.physicalId}: use it with "create": false, or another data folder`,
      )
  },
  async delete(resource, account) {
    const namespace = account.find('AWS::S3Tables::Namespace').find((other) => other.properties.TableBucketARN === resource.physicalId)
    if (namespace) throw refused(resource, `The bucket that you tried to delete is not empty: it has the namespace ${namespace.physicalId}`)
  },
}

const namespaceShape = z.strictObject({
  TableBucketARN: z.string(),
  Namespace: z.string().regex(/^(?!aws)[a-z0-9][a-z0-9_]{0,254}$/),
})

export const s3TablesNamespace: ResourceProvider = {
  type: 'AWS::S3Tables::Namespace',
  replacedBy: ['TableBucketARN', 'Namespace'],
  identify(properties, context) {
    return { physicalId: parseProperties(namespaceShape, properties, context).Namespace }
  },
  async check(properties, context) {
    const { TableBucketARN } = parseProperties(namespaceShape, properties, context)
    if (!context.account.findByArn(TableBucketARN)) throw refused(context, `The specified table bucket does not exist: ${TableBucketARN}`)
  },
  async create(properties, { account }) {
    await account.catalog.createNamespace(parseProperties(namespaceShape, properties, { stack: '', logicalId: '' }).Namespace)
  },
  async delete({ physicalId, stack, logicalId }, { catalog }) {
    const answer = await fetch(`${catalog.uri}/v1/namespaces/${encodeURIComponent(physicalId)}`, { method: 'DELETE' })
    if (answer.status === 409) throw refused({ stack, logicalId }, `The namespace that you tried to delete is not empty: ${physicalId}`)
    if (!answer.ok && answer.status !== 404) throw new CatalogError(answer.status, `namespace ${physicalId}: ${await answer.text()}`)
  },
}
