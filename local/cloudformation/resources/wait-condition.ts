import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { DeployedResource, LocalAccount } from '../account.ts'
import type { AccountEffects, Callback } from '../effects.ts'
import { parseProperties, type ResourceProvider, refused } from '../provider.ts'
import { effectsOf } from './custom-resource.ts'

/** Handles whose URLs are open in this process. */
const openHandles = new WeakMap<AccountEffects, Map<string, Callback>>()

function handlesOf({ effects }: Pick<LocalAccount, 'effects'>): Map<string, Callback> {
  if (!effects) return new Map()
  const handles = openHandles.get(effects) ?? new Map<string, Callback>()
  openHandles.set(effects, handles)
  return handles
}

/** A URL to signal, which is its physical id. */
export const waitConditionHandle: ResourceProvider = {
  type: 'AWS::CloudFormation::WaitConditionHandle',
  replacedBy: [],
  identify: (_properties, { generatedName }, before) => ({ physicalId: before?.physicalId ?? generatedName, key: generatedName }),
  /** An earlier process may have opened it, and never seen the signal: then there must be a new one, and all that follows from it. */
  isLost: ({ physicalId, stack }, account) => {
    const condition = resourcesOf(stack, account).find(
      ({ type, properties, underway }) => type === waitCondition.type && properties.Handle === physicalId && underway === undefined,
    )
    return condition ? wasInVain(condition, account) : !handlesOf(account).has(physicalId)
  },
  async realize(_properties, context, before) {
    if (before) return { physicalId: before.physicalId }
    const callback = effectsOf(context).callback()
    handlesOf(context.account).set(callback.url, callback)
    return { physicalId: callback.url }
  },
  async delete({ physicalId }, account) {
    const handles = handlesOf(account)
    handles.get(physicalId)?.close()
    handles.delete(physicalId)
  },
}

function resourcesOf(stack: string, account: LocalAccount): DeployedResource[] {
  return Object.values(account.stacks[stack]?.resources ?? {})
}

/** Nothing that waited for the condition was created. CloudFormation would have rolled all of it back, and the next deployment waits anew. */
function wasInVain({ stack, logicalId }: DeployedResource, account: LocalAccount): boolean {
  return !resourcesOf(stack, account).some(({ after, underway }) => underway !== 'create' && after.includes(logicalId))
}

const conditionShape = z.strictObject({
  Handle: z.string(),
  Timeout: z.coerce.number().int().min(1).max(43_200),
  // More signals than one are not counted here.
  Count: z.coerce.number().int().min(1).max(1).default(1),
})

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html */
const signalShape = z.object({
  Status: z.enum(['SUCCESS', 'FAILURE']),
  Reason: z.string(),
  UniqueId: z.string().min(1),
  Data: z.string(),
})

/** Waits at its creation, and only then, for a signal at its handle. */
export const waitCondition: ResourceProvider = {
  type: 'AWS::CloudFormation::WaitCondition',
  replacedBy: [],
  identify: (_properties, { generatedName }, before) => ({
    physicalId: before?.physicalId ?? generatedName,
    key: generatedName,
    ...(before && { attributes: before.attributes }),
  }),
  isLost: wasInVain,
  async check(properties, context) {
    parseProperties(conditionShape, properties, context)
  },
  async realize(properties, context, before) {
    if (before)
      throw refused(context, 'Update to resource type AWS::CloudFormation::WaitCondition is not supported: give it another logical id')
    const { Handle, Timeout } = parseProperties(conditionShape, properties, context)
    const callback = handlesOf(context.account).get(Handle)
    if (!callback) throw refused(context, 'Its handle is none of this deployment')
    const abort = new AbortController()
    try {
      const late = sleep(Timeout * 1000, undefined, { signal: abort.signal })
      const text = await Promise.race([callback.received, late])
      if (text === undefined) throw refused(context, 'WaitCondition timed out. Received 0 conditions when expecting 1')
      const { Status, Reason, UniqueId, Data } = signalShape.parse(JSON.parse(text))
      if (Status === 'FAILURE') throw refused(context, `WaitCondition received failed message: '${Reason}' for uniqueId: ${UniqueId}`)
      return { physicalId: context.generatedName, attributes: { Data: JSON.stringify({ [UniqueId]: Data }) } }
    } finally {
      abort.abort()
      // A signal that was used up is none for the next attempt.
      callback.close()
      handlesOf(context.account).delete(Handle)
    }
  },
}
