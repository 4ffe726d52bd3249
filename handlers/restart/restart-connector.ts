import { Logger } from '@aws-lambda-powertools/logger'
import { KafkaConnectClient, RestartConnectorCommand } from '@aws-sdk/client-kafkaconnect'
import { clientSettings } from '../aws-clients.ts'
import { findConnector } from '../provision/connector/find-connector.ts'
import { lastOperation } from '../provision/connector/operations.ts'

/** Compiled in by the bundler. */
declare const CONNECTOR_NAME: string

/** `RotationSucceeded`, which CloudTrail tells EventBridge of. https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html */
export interface RotationEvent {
  /** When it was rotated, ISO 8601 in full seconds. */
  readonly time: string
  readonly detail: { readonly eventName: string }
}

/** It reads the secret when it runs again, or is the state machine's to make anew. */
const leftAlone = /^(FAILED|PAUSED|PAUSING|DELETING)$/

const kafkaConnect = new KafkaConnectClient(clientSettings)
const log = new Logger({ serviceName: 'restart-connector' })

/**
 * Restarts the connector that runs, so that it logs in with the rotated secret: it reads the secret when its task starts, and never again. Called twice for one
 * rotation it restarts once.
 * @throws Error while something else is being done to the connector, so that Lambda asks again
 */
export async function handler({ time, detail: { eventName } }: RotationEvent): Promise<void> {
  const about = { connector: CONNECTOR_NAME, event: eventName, rotatedAt: time }
  const connector = await findConnector(kafkaConnect, CONNECTOR_NAME)
  if (!connector) return log.info('there is no connector to restart', about)
  const { connectorArn, connectorState: state = 'in no state' } = connector
  if (leftAlone.test(state)) return log.warn(`the connector is ${state}: it is not restarted`, about)
  const last = await lastOperation(kafkaConnect, connectorArn)
  const isSince = last?.creationTime !== undefined && last.creationTime >= new Date(time)
  if (isSince && last.connectorOperationType === 'RESTART_CONNECTOR' && last.connectorOperationState !== 'RESTART_FAILED')
    return log.info('the connector was restarted since', about)
  if (state !== 'RUNNING') throw new Error(`The connector ${CONNECTOR_NAME} is ${state}, and cannot be restarted until that is over`)
  const { connectorOperationArn } = await kafkaConnect.send(new RestartConnectorCommand({ connectorArn }))
  log.info('restarted the connector', { ...about, operation: connectorOperationArn })
}
