import {
  type ConnectorOperationSummary,
  DescribeConnectorOperationCommand,
  type KafkaConnectClient,
  ListConnectorOperationsCommand,
} from '@aws-sdk/client-kafkaconnect'
import { PipelineError } from '../../../pipeline/errors.ts'
import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'

const undone = /^(UPDATE_FAILED|ROLLBACK_|RESTART_FAILED|RESUME_FAILED)/

/** The last operation on a connector. They are listed in no documented order. */
export async function lastOperation(
  kafkaConnect: KafkaConnectClient,
  connectorArn: string,
): Promise<ConnectorOperationSummary | undefined> {
  const operations: ConnectorOperationSummary[] = []
  let nextToken: string | undefined
  do {
    const page = await kafkaConnect.send(
      new ListConnectorOperationsCommand({ connectorArn, maxResults: 100, ...(nextToken === undefined ? {} : { nextToken }) }),
    )
    operations.push(...(page.connectorOperations ?? []))
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return operations.toSorted((one, other) => Number(other.creationTime ?? 0) - Number(one.creationTime ?? 0))[0]
}

/**
 * A connector that runs after its update was taken back runs as it was before.
 * @throws PipelineError `ConnectorUpdateFailed` when the operation came to nothing
 */
export async function requireDone(
  kafkaConnect: KafkaConnectClient,
  connectorOperationArn: string,
  { connector }: Pick<ProvisioningPlan, 'connector'>,
): Promise<void> {
  const { connectorOperationState, errorInfo } = await kafkaConnect.send(new DescribeConnectorOperationCommand({ connectorOperationArn }))
  if (!undone.test(connectorOperationState ?? '')) return
  const reason = errorInfo ? `${errorInfo.code}: ${errorInfo.message}` : 'MSK Connect gives no reason'
  throw new PipelineError(
    'ConnectorUpdateFailed',
    `MSK Connect could not change the connector ${connector.name} (${connectorOperationState}): ${reason}. It runs as it was before. ` +
      `Its log is ${connector.logGroup}. Repair the setting, deploy, and start a new execution. Operation: ${connectorOperationArn}`,
  )
}
