import { createHash } from 'node:crypto'
import type { Deployment } from './deployment.ts'

/** Prefix of every physical name, after the deployment's own. */
const product = 'aurora-cdc'

/**
 * The physical names that stacks and steps agree on: fixed at synthesis, so that no stack exports what another one imports
 * (CloudFormation refuses to change an export that is in use).
 */
export function resourceNames({ prefix, account, region }: Pick<Deployment, 'prefix' | 'account' | 'region'>) {
  const own = prefix === '' ? product : `${prefix}-${product}`
  return {
    /** Name of a stack: `CdcFirehose`, or `dev-CdcFirehose` with the prefix `dev`. */
    stack: (name: string) => (prefix === '' ? name : `${prefix}-${name}`),
    cluster: own,
    clusterLogGroup: `/aws/msk/${own}`,
    transformFunction: `${own}-transform`,
    transformLogGroup: `/aws/lambda/${own}-transform`,
    firehoseRole: `${own}-firehose-${region}`,
    firehoseLogGroup: `/aws/kinesisfirehose/${own}`,
    firehoseLogStream: 'delivery',
    errorLogStream: 'errors',
    errorBucket: `${own}-errors-${account}-${region}`,
    /** SSM parameter for what only exists after a deployment, such as the cluster's ARN. */
    clusterArnParameter: `/${own}/msk-cluster-arn`,
  } as const
}

export type ResourceNames = ReturnType<typeof resourceNames>

/** What CloudFormation replaces a delivery stream for. */
export interface DeliveryStreamIdentity {
  readonly cluster: string
  readonly topic: string
  readonly role: string
  readonly connectivity: 'PRIVATE'
  readonly readFromTimestamp: string
  readonly tableBucket: string
}

/**
 * The delivery stream's name, at most 64 characters. It carries a hash of the properties whose change replaces the stream: a replacement is created before the old
 * one is deleted, so both exist for a while and a fixed name would clash.
 */
export function deliveryStreamName({ prefix }: Pick<Deployment, 'prefix'>, identity: DeliveryStreamIdentity): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(identity, Object.keys(identity).sort()))
    .digest('hex')
    .slice(0, 8)
  return `${prefix === '' ? product : `${prefix}-${product}`}-${hash}`
}
