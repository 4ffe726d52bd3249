import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { KafkaConnectClient } from '@aws-sdk/client-kafkaconnect'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepRequest } from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { type ConnectorAnswer, paused } from './connector/converge.ts'
import { type Connector, findConnector } from './connector/find-connector.ts'
import { firstLine, lastErrors } from './connector/log-errors.ts'
import { anotherSlot, readSlotLoss } from './connector/lost-slot.ts'
import { lastOperation, requireDone } from './connector/operations.ts'
import { type StepPlace, stepHandler } from './step.ts'

const kafkaConnect = new KafkaConnectClient(clientSettings)
const logs = new CloudWatchLogsClient(clientSettings)

/** What a call reads of the log before it answers. */
const callMilliseconds = 7000

export const handler = stepHandler('await-connector', awaitConnector)

/**
 * Does the connector run, and was what was begun on it done? That its task works is seen by what follows.
 * @throws PipelineError `ConnectorFailed`, `ConnectorPaused`, `ConnectorUpdateFailed`, `SlotLost`, `NotInTime`
 */
export async function awaitConnector(request: StepRequest<object, ConnectorAnswer>, { plan, now }: StepPlace): Promise<ConnectorAnswer> {
  const { name } = plan.connector
  const connector = await findConnector(kafkaConnect, name)
  const state = connector?.connectorState
  if (connector && state === 'FAILED') throw await failed(connector, plan, now())
  if (connector && state === 'PAUSED') throw paused(connector, plan)
  if (!connector || state !== 'RUNNING') {
    return notYet(request, now(), {
      what: `Starting the connector ${name}`,
      seen: connector ? (state ?? 'no state') : 'there is no connector of this name',
      usual: '5 to 15 min are usual',
      limitMinutes: 60,
      remedy: `Its log is ${plan.connector.logGroup}.`,
    })
  }
  const { connectorArn } = connector
  const operation = await lastOperation(kafkaConnect, connectorArn)
  const operationArn = operation?.connectorOperationArn
  // An earlier failure that the connector has long been taken out of by hand is no matter of this execution's.
  const concerns = operation?.creationTime !== undefined && operation.creationTime >= new Date(request.execution.StartTime)
  if (operationArn !== undefined && (concerns || !hasProperties(connector, plan))) await requireDone(kafkaConnect, operationArn, plan)
  const seen = `the connector ${name} is RUNNING`
  return { ...ready(request, now(), { seen, already: [seen] }), connectorArn, ...(operationArn === undefined ? {} : { operationArn }) }
}

function hasProperties({ connectorConfiguration = {} }: Connector, { connector }: ProvisioningPlan): boolean {
  const wanted = Object.entries(connector.properties)
  return (
    Object.keys(connectorConfiguration).length === wanted.length && wanted.every(([name, value]) => connectorConfiguration[name] === value)
  )
}

async function failed(
  { stateDescription, creationTime }: Connector,
  { connector, region }: ProvisioningPlan,
  now: Date,
): Promise<PipelineError> {
  const begin = { told: false, log: { newest: creationTime?.getTime() ?? 0, ids: [], next: null } }
  const until = Date.now() + callMilliseconds
  if ((await readSlotLoss(logs, { connector }, begin, now, () => Date.now() < until)).told) return anotherSlot()
  const errors = await lastErrors(logs, connector.logGroup, creationTime, now)
  const reason = stateDescription ? `${stateDescription.code}: ${firstLine(stateDescription.message)}` : 'MSK Connect gives no reason'
  const logged = errors.length > 0 ? ` The last errors of its log:\n  ${errors.join('\n  ')}\n` : ' Its log holds no error. '
  return new PipelineError(
    'ConnectorFailed',
    `The connector ${connector.name} failed. ${reason}.${logged}` +
      `All of it: aws logs tail --region ${region} ${connector.logGroup} --since 1h. Repair the cause, then start a new execution, which makes the connector anew.`,
  )
}
