import { z } from 'zod'
import { noteMade } from '../../aws/msk-connect/connector-state.ts'
import type { JsonObject } from '../json.ts'
import { parseProperties, type ResourceContext, type ResourceProvider, refused, tags, uuidOf } from '../provider.ts'

const name = z.string().regex(/^[A-Za-z0-9-]{1,128}$/, '1 to 128 letters, digits and hyphens')

const pluginShape = z.strictObject({
  Name: name,
  Description: z.string().max(1024).optional(),
  ContentType: z.enum(['JAR', 'ZIP']),
  Location: z.strictObject({
    S3Location: z.strictObject({ BucketArn: z.string(), FileKey: z.string(), ObjectVersion: z.string().optional() }),
  }),
  Tags: tags,
})

/** A plugin, from an object that the deployment publishes. https://docs.aws.amazon.com/msk/latest/developerguide/msk-connect-plugins.html */
export const customPlugin: ResourceProvider = {
  type: 'AWS::KafkaConnect::CustomPlugin',
  replacedBy: ['Name', 'Description', 'ContentType', 'Location'],
  replacementAdvice: 'give the plugin a name that changes with its content',
  identify(properties, context) {
    const { Name, Location } = parseProperties(pluginShape, properties, context)
    const { BucketArn, FileKey } = Location.S3Location
    const asset = context.asset(BucketArn.split(':').at(-1) ?? '', FileKey)
    if (!asset) throw refused(context, `The S3 object ${FileKey} in ${BucketArn} does not exist: the assembly does not publish it`)
    const arn = context.account.arn('kafkaconnect', `custom-plugin/${Name}/${uuidOf(context)}-1`)
    return {
      physicalId: arn,
      arn,
      key: Name,
      attributes: { CustomPluginArn: arn, Revision: 1 },
      local: { file: context.account.publish(asset) },
    }
  },
  create: async (properties, context) => await noteCreation(customPlugin, properties, context),
}

const workerShape = z.strictObject({
  Name: name,
  Description: z.string().max(1024).optional(),
  PropertiesFileContent: z.base64(),
  Tags: tags,
})

/** https://docs.aws.amazon.com/msk/latest/developerguide/msk-connect-supported-worker-config-properties.html */
const refusedKeys =
  /^(admin|client|connect|internal|rest|sasl|security|ssl|metrics|worker)\.|^(bootstrap\.servers|config\.storage\.topic|status\.storage\.topic|group\.id|plugin\.path|connector\.client\.config\.override\.policy)$/
const mandatoryKeys = ['key.converter', 'value.converter']

export const workerConfiguration: ResourceProvider = {
  type: 'AWS::KafkaConnect::WorkerConfiguration',
  replacedBy: ['Name', 'Description', 'PropertiesFileContent'],
  replacementAdvice: 'give the worker configuration a name that changes with its content',
  identify(properties, context) {
    const { Name } = parseProperties(workerShape, properties, context)
    const arn = context.account.arn('kafkaconnect', `worker-configuration/${Name}/${uuidOf(context)}-1`)
    return { physicalId: arn, arn, key: Name, attributes: { WorkerConfigurationArn: arn, Revision: 1 } }
  },
  async check(properties, context) {
    const keys = workerConfigurationEntries(parseProperties(workerShape, properties, context).PropertiesFileContent).map(([key]) => key)
    const faults = [
      ...keys.filter((key) => refusedKeys.test(key)).map((key) => `${key} cannot be set in a worker configuration`),
      ...mandatoryKeys.filter((key) => !keys.includes(key)).map((key) => `${key} is missing`),
    ]
    if (faults.length > 0) throw refused(context, `PropertiesFileContent: ${faults.join('; ')}`)
  },
  create: async (properties, context) => await noteCreation(workerConfiguration, properties, context),
}

/** MSK Connect tells when each was made. */
async function noteCreation(provider: ResourceProvider, properties: JsonObject, context: ResourceContext): Promise<void> {
  const { arn } = provider.identify(properties, context)
  if (arn !== undefined) await noteMade(context.account, arn, Date.now())
}

/** Keys and values of a properties file as base64. */
export function workerConfigurationEntries(content: string): [string, string][] {
  return Buffer.from(content, 'base64')
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const at = line.indexOf('=')
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    })
}
