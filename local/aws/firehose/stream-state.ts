import { z } from 'zod'
import type { DeployedResource, LocalAccount } from '../../cloudformation/account.ts'
import type { AwsPlace } from '../place.ts'

const stateShape = z.object({ createdAt: z.record(z.string(), z.number()) })

const states = (account: LocalAccount) => account.state('firehose', stateShape, { createdAt: {} })

/** How long Firehose takes for a stream that reads MSK by PrivateLink (seconds at AWS). */
const creationSeconds = 5 * 60

/** Remembers when the stream was made. */
export function recordStream(account: LocalAccount, streamArn: string, createdAt: number): Promise<void> {
  const state = states(account)
  return state.set({ createdAt: { ...state.get().createdAt, [streamArn]: createdAt } })
}

/** What the stream's status is; one that nothing was recorded of has been there for ever. */
export function streamStatus(
  { account, now, timeScale }: Pick<AwsPlace, 'account' | 'now' | 'timeScale'>,
  { arn }: Pick<DeployedResource, 'arn'>,
): { status: 'CREATING' | 'ACTIVE'; createdAt: number; activeFrom: number } {
  const createdAt = (arn === undefined ? undefined : states(account).get().createdAt[arn]) ?? 0
  const activeFrom = createdAt + creationSeconds * timeScale * 1000
  return { status: activeFrom > now() ? 'CREATING' : 'ACTIVE', createdAt, activeFrom }
}
