import { z } from 'zod'
import { parseProperties, type ResourceProvider, refused, tags } from '../provider.ts'

const workgroupShape = z.strictObject({
  Name: z.string().regex(/^[a-zA-Z0-9._-]{1,128}$/),
  Description: z.string().max(1024).optional(),
  State: z.enum(['ENABLED', 'DISABLED']).optional(),
  RecursiveDeleteOption: z.boolean().optional(),
  WorkGroupConfiguration: z.strictObject({
    EnforceWorkGroupConfiguration: z.boolean().optional(),
    PublishCloudWatchMetricsEnabled: z.boolean().optional(),
    BytesScannedCutoffPerQuery: z.number().min(10_000_000).optional(),
    RequesterPaysEnabled: z.boolean().optional(),
    EngineVersion: z.strictObject({ SelectedEngineVersion: z.enum(['AUTO', 'Athena engine version 3']) }).optional(),
    ResultConfiguration: z.strictObject({
      OutputLocation: z.string().regex(/^s3:\/\/[^/]+\/.*$/),
      EncryptionConfiguration: z.strictObject({
        EncryptionOption: z.enum(['SSE_S3', 'SSE_KMS', 'CSE_KMS']),
        KmsKey: z.string().optional(),
      }),
    }),
  }),
  Tags: tags,
})

/** A workgroup as a record: queries are run by its settings. https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateWorkGroup.html */
export const athenaWorkgroup: ResourceProvider = {
  type: 'AWS::Athena::WorkGroup',
  replacedBy: ['Name'],
  identify(properties, context) {
    const { Name } = parseProperties(workgroupShape, properties, context)
    return { physicalId: Name, arn: context.account.arn('athena', `workgroup/${Name}`) }
  },
  async check(properties, context) {
    const { OutputLocation } = parseProperties(workgroupShape, properties, context).WorkGroupConfiguration.ResultConfiguration
    const [, bucket = ''] = /^s3:\/\/([^/]+)\//.exec(OutputLocation) ?? []
    // Athena takes a bucket that is not there, and fails every query then.
    if (!context.account.find('AWS::S3::Bucket').some(({ physicalId }) => physicalId === bucket))
      throw refused(context, `The bucket of the output location ${OutputLocation} does not exist`)
  },
}
