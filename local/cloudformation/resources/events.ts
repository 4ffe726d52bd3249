import { z } from 'zod'
import { parseProperties, type ResourceProvider, refused, tags } from '../provider.ts'

const ruleShape = z.strictObject({
  Name: z
    .string()
    .regex(/^[.\-_A-Za-z0-9]{1,64}$/)
    .optional(),
  Description: z.string().max(512).optional(),
  EventPattern: z.record(z.string(), z.unknown()).refine((pattern) => Object.keys(pattern).length > 0, 'Event pattern is empty'),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Targets: z
    .array(
      z.strictObject({
        Arn: z.string(),
        Id: z.string().regex(/^[.\-_A-Za-z0-9]{1,64}$/),
        RetryPolicy: z.looseObject({}).optional(),
      }),
    )
    .min(1)
    .max(5),
  Tags: tags,
})

/** A rule as a record: events are matched and delivered by it. */
export const eventsRule: ResourceProvider = {
  type: 'AWS::Events::Rule',
  replacedBy: ['Name', 'EventBusName'],
  identify({ Name }, context) {
    const name = typeof Name === 'string' ? Name : context.generatedName.slice(-64)
    const arn = context.account.arn('events', `rule/${name}`)
    return { physicalId: name, arn, attributes: { Arn: arn } }
  },
  async check(properties, context) {
    const { Targets } = parseProperties(ruleShape, properties, context)
    for (const { Arn } of Targets) if (!context.account.findByArn(Arn)) throw refused(context, `The target ${Arn} does not exist`)
  },
}
