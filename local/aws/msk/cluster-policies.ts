import { z } from 'zod'
import { hexOf } from '../../cloudformation/account.ts'
import { parsePolicy } from '../authorization/document.ts'
import { AwsError, type AwsRequest } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'
import { changeCluster, clusterState } from './cluster-state.ts'
import { badRequest, findCluster } from './clusters.ts'

/** Of a cluster policy, in bytes. */
const maximumBytes = 20 * 1024

/** GET /v1/clusters/{ClusterArn}/policy */
export function getClusterPolicy(place: AwsPlace, { authorize }: AwsRequest, arn: string): unknown {
  authorize('kafka:GetClusterPolicy', arn)
  findCluster(place, arn)
  const { policy } = clusterState(place.account, arn)
  if (!policy) throw new AwsError('NotFoundException', `The cluster ${arn} has no resource policy.`, 404)
  return { currentVersion: policy.version, policy: policy.document }
}

const putShape = z.strictObject({ currentVersion: z.string().optional(), policy: z.string() })

/** PUT /v1/clusters/{ClusterArn}/policy */
export async function putClusterPolicy(place: AwsPlace, { authorize, body }: AwsRequest, arn: string): Promise<unknown> {
  authorize('kafka:PutClusterPolicy', arn)
  findCluster(place, arn)
  const { currentVersion, policy: document } = putShape.parse(JSON.parse(body))
  const { policy: before, policyChanges } = clusterState(place.account, arn)
  if (before && currentVersion === undefined)
    throw badRequest('The cluster has a policy already: its current version must be given to replace it.', 'currentVersion')
  if (currentVersion !== before?.version)
    throw badRequest('The version of the policy that you specified is not the current version.', 'currentVersion')
  refuseUnusable(document)
  const version = `K${hexOf(arn, 'policy', String(policyChanges)).slice(0, 13).toUpperCase()}`
  await changeCluster(place.account, arn, { policy: { document, version }, policyChanges: policyChanges + 1 })
  return { currentVersion: version }
}

function refuseUnusable(document: string): void {
  if (Buffer.byteLength(document) > maximumBytes) throw badRequest(`The policy is larger than ${maximumBytes} bytes.`, 'policy')
  let statements: ReturnType<typeof parsePolicy>
  try {
    statements = parsePolicy(JSON.parse(document), 'the policy of the cluster')
  } catch (error) {
    throw badRequest(`The policy isn't valid: ${error instanceof Error ? error.message : String(error)}`, 'policy')
  }
  if (statements.some(({ principals }) => principals === undefined))
    throw badRequest("The policy isn't valid: it names no principal.", 'policy')
}

/** DELETE /v1/clusters/{ClusterArn}/policy */
export async function deleteClusterPolicy(place: AwsPlace, { authorize }: AwsRequest, arn: string): Promise<unknown> {
  authorize('kafka:DeleteClusterPolicy', arn)
  findCluster(place, arn)
  if (!clusterState(place.account, arn).policy) throw new AwsError('NotFoundException', `The cluster ${arn} has no resource policy.`, 404)
  await changeCluster(place.account, arn, { policy: null })
  return {}
}
