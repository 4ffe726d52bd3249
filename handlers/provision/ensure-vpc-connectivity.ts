import { KafkaClient, UpdateConnectivityCommand } from '@aws-sdk/client-kafka'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { notYet, ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from './aws-errors.ts'
import { type ClusterView, describeCluster, describeOperation, refuseLostCluster } from './cluster/describe-cluster.ts'
import { type StepPlace, stepHandler } from './step.ts'

/** For IAM alone: Firehose uses no other, and the brokers get a listener for each. */
export const wantedConnectivity = { VpcConnectivity: { ClientAuthentication: { Sasl: { Iam: { Enabled: true } } } } } as const

/** The answer of both connectivity steps: with the update of the cluster that they follow. */
export interface ConnectivityAnswer extends StepAnswer {
  readonly operationArn: string | null
  /** How often MSK has refused the update of a cluster that looked ready for it. */
  readonly refusals: number
}

/** Looks at which MSK may still call a cluster ACTIVE that is being updated already. */
const toleratedRefusals = 3

const kafka = new KafkaClient(clientSettings)
export const handler = stepHandler('ensure-vpc-connectivity', ensureVpcConnectivity)

/** Starts to turn on multi-VPC connectivity, which is what Firehose reaches the brokers by; an update that does so already is joined. */
export async function ensureVpcConnectivity(
  request: StepRequest<object, ConnectivityAnswer>,
  { environment, now }: Pick<StepPlace, 'environment' | 'now'>,
): Promise<ConnectivityAnswer> {
  const refusals = request.previous?.refusals ?? 0
  const cluster = await describeCluster(kafka, environment.clusterArn)
  const settled = await asItIs(request, now(), cluster)
  if (settled) return settled
  try {
    const { ClusterOperationArn } = await kafka.send(
      new UpdateConnectivityCommand({ ClusterArn: cluster.arn, CurrentVersion: cluster.version, ConnectivityInfo: wantedConnectivity }),
    )
    const answer = ready(request, now(), {
      seen: 'MSK has begun to turn on multi-VPC connectivity',
      did: ['turned on multi-VPC connectivity (IAM) of the cluster'],
    })
    return { ...answer, operationArn: ClusterOperationArn ?? null, refusals }
  } catch (error) {
    // MSK has one name for a stale version, a busy cluster and a change that is none, so what is seen decides.
    if (!isServiceException(error) || error.name !== 'BadRequestException') throw error
    const after = await describeCluster(kafka, environment.clusterArn)
    const settledMeanwhile = await asItIs(request, now(), after)
    if (settledMeanwhile) return settledMeanwhile
    if (after.version === cluster.version && refusals >= toleratedRefusals) throw error
    const seen = `MSK refuses the update of the cluster, which is ACTIVE (${error.message})`
    return { ...wait(request, now(), seen), operationArn: null, refusals: refusals + 1 }
  }
}

/** The answer where nothing is to be done, or nothing can be done now. */
async function asItIs(
  request: StepRequest<object, ConnectivityAnswer>,
  now: Date,
  cluster: ClusterView,
): Promise<ConnectivityAnswer | undefined> {
  refuseLostCluster(cluster)
  if (cluster.vpcConnectivity) {
    const already = 'multi-VPC connectivity (IAM) of the cluster is on'
    return { ...ready(request, now, { seen: already, already: [already] }), operationArn: cluster.operationArn, refusals: 0 }
  }
  refuseUnableCluster(cluster)
  if (cluster.operationArn !== null && (await turnsItOn(cluster.operationArn))) {
    const already = 'multi-VPC connectivity (IAM) of the cluster was being turned on already'
    return { ...ready(request, now, { seen: already, already: [already] }), operationArn: cluster.operationArn, refusals: 0 }
  }
  if (cluster.state === 'ACTIVE' && cluster.operationArn === null) return undefined
  return {
    ...wait(request, now, `the cluster is ${cluster.state}, and MSK updates none that is not ACTIVE,`),
    operationArn: null,
    refusals: 0,
  }
}

async function turnsItOn(operationArn: string): Promise<boolean> {
  const { Provisioned } = await describeOperation(kafka, operationArn)
  return Provisioned?.TargetClusterInfo?.ConnectivityInfo?.VpcConnectivity?.ClientAuthentication?.Sasl?.Iam?.Enabled === true
}

function wait(request: StepRequest<object, ConnectivityAnswer>, now: Date, seen: string): StepAnswer {
  return notYet(request, now, {
    what: 'Beginning to turn on multi-VPC connectivity',
    seen,
    usual: 'the end of what runs now is waited for',
    limitMinutes: 120,
    remedy: 'Look at the operations of the cluster in the MSK console.',
  })
}

/** https://docs.aws.amazon.com/msk/latest/developerguide/aws-access-mult-vpc.html @throws PipelineError `ConnectivityImpossible` */
function refuseUnableCluster({ arn, iam, brokerType, kafkaVersion }: ClusterView): void {
  const faults = [
    ...(brokerType === '' ? ['it is serverless, which Firehose does not read for Iceberg tables'] : []),
    ...(brokerType.startsWith('kafka.t3.') ? [`its brokers are ${brokerType}: take kafka.m5.large or kafka.m7g.large at least`] : []),
    ...(brokerType !== '' && !iam ? ['IAM authentication is off'] : []),
    ...(isOlder(kafkaVersion, [2, 7, 1]) ? [`its Kafka version is ${kafkaVersion}, and 2.7.1 is the oldest that has it`] : []),
  ]
  if (faults.length > 0)
    throw new PipelineError('ConnectivityImpossible', `The MSK cluster ${arn} cannot have multi-VPC connectivity: ${faults.join('; ')}.`)
}

/** Versions as MSK writes them: `2.8.1`, `3.9.x`, `3.9.x.kraft`. */
function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.split('.')
  for (const [index, limit] of than.entries()) {
    const part = Number(parts[index] ?? 'x')
    if (!(part === limit)) return part < limit
  }
  return false
}
