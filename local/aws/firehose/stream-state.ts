import { z } from 'zod'
import type { DeployedResource, LocalAccount } from '../../cloudformation/account.ts'
import type { AwsPlace } from '../place.ts'

const stateShape = z.object({
  /** By ARN: when the stream was first looked at (milliseconds since 1970). */
  firstLooks: z.record(z.string(), z.number()),
})

const states = (account: LocalAccount) => account.state('firehose', stateShape, { firstLooks: {} })

/**
 * How long a stream that reads MSK by PrivateLink is CREATING (seconds at AWS). CloudFormation would have waited for it; here it is seen by whoever looks first, so that
 * the wait for it is one.
 */
const creationSeconds = 5 * 60

export interface StreamStatus {
  readonly status: 'CREATING' | 'ACTIVE'
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly activeFrom: number
}

export async function streamStatus(
  { account, now, timeScale }: Pick<AwsPlace, 'account' | 'now' | 'timeScale'>,
  { arn, physicalId }: Pick<DeployedResource, 'arn' | 'physicalId'>,
): Promise<StreamStatus> {
  const state = states(account)
  const { firstLooks } = state.get()
  const key = arn ?? physicalId
  const createdAt = firstLooks[key] ?? now()
  if (firstLooks[key] === undefined) await state.set({ firstLooks: { ...firstLooks, [key]: createdAt } })
  const activeFrom = createdAt + creationSeconds * timeScale * 1000
  return { status: activeFrom > now() ? 'CREATING' : 'ACTIVE', createdAt, activeFrom }
}

/** A stream of the same name may come again, and is another one then. */
export function forgetStream(account: LocalAccount, streamArn: string): Promise<void> {
  const state = states(account)
  const { [streamArn]: _gone, ...firstLooks } = state.get().firstLooks
  return state.set({ firstLooks })
}
