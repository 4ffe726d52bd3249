import { type AwsRequest, type AwsService, json, notImplemented } from './endpoint.ts'
import {
  createConnector,
  describeConnector,
  listConnectors,
  pauseConnector,
  removeConnector,
  restartConnector,
  resumeConnector,
  updateConnector,
} from './msk-connect/connectors.ts'
import { describeConnectorOperation, listConnectorOperations } from './msk-connect/operations.ts'
import {
  deleteCustomPlugin,
  deleteWorkerConfiguration,
  describeCustomPlugin,
  describeWorkerConfiguration,
  listCustomPlugins,
  listWorkerConfigurations,
} from './msk-connect/plugins.ts'
import type { AwsPlace } from './place.ts'

/** What answers an operation; the text is the ARN of the path. */
type Operation = (place: AwsPlace, request: AwsRequest, arn: string, query: URLSearchParams) => object | Promise<object>

const operations: readonly (readonly [method: string, path: RegExp, operation: Operation])[] = [
  ['POST', /^\/v1\/connectors$/, createConnector],
  ['GET', /^\/v1\/connectors$/, listConnectors],
  ['GET', /^\/v1\/connectors\/([^/]+)$/, describeConnector],
  ['PUT', /^\/v1\/connectors\/([^/]+)$/, updateConnector],
  ['DELETE', /^\/v1\/connectors\/([^/]+)$/, removeConnector],
  ['POST', /^\/v1\/connectors\/([^/]+)\/restart$/, restartConnector],
  ['PUT', /^\/v1\/connectors\/([^/]+)\/pause$/, pauseConnector],
  ['PUT', /^\/v1\/connectors\/([^/]+)\/resume$/, resumeConnector],
  ['GET', /^\/v1\/connectors\/([^/]+)\/operations$/, listConnectorOperations],
  ['GET', /^\/v1\/connectorOperations\/([^/]+)$/, describeConnectorOperation],
  ['GET', /^\/v1\/custom-plugins$/, listCustomPlugins],
  ['GET', /^\/v1\/custom-plugins\/([^/]+)$/, describeCustomPlugin],
  ['DELETE', /^\/v1\/custom-plugins\/([^/]+)$/, deleteCustomPlugin],
  ['GET', /^\/v1\/worker-configurations$/, listWorkerConfigurations],
  ['GET', /^\/v1\/worker-configurations\/([^/]+)$/, describeWorkerConfiguration],
  ['DELETE', /^\/v1\/worker-configurations\/([^/]+)$/, deleteWorkerConfiguration],
]

/** MSK Connect (REST-JSON): its connectors are those of the Kafka Connect worker of this machine. */
export function mskConnectService(place: AwsPlace): AwsService {
  return async (request) => {
    const [path = '', query] = request.path.split('?')
    for (const [method, pattern, operation] of operations) {
      const found = method === request.method ? pattern.exec(path) : null
      if (!found) continue
      const [, arn = ''] = found.map(decodeURIComponent)
      return json(await operation(place, request, arn, new URLSearchParams(query)), 'application/json')
    }
    throw notImplemented('kafkaconnect', `${request.method} ${path}`)
  }
}
