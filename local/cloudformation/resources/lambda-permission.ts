import { z } from 'zod'
import { parseProperties, type ResourceProvider, refused } from '../provider.ts'

const permissionShape = z.strictObject({
  Action: z.string().regex(/^lambda:[A-Za-z]+$/),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string().startsWith('arn:').optional(),
  SourceAccount: z
    .string()
    .regex(/^\d{12}$/)
    .optional(),
})

/** A statement of a function's own policy. */
export const lambdaPermission: ResourceProvider = {
  type: 'AWS::Lambda::Permission',
  replacedBy: ['Action', 'FunctionName', 'Principal', 'SourceAccount', 'SourceArn'],
  identify: (_properties, { generatedName }) => ({ physicalId: generatedName, attributes: { Id: generatedName } }),
  async check(properties, context) {
    const { FunctionName } = parseProperties(permissionShape, properties, context)
    const exists = context.account
      .find('AWS::Lambda::Function')
      .some(({ arn, physicalId }) => FunctionName === arn || FunctionName === physicalId)
    if (!exists) throw refused(context, `Function not found: ${FunctionName}`)
  },
}
