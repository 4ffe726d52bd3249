import { KafkaClient, PutClusterPolicyCommand } from '@aws-sdk/client-kafka'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from './aws-errors.ts'
import { attachedPolicy, isStatement, ownSid, type PolicyStatement } from './cluster/attached-policy.ts'
import { type StepPlace, stepHandler } from './step.ts'

/**
 * What lets Firehose connect: the first action is what its guide asks for, the other two are reads that AWS's sample of this pipeline gives as well.
 * https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
 */
export function firehoseStatement(clusterArn: string): PolicyStatement {
  return {
    Sid: ownSid,
    Effect: 'Allow',
    Principal: { Service: 'firehose.amazonaws.com' },
    Action: ['kafka:CreateVpcConnection', 'kafka:GetBootstrapBrokers', 'kafka:DescribeClusterV2'],
    Resource: clusterArn,
  }
}

/** The cluster's policy as it is wanted: the statements of others as they are, and the pipeline's own. */
export function clusterPolicy(
  clusterArn: string,
  current: readonly PolicyStatement[] = [],
): { Version: string; Statement: readonly PolicyStatement[] } {
  return { Version: '2012-10-17', Statement: [...current.filter((statement) => statement.Sid !== ownSid), firehoseStatement(clusterArn)] }
}

const kafka = new KafkaClient(clientSettings)
export const handler = stepHandler('ensure-cluster-policy', ensureClusterPolicy)

/** Merges the statement for Firehose into the cluster's policy. @throws PipelineError `PolicyConflict` where another policy came between */
export async function ensureClusterPolicy(
  request: StepRequest,
  { environment: { clusterArn }, now }: Pick<StepPlace, 'environment' | 'now'>,
): Promise<StepAnswer> {
  const before = await attachedPolicy(kafka, clusterArn)
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
    const after = await attachedPolicy(kafka, clusterArn)
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

function holds(statements: readonly PolicyStatement[], clusterArn: string): boolean {
  const own = statements.filter((statement) => statement.Sid === ownSid)
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
