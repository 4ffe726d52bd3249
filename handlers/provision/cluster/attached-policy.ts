import { GetClusterPolicyCommand, type KafkaClient } from '@aws-sdk/client-kafka'
import { isServiceException } from '../aws-errors.ts'

export type PolicyStatement = Readonly<Record<string, unknown>>

/** Names the pipeline's own statement among those of others. */
export const ownSid = 'AuroraCdcFirehose'

export interface AttachedPolicy {
  readonly version: string
  readonly document: Readonly<Record<string, unknown>>
  readonly statements: readonly PolicyStatement[]
}

/** The cluster's policy as it is attached; undefined: there is none. */
export async function attachedPolicy(kafka: KafkaClient, clusterArn: string): Promise<AttachedPolicy | undefined> {
  try {
    const { CurrentVersion = '', Policy = '' } = await kafka.send(new GetClusterPolicyCommand({ ClusterArn: clusterArn }))
    const document: unknown = JSON.parse(Policy)
    return { version: CurrentVersion, document: isStatement(document) ? document : {}, statements: statementsOf(document) }
  } catch (error) {
    if (isServiceException(error) && error.name === 'NotFoundException') return undefined
    throw error
  }
}

/** A policy has one statement or several. */
function statementsOf(policy: unknown): readonly PolicyStatement[] {
  const statement = isStatement(policy) ? policy.Statement : undefined
  return (Array.isArray(statement) ? statement : [statement]).filter(isStatement)
}

export function isStatement(value: unknown): value is PolicyStatement {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
