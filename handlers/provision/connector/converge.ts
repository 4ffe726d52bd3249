import {
  CreateConnectorCommand,
  type CreateConnectorRequest,
  DeleteConnectorCommand,
  type KafkaConnectClient,
  UpdateConnectorCommand,
  type UpdateConnectorRequest,
} from '@aws-sdk/client-kafkaconnect'
import { PipelineError } from '../../../pipeline/errors.ts'
import type { StepAnswer } from '../../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { isServiceException } from '../aws-errors.ts'
import { type Connector, findConnector } from './find-connector.ts'
import { requireDone } from './operations.ts'
import { differences } from './wanted-connector.ts'

export interface ConnectorAnswer extends StepAnswer {
  readonly connectorArn?: string
  /** The update that was begun last. */
  readonly operationArn?: string
}

/** What was changed, and what is to be waited for before anything else can be. */
export interface Change {
  readonly did?: readonly string[]
  readonly already?: readonly string[]
  /** A state that has to pass first. */
  readonly waitsFor?: string
  readonly connectorArn?: string | undefined
  readonly operationArn?: string | undefined
}

/**
 * Takes the next step from the connector as it is to the wanted one.
 * @throws PipelineError `ConnectorUpdateFailed`, `ConnectorPaused`
 */
export async function converge(
  kafkaConnect: KafkaConnectClient,
  wanted: CreateConnectorRequest,
  connector: Connector | undefined,
  previous: ConnectorAnswer | null,
  plan: ProvisioningPlan,
): Promise<Change> {
  try {
    return connector ? await nextChange(kafkaConnect, wanted, connector, previous, plan) : await create(kafkaConnect, wanted)
  } catch (error) {
    // Somebody else changed it since it was read, another execution perhaps: it is read again.
    if (isServiceException(error) && (await isTaken(kafkaConnect, error, connector))) {
      return { waitsFor: `another change came between (${error.message})` }
    }
    throw error
  }
}

/** MSK Connect has one exception for a stale version, a busy connector and a wrong request: what has happened since tells which. */
async function isTaken(kafkaConnect: KafkaConnectClient, { name }: Error, connector: Connector | undefined): Promise<boolean> {
  if (name === 'ConflictException') return true
  if (!connector || !/^(NotFound|BadRequest)Exception$/.test(name)) return false
  const now = await findConnector(kafkaConnect, connector.connectorName ?? '')
  return (
    now?.connectorArn !== connector.connectorArn ||
    now.currentVersion !== connector.currentVersion ||
    now.connectorState !== connector.connectorState
  )
}

async function create(kafkaConnect: KafkaConnectClient, wanted: CreateConnectorRequest): Promise<Change> {
  const { connectorArn } = await kafkaConnect.send(new CreateConnectorCommand(wanted))
  return { did: [`created the connector ${wanted.connectorName}`], connectorArn }
}

async function nextChange(
  kafkaConnect: KafkaConnectClient,
  wanted: CreateConnectorRequest,
  is: Connector,
  previous: ConnectorAnswer | null,
  plan: ProvisioningPlan,
): Promise<Change> {
  const { connectorArn, connectorName: name, connectorState: state = 'unknown' } = is
  const { fixed, properties, capacity } = differences(wanted, is)
  if (state === 'PAUSED') throw paused(is, plan)
  // It cannot be updated any more; its offsets stay, so the new one goes on where it stopped.
  if (state === 'FAILED') return remove(kafkaConnect, is, 'had failed')
  const differs = fixed.length + properties.length > 0 || capacity
  if (state === 'CREATING' && !differs) return { already: [`the connector ${name} is being created`], connectorArn }
  if (state !== 'RUNNING') return { waitsFor: state, connectorArn }
  // Else an update that is taken back each time would be begun again and again.
  if (previous?.operationArn !== undefined && previous.connectorArn === connectorArn) {
    await requireDone(kafkaConnect, previous.operationArn, plan)
  }
  if (fixed.length > 0) return remove(kafkaConnect, is, `had another ${fixed.join(', ')}`)
  if (properties.length > 0) {
    // The whole of it: whether what is left out stays is documented nowhere.
    const operationArn = await update(kafkaConnect, is, { connectorConfiguration: wanted.connectorConfiguration })
    const did = [`updated ${properties.length} properties of the connector ${name}: ${someOf(properties)}`]
    // One thing an update: the capacity's turn comes after it.
    return { did, connectorArn, operationArn, ...(capacity ? { waitsFor: 'UPDATING' } : {}) }
  }
  if (capacity) {
    const operationArn = await update(kafkaConnect, is, { capacity: { provisionedCapacity: wanted.capacity?.provisionedCapacity } })
    return { did: [`changed the capacity of the connector ${name}`], connectorArn, operationArn }
  }
  return { already: [`the connector ${name} is as wanted`], connectorArn }
}

/** Of a connector that somebody paused, on purpose perhaps. */
export function paused({ connectorName, connectorArn }: Connector, { region }: Pick<ProvisioningPlan, 'region'>): PipelineError {
  return new PipelineError(
    'ConnectorPaused',
    `Somebody paused the connector ${connectorName}. Resume it, then redrive the execution:\n` +
      `aws kafkaconnect resume-connector --region ${region} --connector-arn ${connectorArn}`,
  )
}

async function remove(
  kafkaConnect: KafkaConnectClient,
  { connectorArn, connectorName, currentVersion }: Connector,
  why: string,
): Promise<Change> {
  await kafkaConnect.send(new DeleteConnectorCommand({ connectorArn, currentVersion }))
  return { did: [`deleted the connector ${connectorName}, which ${why}`], waitsFor: 'DELETING' }
}

async function update(
  kafkaConnect: KafkaConnectClient,
  { connectorArn, currentVersion }: Connector,
  change: Pick<UpdateConnectorRequest, 'capacity' | 'connectorConfiguration'>,
): Promise<string | undefined> {
  const { connectorOperationArn } = await kafkaConnect.send(new UpdateConnectorCommand({ connectorArn, currentVersion, ...change }))
  return connectorOperationArn
}

function someOf(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')}, …` : names.join(', ')
}
