import { DeleteClusterPolicyCommand, KafkaClient, PutClusterPolicyCommand } from '@aws-sdk/client-kafka'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from '../provision/aws-errors.ts'
import { attachedPolicy, ownSid } from '../provision/cluster/attached-policy.ts'
import { type StepPlace, stepHandler } from '../provision/step.ts'

const kafka = new KafkaClient(clientSettings)
export const handler = stepHandler('ensure-no-policy', ensureNoPolicy)

/** Takes the pipeline's own statement out of the cluster's policy; a policy of nothing else goes. @throws PipelineError `PolicyConflict` */
export async function ensureNoPolicy(
  request: StepRequest<object, StepAnswer, unknown>,
  { environment: { clusterArn }, now }: Pick<StepPlace, 'environment' | 'now'>,
): Promise<StepAnswer> {
  const before = await attachedPolicy(kafka, clusterArn)
  const others = before?.statements.filter(({ Sid }) => Sid !== ownSid) ?? []
  if (!before || others.length === before.statements.length) {
    const already = 'the cluster policy has no statement for Firehose'
    return ready(request, now(), { seen: already, already: [already] })
  }
  if (others.length === 0) {
    await deletePolicy(clusterArn)
    const did = 'deleted the cluster policy, which held nothing but the statement for Firehose'
    return ready(request, now(), { seen: did, did: [did] })
  }
  await putPolicy(clusterArn, before.version, JSON.stringify({ ...before.document, Statement: others }))
  const did = `took the statement for Firehose out of the cluster policy; ${others.length} of others stay`
  return ready(request, now(), { seen: did, did: [did] })
}

async function deletePolicy(ClusterArn: string): Promise<void> {
  try {
    await kafka.send(new DeleteClusterPolicyCommand({ ClusterArn }))
  } catch (error) {
    if (!isServiceException(error) || error.name !== 'NotFoundException') throw error
  }
}

async function putPolicy(ClusterArn: string, CurrentVersion: string, Policy: string): Promise<void> {
  try {
    await kafka.send(new PutClusterPolicyCommand({ ClusterArn, CurrentVersion, Policy }))
  } catch (error) {
    if (!isServiceException(error) || error.name !== 'BadRequestException') throw error
    const after = await attachedPolicy(kafka, ClusterArn)
    // The same version was refused for another reason than its age.
    if (after?.version === CurrentVersion) throw error
    throw new PipelineError(
      'PolicyConflict',
      `The policy of the cluster ${ClusterArn} was changed by somebody else meanwhile; it is read again.`,
      {
        cause: error,
      },
    )
  }
}
