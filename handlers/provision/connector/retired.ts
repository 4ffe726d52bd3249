import {
  type ConnectorSummary,
  DeleteCustomPluginCommand,
  DeleteWorkerConfigurationCommand,
  type KafkaConnectClient,
  ListConnectorsCommand,
  ListCustomPluginsCommand,
  ListWorkerConfigurationsCommand,
} from '@aws-sdk/client-kafkaconnect'
import type { ProvisioningEnvironment, ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { isServiceException } from '../aws-errors.ts'

interface Made {
  readonly arn: string
  readonly name: string
  readonly creationTime: number
  readonly state: string
}

/**
 * Deletes plugins and worker configurations of this deployment that a connector was moved away from: older than the wanted one, so that what a
 * deployment under way has just made stays, and used by no connector.
 * @returns what was deleted, in sentences
 */
export async function deleteRetired(
  kafkaConnect: KafkaConnectClient,
  { connector }: Pick<ProvisioningPlan, 'connector'>,
  { pluginArn, workerConfigurationArn }: ProvisioningEnvironment,
): Promise<string[]> {
  const plugins = older(await listPlugins(kafkaConnect, connector.pluginPrefix), pluginArn)
  const configurations = older(await listConfigurations(kafkaConnect, connector.workerConfigurationPrefix), workerConfigurationArn)
  if (plugins.length + configurations.length === 0) return []
  const used = new Set((await listConnectors(kafkaConnect)).flatMap(usedBy))
  const did: string[] = []
  for (const { arn, name } of plugins.filter((plugin) => !used.has(plugin.arn))) {
    if (await isDeleted(() => kafkaConnect.send(new DeleteCustomPluginCommand({ customPluginArn: arn }))))
      did.push(`deleted the former plugin ${name}`)
  }
  for (const { arn, name } of configurations.filter((configuration) => !used.has(configuration.arn))) {
    if (await isDeleted(() => kafkaConnect.send(new DeleteWorkerConfigurationCommand({ workerConfigurationArn: arn })))) {
      did.push(`deleted the former worker configuration ${name}`)
    }
  }
  return did
}

function older(all: readonly Made[], wantedArn: string): Made[] {
  const wanted = all.find(({ arn }) => arn === wantedArn)
  return wanted ? all.filter(({ creationTime, state }) => creationTime < wanted.creationTime && state !== 'DELETING') : []
}

function usedBy({ plugins = [], workerConfiguration }: ConnectorSummary): (string | undefined)[] {
  return [...plugins.map(({ customPlugin }) => customPlugin?.customPluginArn), workerConfiguration?.workerConfigurationArn]
}

/** Another execution may be doing the same, or a connector of somebody's have begun to use it. */
async function isDeleted(send: () => Promise<unknown>): Promise<boolean> {
  try {
    await send()
    return true
  } catch (error) {
    if (isServiceException(error) && /^(NotFound|Conflict)Exception$/.test(error.name)) return false
    throw error
  }
}

async function listPlugins(kafkaConnect: KafkaConnectClient, namePrefix: string): Promise<Made[]> {
  const { customPlugins = [] } = await kafkaConnect.send(new ListCustomPluginsCommand({ namePrefix, maxResults: 100 }))
  return customPlugins.map(({ customPluginArn, name, creationTime, customPluginState }) =>
    made(customPluginArn, name, creationTime, customPluginState),
  )
}

async function listConfigurations(kafkaConnect: KafkaConnectClient, namePrefix: string): Promise<Made[]> {
  const { workerConfigurations = [] } = await kafkaConnect.send(new ListWorkerConfigurationsCommand({ namePrefix, maxResults: 100 }))
  return workerConfigurations.map(({ workerConfigurationArn, name, creationTime, workerConfigurationState }) =>
    made(workerConfigurationArn, name, creationTime, workerConfigurationState),
  )
}

function made(arn = '', name = '', creationTime: Date | undefined, state = ''): Made {
  return { arn, name, creationTime: Number(creationTime ?? 0), state }
}

async function listConnectors(kafkaConnect: KafkaConnectClient): Promise<ConnectorSummary[]> {
  const connectors: ConnectorSummary[] = []
  let nextToken: string | undefined
  do {
    const page = await kafkaConnect.send(new ListConnectorsCommand({ maxResults: 100, ...(nextToken === undefined ? {} : { nextToken }) }))
    connectors.push(...(page.connectors ?? []))
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return connectors
}
