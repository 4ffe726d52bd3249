import { type ClusterOperationV2, KafkaClient } from '@aws-sdk/client-kafka'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepRequest } from '../../pipeline/provisioning.ts'
import { notYet, ready, waitingSince } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { type ClusterView, describeCluster, describeOperation, refuseLostCluster } from './cluster/describe-cluster.ts'
import type { ConnectivityAnswer } from './ensure-vpc-connectivity.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** How long an ACTIVE cluster may show connectivity as off, with no update running, before that counts as the outcome. */
const settlingMinutes = 10

/** The update that was begun or joined, where one was. */
interface Followed {
  readonly operationArn?: string | null
}

const kafka = new KafkaClient(clientSettings)
export const handler = stepHandler('await-vpc-connectivity', awaitVpcConnectivity)

/** Whether the cluster is ACTIVE with multi-VPC connectivity: by its state, by the setting, and by what became of the update. */
export async function awaitVpcConnectivity(
  request: StepRequest<Followed, ConnectivityAnswer>,
  { environment, now }: Pick<StepPlace, 'environment' | 'now'>,
): Promise<ConnectivityAnswer> {
  const cluster = await describeCluster(kafka, environment.clusterArn)
  refuseLostCluster(cluster)
  // An update that runs now says more than one that was seen before: somebody may have tried again by hand.
  const operationArn = cluster.operationArn ?? request.previous?.operationArn ?? request.parameters.operationArn ?? null
  const found = { operationArn, refusals: 0 }
  if (cluster.state === 'ACTIVE' && cluster.vpcConnectivity && cluster.operationArn === null) {
    return { ...ready(request, now(), { seen: 'the cluster is ACTIVE with multi-VPC connectivity (IAM)' }), ...found }
  }
  const operation = operationArn === null ? undefined : await describeOperation(kafka, operationArn)
  refuseFailedUpdate(cluster, operation, waitingSince(request, now()), now())
  const answer = notYet(request, now(), {
    what: 'Turning on multi-VPC connectivity',
    seen: seenOf(cluster, operation),
    usual: '20 to 75 min are usual',
    limitMinutes: 120,
    remedy: `Look at the operations of the cluster ${cluster.arn} in the MSK console.`,
  })
  return { ...answer, ...found }
}

function seenOf({ state, vpcConnectivity }: ClusterView, operation: ClusterOperationV2 | undefined): string {
  if (state !== 'ACTIVE') return state
  if (vpcConnectivity) return `ACTIVE, while ${operation?.OperationType ?? 'an update'} still runs,`
  return 'ACTIVE, multi-VPC connectivity not on yet,'
}

/** @throws PipelineError `ConnectivityFailed` */
function refuseFailedUpdate(cluster: ClusterView, operation: ClusterOperationV2 | undefined, since: Date, now: Date): void {
  const { ErrorCode: code, ErrorString: text } = operation?.ErrorInfo ?? {}
  const reason = [code, text].filter(Boolean).join(': ')
  const of = operation?.OperationArn === undefined ? '' : ` by ${operation.OperationArn}`
  const remedy = 'Repair what it names, then start a new execution: a redrive would find the same update again.'
  if (reason !== '')
    throw new PipelineError(
      'ConnectivityFailed',
      `MSK could not turn on multi-VPC connectivity of ${cluster.arn}${of}: ${reason}. ${remedy}`,
    )
  if (cluster.state !== 'ACTIVE' || cluster.vpcConnectivity || cluster.operationArn !== null) return
  const idleSince = operation?.EndTime && operation.EndTime > since ? operation.EndTime : since
  if (now.getTime() - idleSince.getTime() < settlingMinutes * 60_000) return
  throw new PipelineError(
    'ConnectivityFailed',
    `The cluster ${cluster.arn} is ACTIVE and no update runs, yet multi-VPC connectivity (IAM) is off${of && `: it was not turned on${of}`}. Start a new execution to try again.`,
  )
}
