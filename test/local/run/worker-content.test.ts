import { join } from 'node:path'
import { CreateConnectorCommand, KafkaConnectClient } from '@aws-sdk/client-kafkaconnect'
import type { LocalAccount } from '../../../local/cloudformation/account.ts'
import { checkoutDirectory } from '../../../local/engines/paths.ts'
import { readDeployment } from '../../../local/run/deployment-file.ts'
import { workerContent } from '../../../local/run/worker-content.ts'
import { resourceNames } from '../../../pipeline/resource-names.ts'
import { type ConnectorFixture, connectorFixture } from '../aws/connector-fixture.ts'

const deployment = readDeployment(join(checkoutDirectory, 'local', 'deployment.json'))
const { pluginArnParameter, workerConfigurationArnParameter } = resourceNames(deployment)

let it: ConnectorFixture
beforeEach(async () => {
  it = await connectorFixture()
})
afterEach(() => it.close())

/** The account, with parameters that name what a connector should run. */
function naming(wanted?: { readonly plugin: string; readonly worker: string }): LocalAccount {
  const values: Record<string, string | undefined> = {
    [pluginArnParameter]: wanted?.plugin,
    [workerConfigurationArnParameter]: wanted?.worker,
  }
  return { ...it.fixture.place.account, parameter: (name) => values[name] }
}
const content = (wanted?: { readonly plugin: string; readonly worker: string }) => workerContent(naming(wanted), { deployment })

test('before there is a connector a worker runs what one is going to be made with; where nothing is deployed, none', async () => {
  expect(content()).toBeUndefined()
  const made = await it.deploy('b', 'b')
  const { plugin, properties } = content(made) ?? {}
  expect(plugin?.properties.Name).toBe('aurora-cdc-debezium-b')
  expect(properties).toEqual({ 'key.converter': 'a', 'value.converter': 'b', 'config.providers': 'secretsmanager' })
})

test('a connector’s worker goes on running what the connector was made with, whatever is deployed since', async () => {
  const client = new KafkaConnectClient(it.served.client())
  await client.send(new CreateConnectorCommand(it.request))
  client.destroy()
  const made = await it.deploy('b', 'b')
  expect(content(made)?.plugin.properties.Name).toBe('aurora-cdc-debezium-a')
  expect(content(made)?.id).not.toContain(made.plugin)
})
