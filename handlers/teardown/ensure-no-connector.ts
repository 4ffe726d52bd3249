import { DeleteConnectorCommand, KafkaConnectClient } from '@aws-sdk/client-kafkaconnect'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from '../provision/aws-errors.ts'
import { type Connector, findConnector } from '../provision/connector/find-connector.ts'
import { type StepPlace, stepHandler } from '../provision/step.ts'

const kafkaConnect = new KafkaConnectClient(clientSettings)
export const handler = stepHandler('ensure-no-connector', ensureNoConnector)

/** Deletes the connector, which stops it, and looks whether it is gone. @throws PipelineError `NotInTime` */
export async function ensureNoConnector(
  request: StepRequest<object, StepAnswer, unknown>,
  { plan, now }: Pick<StepPlace, 'plan' | 'now'>,
): Promise<StepAnswer> {
  const { name } = plan.connector
  const did = [...(request.previous?.did ?? [])]
  const connector = await findConnector(kafkaConnect, name)
  if (!connector) {
    const gone = `there is no connector ${name}`
    return ready(request, now(), { seen: gone, did, already: did.length > 0 ? [] : [gone] })
  }
  const deleted = connector.connectorState !== 'DELETING' && (await remove(connector))
  if (deleted) did.push(`deleted the connector ${name}`)
  const waiting = notYet(request, now(), {
    what: `Deleting the connector ${name}`,
    seen: deleted ? 'DELETING' : (connector.connectorState ?? 'no state'),
    usual: '2 to 10 min are usual',
    limitMinutes: 60,
    remedy: `Look at it with: aws kafkaconnect describe-connector --region ${plan.region} --connector-arn ${connector.connectorArn}.`,
  })
  return { ...waiting, did }
}

/** False: it is gone, or something else is being done to it, which ends first. */
async function remove({ connectorArn, connectorState, currentVersion }: Connector): Promise<boolean> {
  try {
    await kafkaConnect.send(new DeleteConnectorCommand({ connectorArn, currentVersion }))
    return true
  } catch (error) {
    if (!isServiceException(error)) throw error
    const isBusy = error.name === 'BadRequestException' && connectorState !== 'RUNNING' && connectorState !== 'FAILED'
    if (isBusy || /^(Conflict|NotFound)Exception$/.test(error.name)) return false
    throw error
  }
}
