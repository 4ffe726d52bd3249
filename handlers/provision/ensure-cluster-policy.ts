import { GetClusterPolicyCommand, KafkaClient, PutClusterPolicyCommand } from '@aws-sdk/client-kafka'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from './aws-errors.ts'
import { type StepPlace, stepHandler } from './step.ts'

type Statement = Readonly<Record<string, unknown>>

/** Names the pipeline's own statement among those of others. */
const sid = 'AuroraCdcFirehose'

/**
 * What lets Firehose connect: the first action is what its guide asks for, the other two are reads that AWS's sample of this pipeline gives as well.
 * https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
 */
export function firehoseStatement(clusterArn: string): Statement {
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: { Service: 'firehose.amazonaws.com' },
    Action: ['kafka:CreateVpcConnection', 'kafka:GetBootstrapBrokers', 'kafka:DescribeClusterV2'],
    Resource: clusterArn,
  }
}

/** The cluster's policy as it is wanted: the statements of others as they are, and the pipeline's own. */
export function clusterPolicy(
  clusterArn: string,
  current: readonly Statement[] = [],
): { Version: string; Statement: readonly Statement[] } {
  return { Version: '2012-10-17', Statement: [...current.filter((statement) => statement.Sid !== sid), firehoseStatement(clusterArn)] }
}

const kafka = new KafkaClient(clientSettings)
export const handler = stepHandler('ensure-cluster-policy', ensureClusterPolicy)

/** Merges the statement for Firehose into the cluster's policy. @throws PipelineError `PolicyConflict` where another policy came between */
export async function ensureClusterPolicy(
  request: StepRequest,
  { environment: { clusterArn }, now }: Pick<StepPlace, 'environment' | 'now'>,
): Promise<StepAnswer> {
  const before = await attachedPolicy(clusterArn)
  if (before && holds(before.statements, clusterArn)) {
    const already = 'the cluster policy lets Firehose connect'
    return ready(request, now(), { seen: already, already: [already] })
  }
  try {
    await kafka.send(
      new PutClusterPolicyCommand({
        ClusterArn: clusterArn,
        Policy: JSON.stringify(clusterPolicy(clusterArn, before?.statements)),
        ...(before && { CurrentVersion: before.version }),
      }),
    )
  } catch (error) {
    if (!isServiceException(error) || error.name !== 'BadRequestException') throw error
    const after = await attachedPolicy(clusterArn)
    // The same version was refused for another reason than its age.
    if (after?.version === before?.version) throw error
    throw new PipelineError(
      'PolicyConflict',
      `The policy of the cluster ${clusterArn} was changed by somebody else meanwhile; it is read again.`,
      {
        cause: error,
      },
    )
  }
  return ready(request, now(), {
    seen: 'the cluster policy lets Firehose connect',
    did: ['added a statement for Firehose to the cluster policy'],
  })
}

async function attachedPolicy(clusterArn: string): Promise<{ version: string; statements: readonly Statement[] } | undefined> {
  try {
    const { CurrentVersion = '', Policy = '' } = await kafka.send(new GetClusterPolicyCommand({ ClusterArn: clusterArn }))
    return { version: CurrentVersion, statements: statementsOf(JSON.parse(Policy)) }
  } catch (error) {
    if (isServiceException(error) && error.name === 'NotFoundException') return undefined
    throw error
  }
}

/** A policy has one statement or several. */
function statementsOf(policy: unknown): readonly Statement[] {
  const statement = isStatement(policy) ? policy.Statement : undefined
  return (Array.isArray(statement) ? statement : [statement]).filter(isStatement)
}

function isStatement(value: unknown): value is Statement {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function holds(statements: readonly Statement[], clusterArn: string): boolean {
  const own = statements.filter((statement) => statement.Sid === sid)
  return own.length === 1 && canonical(own[0]) === canonical(firehoseStatement(clusterArn))
}

/** A policy's meaning knows no order, and no difference between one value and a list of one. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return value.length === 1 ? canonical(value[0]) : `[${value.map(canonical).toSorted().join()}]`
  if (!isStatement(value)) return JSON.stringify(value)
  return `{${Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join()}}`
}
