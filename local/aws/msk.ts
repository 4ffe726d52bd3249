import { type AwsRequest, type AwsService, json, notImplemented } from './endpoint.ts'
import { getBootstrapBrokers, listClientVpcConnections } from './msk/brokers.ts'
import { deleteClusterPolicy, getClusterPolicy, putClusterPolicy } from './msk/cluster-policies.ts'
import { describeCluster, describeOperation, updateConnectivity } from './msk/clusters.ts'
import { createTopic, deleteTopic, describeTopic, listTopics, updateTopic } from './msk/topics.ts'
import type { AwsPlace } from './place.ts'

/** What answers an operation; the texts are the path's parts, decoded. */
type Operation = (place: AwsPlace, request: AwsRequest, first: string, second: string, query: URLSearchParams) => unknown

/** Method and path of each operation, with the cluster, operation or topic in parentheses. */
const operations: readonly (readonly [method: string, path: RegExp, operation: Operation])[] = [
  ['GET', /^\/api\/v2\/clusters\/([^/]+)$/, describeCluster],
  ['GET', /^\/api\/v2\/operations\/([^/]+)$/, describeOperation],
  ['GET', /^\/v1\/clusters\/([^/]+)\/bootstrap-brokers$/, getBootstrapBrokers],
  ['PUT', /^\/v1\/clusters\/([^/]+)\/connectivity$/, updateConnectivity],
  ['GET', /^\/v1\/clusters\/([^/]+)\/client-vpc-connections$/, listClientVpcConnections],
  ['GET', /^\/v1\/clusters\/([^/]+)\/policy$/, getClusterPolicy],
  ['PUT', /^\/v1\/clusters\/([^/]+)\/policy$/, putClusterPolicy],
  ['DELETE', /^\/v1\/clusters\/([^/]+)\/policy$/, deleteClusterPolicy],
  ['GET', /^\/v1\/clusters\/([^/]+)\/topics$/, (place, request, arn, _none, query) => listTopics(place, request, arn, query)],
  ['POST', /^\/v1\/clusters\/([^/]+)\/topics$/, createTopic],
  ['GET', /^\/v1\/clusters\/([^/]+)\/topics\/([^/]+)$/, describeTopic],
  ['PUT', /^\/v1\/clusters\/([^/]+)\/topics\/([^/]+)$/, updateTopic],
  ['DELETE', /^\/v1\/clusters\/([^/]+)\/topics\/([^/]+)$/, deleteTopic],
]

/** Amazon MSK's control plane (REST-JSON) for the deployed clusters; their topics are those of the broker of this machine. */
export function mskService(place: AwsPlace): AwsService {
  return async (request) => {
    const [path = '', query] = request.path.split('?')
    for (const [method, pattern, operation] of operations) {
      const found = method === request.method ? pattern.exec(path) : null
      if (!found) continue
      const [, first = '', second = ''] = found.map(decodeURIComponent)
      return json(await operation(place, request, first, second, new URLSearchParams(query)), 'application/json')
    }
    throw notImplemented('kafka', `${request.method} ${path}`)
  }
}
