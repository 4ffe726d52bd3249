import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { resourceNames } from '../../pipeline/resource-names.ts'
import { connectState } from '../aws/msk-connect/connector-state.ts'
import type { DeployedResource, LocalAccount } from '../cloudformation/account.ts'
import { scalarText } from '../cloudformation/json.ts'
import { workerConfigurationEntries } from '../cloudformation/resources/kafka-connect.ts'
import { unzip } from '../engines/unzip.ts'
import type { EnginePlace } from './engines.ts'

/** What a worker runs: a plugin and a worker configuration, as they are deployed. */
export interface WorkerContent {
  /** ARNs of both: another one is another worker. */
  readonly id: string
  readonly plugin: DeployedResource
  readonly properties: Readonly<Record<string, string>>
}

/** What the connector was created with; before there is one, what it is going to be created with. Undefined: neither is deployed. */
export function workerContent(account: LocalAccount, { deployment }: Pick<EnginePlace, 'deployment'>): WorkerContent | undefined {
  const names = resourceNames(deployment)
  const request = connectState(account).get().connectors[names.connector]?.request
  const pluginArn = request?.plugins[0]?.customPlugin.customPluginArn ?? account.parameter(names.pluginArnParameter)
  const configurationArn = request?.workerConfiguration?.workerConfigurationArn ?? account.parameter(names.workerConfigurationArnParameter)
  const [plugin, configuration] = [pluginArn, configurationArn].map((arn) => (arn === undefined ? undefined : account.findByArn(arn)))
  if (!plugin || !configuration) return undefined
  const properties = Object.fromEntries(workerConfigurationEntries(scalarText(configuration.properties.PropertiesFileContent)))
  return { id: `${pluginArn} ${configurationArn}`, plugin, properties }
}

/** Unpacks the published plugin, as MSK Connect does. @returns Kafka Connect's `plugin.path` */
export function unpackedPlugin({ plugin }: WorkerContent, { paths }: Pick<EnginePlace, 'paths'>): string {
  const all = join(paths.connect, 'plugins')
  const own = join(all, scalarText(plugin.properties.Name))
  mkdirSync(own, { recursive: true })
  for (const name of readdirSync(all)) if (join(all, name) !== own) rmSync(join(all, name), { recursive: true })
  // The name has the hash of the content: what is there is the same.
  const folder = join(own, 'plugin')
  if (!existsSync(folder)) unzip(scalarText(plugin.local.file), folder)
  return own
}
