import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { scalarText } from '../json.ts'
import { type ResourceProvider, refused } from '../provider.ts'

/** A folder that holds the bucket's objects as files. */
export const s3Bucket: ResourceProvider = {
  type: 'AWS::S3::Bucket',
  replacedBy: ['BucketName'],
  identify({ BucketName }, { account, generatedName }) {
    const name = typeof BucketName === 'string' ? BucketName : generatedName.toLowerCase().slice(-63)
    const arn = account.arn('s3', name, { region: '', account: '' })
    const suffix = account.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'
    return {
      physicalId: name,
      arn,
      attributes: { Arn: arn, DomainName: `${name}.s3.${suffix}`, RegionalDomainName: `${name}.s3.${account.region}.${suffix}` },
      local: { directory: join(account.bucketsDirectory, name) },
    }
  },
  async check({ BucketName }, context) {
    if (BucketName !== undefined && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(scalarText(BucketName)))
      throw refused(context, 'Bucket name should be 3 to 63 lower-case letters, digits, dots and hyphens')
  },
  async create(properties, context) {
    mkdirSync(join(context.account.bucketsDirectory, s3Bucket.identify(properties, context).physicalId), { recursive: true })
  },
  async delete(resource, account) {
    const directory = join(account.bucketsDirectory, resource.physicalId)
    if (!existsSync(directory)) return
    if (readdirSync(directory).length > 0) throw refused(resource, 'The bucket you tried to delete is not empty')
    rmdirSync(directory)
  },
}
