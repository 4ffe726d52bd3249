import { KafkaClient } from '@aws-sdk/client-kafka'
import { KafkaConnectClient } from '@aws-sdk/client-kafkaconnect'
import type { StepRequest } from '../../pipeline/provisioning.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { bootstrapServers } from './connector/bootstrap-servers.ts'
import { type ConnectorAnswer, converge } from './connector/converge.ts'
import { findConnector } from './connector/find-connector.ts'
import { deleteRetired } from './connector/retired.ts'
import { wantedConnector } from './connector/wanted-connector.ts'
import { type StepPlace, stepHandler } from './step.ts'

const kafka = new KafkaClient(clientSettings)
const kafkaConnect = new KafkaConnectClient(clientSettings)

export const handler = stepHandler('ensure-connector', ensureConnector)

/** The connector as wanted: created, updated, or made anew where it cannot be updated. */
export async function ensureConnector(
  request: StepRequest<object, ConnectorAnswer>,
  { plan, environment, now }: StepPlace,
): Promise<ConnectorAnswer> {
  const { name, authentication } = plan.connector
  const wanted = wantedConnector(plan, environment, await bootstrapServers(kafka, environment.clusterArn, authentication))
  const connector = await findConnector(kafkaConnect, name)
  const change = await converge(kafkaConnect, wanted, connector, request.previous, plan)
  const did = [...(request.previous?.did ?? []), ...(change.did ?? [])]
  const operationArn = change.operationArn ?? request.previous?.operationArn
  const arns = {
    ...(change.connectorArn === undefined ? {} : { connectorArn: change.connectorArn }),
    ...(operationArn === undefined ? {} : { operationArn }),
  }
  if (change.waitsFor !== undefined) {
    const waiting = {
      what: `Making the connector ${name} as wanted`,
      seen: change.waitsFor,
      usual: '2 to 15 min are usual',
      limitMinutes: 60,
      remedy: `Look at it with: aws kafkaconnect list-connectors --connector-name-prefix ${name}.`,
    }
    return { ...notYet(request, now(), waiting), did, ...arns }
  }
  // No connector runs with the former ones any more.
  did.push(...(await deleteRetired(kafkaConnect, plan, environment)))
  const seen = `the connector ${name} is as wanted`
  return { ...ready(request, now(), { seen, did, already: change.already ?? [] }), ...arns }
}
