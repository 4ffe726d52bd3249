import { z } from 'zod'
import type { DeployedResource, LocalAccount, ServiceState } from '../../cloudformation/account.ts'
import { hexOf } from '../../cloudformation/account.ts'
import { isObject } from '../../cloudformation/json.ts'

const operationShape = z.object({
  arn: z.string(),
  startedAt: z.number(),
  endsAt: z.number(),
  /** What it sets, unless it fails. */
  vpcConnectivity: z.boolean(),
  error: z.object({ code: z.string(), text: z.string() }).nullable(),
})

const topicShape = z.object({ replicationFactor: z.number(), status: z.enum(['CREATING', 'UPDATING']), until: z.number() })

const clusterShape = z.object({
  /** Connectivity of before the last update. */
  vpcConnectivity: z.boolean(),
  /** How many updates there were before the last one; the version is drawn from it. */
  updates: z.number(),
  lastOperation: operationShape.nullable(),
  policy: z.object({ document: z.string(), version: z.string() }).nullable(),
  policyChanges: z.number(),
  topics: z.record(z.string(), topicShape),
  /** What MSK does to clusters by itself, such as HEALING, and until when. CREATING is over when CloudFormation has deployed a cluster. */
  condition: z
    .object({
      state: z.enum(['CREATING', 'HEALING', 'MAINTENANCE', 'REBOOTING_BROKER', 'UPDATING', 'FAILED', 'DELETING']),
      until: z.number(),
    })
    .nullable(),
})

const stateShape = z.object({ clusters: z.record(z.string(), clusterShape) })

/** What MSK remembers of a cluster besides its properties; times are milliseconds since 1970. */
export type ClusterState = z.output<typeof clusterShape>
export type ClusterOperation = z.output<typeof operationShape>

function states(account: LocalAccount): ServiceState<z.output<typeof stateShape>> {
  return account.state('msk', stateShape, { clusters: {} })
}

const fresh: ClusterState = {
  vpcConnectivity: false,
  updates: 0,
  lastOperation: null,
  policy: null,
  policyChanges: 0,
  topics: {},
  condition: null,
}

/** State of the cluster; one that nothing was recorded of is as CloudFormation leaves it. */
export function clusterState(account: LocalAccount, clusterArn: string): ClusterState {
  return states(account).get().clusters[clusterArn] ?? fresh
}

/** Changes some of the cluster's state: what a deployment, a call, or a test that wants a cluster in a certain state does. */
export function changeCluster(account: LocalAccount, clusterArn: string, change: Partial<ClusterState>): Promise<void> {
  const state = states(account)
  const { clusters } = state.get()
  return state.set({ clusters: { ...clusters, [clusterArn]: { ...(clusters[clusterArn] ?? fresh), ...change } } })
}

export function forgetCluster(account: LocalAccount, clusterArn: string): Promise<void> {
  const state = states(account)
  const { [clusterArn]: _gone, ...clusters } = state.get().clusters
  return state.set({ clusters })
}

/** What DescribeClusterV2 tells, from what was recorded and the time. */
export function clusterStatus({ condition, lastOperation, vpcConnectivity, updates }: ClusterState, clusterArn: string, now: number) {
  const running = lastOperation !== null && lastOperation.endsAt > now ? lastOperation : null
  const done = running === null ? lastOperation : null
  const current = condition !== null && condition.until > now ? condition.state : undefined
  return {
    state: current ?? (running ? 'UPDATING' : 'ACTIVE'),
    running,
    vpcConnectivity: done !== null && done.error === null ? done.vpcConnectivity : vpcConnectivity,
    version: clusterVersion(clusterArn, done === null ? updates : updates + 1),
  }
}

/** MSK draws a new version at every update. */
function clusterVersion(clusterArn: string, updates: number): string {
  return updates === 0 ? initialVersion : `K${hexOf(clusterArn, String(updates)).slice(0, 13).toUpperCase()}`
}

/** The version of a cluster that was never updated. */
export const initialVersion = 'K3AEGXETSR30VB'

/** Whether IAM authentication is on, by the cluster's properties. */
export function hasIam({ properties: { ClientAuthentication } }: Pick<DeployedResource, 'properties'>): boolean {
  const sasl = isObject(ClientAuthentication) && isObject(ClientAuthentication.Sasl) ? ClientAuthentication.Sasl : {}
  return isObject(sasl.Iam) && sasl.Iam.Enabled === true
}

export function isUnauthenticated({ properties: { ClientAuthentication } }: Pick<DeployedResource, 'properties'>): boolean {
  const setting = isObject(ClientAuthentication) ? ClientAuthentication.Unauthenticated : undefined
  return isObject(setting) && setting.Enabled === true
}
