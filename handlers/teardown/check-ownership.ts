import { KafkaConnectClient } from '@aws-sdk/client-kafkaconnect'
import { RDSDataClient } from '@aws-sdk/client-rds-data'
import { walEndQuery } from '../../pipeline/canary-sql.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import { replicationSlot } from '../../pipeline/names.ts'
import type { StepRequest } from '../../pipeline/provisioning.ts'
import { textOf } from '../../pipeline/source-query.ts'
import { notOurs, readRemains, type SourceRemains } from '../../pipeline/source-teardown.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { type OwnershipAnswer, type TeardownRequest, teardownInput } from '../../pipeline/teardown.ts'
import { clientSettings, dataApiSettings } from '../aws-clients.ts'
import { type Connector, findConnector } from '../provision/connector/find-connector.ts'
import { dataApi } from '../provision/data-api.ts'
import { type StepPlace, stepHandler } from '../provision/step.ts'

const kafkaConnect = new KafkaConnectClient(clientSettings)
const rdsData = new RDSDataClient(dataApiSettings)
export const handler = stepHandler('check-ownership', checkOwnership)

/**
 * Looks at everything that will be removed at the source, and at the connector: whose is it, and is there something to wait for?
 * @throws PipelineError `NotOurs`, `NotDrained`, those of `dataApi`
 */
export async function checkOwnership(
  request: StepRequest<object, OwnershipAnswer, TeardownRequest>,
  { plan, now }: StepPlace,
): Promise<OwnershipAnswer> {
  const source = dataApi(rdsData, plan.source, plan.source.preparationSecret).query
  const connector = await findConnector(kafkaConnect, plan.connector.name)
  const remains = await readRemains(source)
  const obstacles = [...notOurs(remains), ...foreignConnector(connector, plan.connector.roleArn)]
  if (obstacles.length > 0) {
    throw new PipelineError(
      'NotOurs',
      `The teardown removes only what this pipeline created. Nothing was changed.\n${obstacles.map((obstacle) => `- ${obstacle}`).join('\n')}`,
    )
  }
  const [end] = await source(walEndQuery)
  if (!end) throw new Error('the source answered no LSN')
  const { drains, undelivered } = draining(request.request.drain, connector, remains, plan.connector.name)
  const there = [
    connector && `the connector ${plan.connector.name}`,
    ...(['schema', 'publication', 'slot'] as const).map((what) => remains[what] && `the ${what}`),
  ].filter(Boolean)
  const seen = there.length === 0 ? 'nothing of the pipeline is at the source, and there is no connector' : `found ${there.join(', ')}`
  return { ...ready(request, now(), { seen }), drains, undelivered, lsn: textOf(end, 'lsn') }
}

function foreignConnector(connector: Connector | undefined, roleArn: string): string[] {
  if (!connector || connector.serviceExecutionRoleArn === roleArn) return []
  return [
    `the connector ${connector.connectorName} (${connector.connectorArn}) runs as ${connector.serviceExecutionRoleArn}, which is not this deployment's role. Delete it yourself if nothing needs it`,
  ]
}

/** Without these states nothing comes out of a connector. */
const standing = new Set(['FAILED', 'PAUSED', 'PAUSING'])

/**
 * Is what was committed to be waited for? One teardown that was cut off may have deleted the connector already: it waited before.
 * @throws PipelineError `NotDrained` where it would be in vain, and nobody has said that what is left may be given up
 */
function draining(
  drain: boolean,
  connector: Connector | undefined,
  { schema, slot }: SourceRemains,
  name: string,
): Pick<OwnershipAnswer, 'drains' | 'undelivered'> {
  const state = connector?.connectorState
  if (!slot || !schema) return { drains: false, undelivered: null }
  if (!connector || state === 'DELETING')
    return { drains: false, undelivered: 'the connector had been deleted before: what was committed since then was not delivered' }
  if (!drain) return { drains: false, undelivered: 'asked not to wait: what the connector and the stream had not delivered may be missing' }
  if (slot.lost)
    return {
      drains: false,
      undelivered: `PostgreSQL had dropped WAL that the slot ${replicationSlot} needed: changes since then are missing`,
    }
  if (!standing.has(state ?? '')) return { drains: true, undelivered: null }
  throw new PipelineError(
    'NotDrained',
    `The connector ${name} is ${state}: what the source has committed since is not delivered, and would be missing in the Iceberg tables. Nothing was changed. Repair or resume it, then start the ` +
      `teardown again; or give up what is left with the input ${teardownInput(name).replace('}', ',"drain":false}')}`,
  )
}
