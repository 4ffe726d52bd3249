import { z } from 'zod'
import { parseProperties, type ResourceProvider, refused, tags } from '../provider.ts'

const topicShape = z.strictObject({
  TopicName: z.string().regex(/^[A-Za-z0-9_-]{1,256}$/),
  DisplayName: z.string().max(100).optional(),
  KmsMasterKeyId: z.string().optional(),
  Tags: tags,
})

/** A topic as a record: nothing is published here. */
export const snsTopic: ResourceProvider = {
  type: 'AWS::SNS::Topic',
  replacedBy: ['TopicName'],
  identify(properties, context) {
    const { TopicName } = parseProperties(topicShape, properties, context)
    const arn = context.account.arn('sns', TopicName)
    return { physicalId: arn, arn, attributes: { TopicArn: arn, TopicName } }
  },
}

const topicPolicyShape = z.strictObject({
  Topics: z.array(z.string()).min(1),
  PolicyDocument: z.looseObject({ Statement: z.array(z.unknown()).min(1) }),
})

export const snsTopicPolicy: ResourceProvider = {
  type: 'AWS::SNS::TopicPolicy',
  replacedBy: [],
  identify: (_properties, { generatedName }) => ({ physicalId: generatedName, attributes: { Id: generatedName } }),
  async check(properties, context) {
    for (const topic of parseProperties(topicPolicyShape, properties, context).Topics)
      if (!context.account.findByArn(topic)) throw refused(context, `Topic does not exist: ${topic}`)
  },
}

const subscriptionShape = z.strictObject({ Protocol: z.literal('email'), TopicArn: z.string(), Endpoint: z.email() })

export const snsSubscription: ResourceProvider = {
  type: 'AWS::SNS::Subscription',
  replacedBy: ['Protocol', 'TopicArn', 'Endpoint'],
  identify(properties, context) {
    const { TopicArn } = parseProperties(subscriptionShape, properties, context)
    const arn = `${TopicArn}:${context.unique.slice(0, 8)}-${context.unique.slice(8, 12)}`
    return { physicalId: arn, arn, attributes: { Arn: arn } }
  },
  async check(properties, context) {
    const { TopicArn } = parseProperties(subscriptionShape, properties, context)
    if (!context.account.findByArn(TopicArn)) throw refused(context, `Topic does not exist: ${TopicArn}`)
  },
}
