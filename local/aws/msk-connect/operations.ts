import { AwsError, type AwsRequest } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'
import { type ConnectorOperation, connectState } from './connector-state.ts'
import { requireConnector } from './connectors.ts'
import { page } from './listing.ts'
import { advanceConnectors } from './progress.ts'

/** GET /v1/connectors/{connectorArn}/operations */
export async function listConnectorOperations(
  place: AwsPlace,
  { authorize }: AwsRequest,
  arn: string,
  query: URLSearchParams,
): Promise<object> {
  authorize('kafkaconnect:ListConnectorOperations', arn)
  await advanceConnectors(place)
  const { items, nextToken } = page(requireConnector(place, arn).operations, query)
  return { connectorOperations: items.map(summary), nextToken }
}

/** GET /v1/connectorOperations/{connectorOperationArn} */
export async function describeConnectorOperation(place: AwsPlace, { authorize }: AwsRequest, arn: string): Promise<object> {
  authorize('kafkaconnect:DescribeConnectorOperation', arn)
  await advanceConnectors(place)
  for (const connector of Object.values(connectState(place.account).get().connectors)) {
    const operation = connector.operations.find((known) => known.arn === arn)
    if (operation)
      return {
        ...summary(operation),
        connectorArn: connector.arn,
        ...parts(operation),
        ...(operation.error && { errorInfo: operation.error }),
      }
  }
  throw new AwsError('NotFoundException', `The connector operation ${arn} does not exist.`, 404)
}

function parts({ type, origin, target }: ConnectorOperation): object {
  if (type === 'UPDATE_WORKER_SETTING')
    return { originWorkerSetting: { capacity: origin.capacity }, targetWorkerSetting: { capacity: target.capacity } }
  return { originConnectorConfiguration: origin.connectorConfiguration, targetConnectorConfiguration: target.connectorConfiguration }
}

function summary({ arn, type, state, createdAt, endedAt }: ConnectorOperation) {
  return {
    connectorOperationArn: arn,
    connectorOperationType: type,
    connectorOperationState: state,
    creationTime: new Date(createdAt).toISOString(),
    ...(endedAt === null ? {} : { endTime: new Date(endedAt).toISOString() }),
  }
}
