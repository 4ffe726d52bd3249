import {
  DescribeConnectorCommand,
  type DescribeConnectorResponse,
  type KafkaConnectClient,
  ListConnectorsCommand,
} from '@aws-sdk/client-kafkaconnect'
import { isServiceException } from '../aws-errors.ts'

/** A connector as MSK Connect describes it. */
export type Connector = DescribeConnectorResponse & { readonly connectorArn: string }

/** The connector of exactly that name: MSK Connect finds names by how they begin. */
export async function findConnector(kafkaConnect: KafkaConnectClient, name: string): Promise<Connector | undefined> {
  const connectorArn = await findArn(kafkaConnect, name)
  if (connectorArn === undefined) return undefined
  try {
    return { ...(await kafkaConnect.send(new DescribeConnectorCommand({ connectorArn }))), connectorArn }
  } catch (error) {
    // Its deletion ended in between.
    if (isServiceException(error) && error.name === 'NotFoundException') return undefined
    throw error
  }
}

async function findArn(kafkaConnect: KafkaConnectClient, name: string): Promise<string | undefined> {
  let nextToken: string | undefined
  do {
    const page = await kafkaConnect.send(
      new ListConnectorsCommand({ connectorNamePrefix: name, ...(nextToken === undefined ? {} : { nextToken }) }),
    )
    const found = page.connectors?.find(({ connectorName }) => connectorName === name)
    if (found) return found.connectorArn
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return undefined
}
