import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { DeployedResource, LocalAccount } from '../account.ts'
import type { AccountEffects } from '../effects.ts'
import { isObject, type Json, type JsonObject, scalarText } from '../json.ts'
import { type Identity, parseProperties, type ResourceContext, type ResourceProvider, refused } from '../provider.ts'

const propertiesShape = z.looseObject({ ServiceToken: z.string(), ServiceTimeout: z.coerce.number().int().min(1).max(3600).default(3600) })

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html */
const answerShape = z.object({
  Status: z.enum(['SUCCESS', 'FAILED']),
  Reason: z.string().optional(),
  PhysicalResourceId: z.string().min(1),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  NoEcho: z.boolean().optional(),
  Data: z.record(z.string(), z.custom<Json>()).optional(),
})
const answerLimitBytes = 4096

/** How long an answer may take once the function has ended (seconds). */
const graceSeconds = 10

/** A resource that a function makes: it is told what is wanted, and answers by a PUT to a URL that only this request has. */
export const customResource: ResourceProvider = {
  type: 'AWS::CloudFormation::CustomResource',
  replacedBy: ['ServiceToken'],
  identify: (_properties, { generatedName }, before) => ({
    physicalId: before?.physicalId ?? generatedName,
    key: generatedName,
    ...(before && { attributes: before.attributes }),
  }),
  async check(properties, context) {
    const { ServiceToken } = parseProperties(propertiesShape, properties, context)
    if (context.account.findByArn(ServiceToken)?.type !== 'AWS::Lambda::Function')
      throw refused(context, `Invalid ServiceToken: there is no function ${ServiceToken}`)
  },
  async realize(properties, context, before) {
    // One whose creation was cut off may have been made: CloudFormation would delete and create it, and the function is told the same.
    const request = before
      ? { RequestType: 'Update', PhysicalResourceId: before.physicalId, OldResourceProperties: asTexts(before.properties) }
      : { RequestType: 'Create' }
    const made = await ask(context, properties, request)
    // As CloudFormation cleans up after an update that made another one.
    if (before && before.physicalId !== made.physicalId) await ask(context, before.properties, deletion(before))
    return made
  },
  async delete(resource, account) {
    await ask({ ...resource, account }, resource.properties, deletion(resource))
  },
}

const deletion = ({ physicalId }: DeployedResource) => ({ RequestType: 'Delete', PhysicalResourceId: physicalId })

type Place = Pick<ResourceContext, 'stack' | 'logicalId'> & { readonly account: LocalAccount; readonly type: string }

async function ask(place: Place, properties: JsonObject, request: JsonObject): Promise<Identity> {
  const { account, stack, logicalId, type } = place
  const { ServiceToken, ServiceTimeout } = parseProperties(propertiesShape, properties, place)
  const effects = effectsOf(place)
  const callback = effects.callback()
  const about = {
    StackId: account.arn('cloudformation', `stack/${stack}/local`),
    RequestId: randomUUID(),
    LogicalResourceId: logicalId,
  }
  const event = {
    ...request,
    ...about,
    ServiceToken,
    ResourceType: type,
    ResponseURL: callback.url,
    ResourceProperties: asTexts(properties),
  }
  const abort = new AbortController()
  try {
    const text = await Promise.race([
      callback.received,
      endWithoutAnswer(effects, place, ServiceToken, event, ServiceTimeout, abort.signal),
    ])
    return answered(text, place, about)
  } finally {
    abort.abort()
    callback.close()
  }
}

/** Rejects when the function has failed, or ended and not answered, or the time is over. */
async function endWithoutAnswer(
  effects: AccountEffects,
  place: Place,
  functionArn: string,
  event: { readonly RequestId: string },
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<never> {
  const silent = refused(
    place,
    `CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [${event.RequestId}].`,
  )
  const invoked = async () => {
    const result = await effects.invoke(functionArn, event)
    if (!result.ok) throw refused(place, `The function ${functionArn} failed: ${result.errorType}: ${result.errorMessage}`)
    await sleep(graceSeconds * 1000, undefined, { signal })
  }
  await Promise.race([invoked(), sleep(timeoutSeconds * 1000, undefined, { signal })])
  throw silent
}

function answered(text: string, place: Place, asked: { readonly RequestId: string; readonly StackId: string }): Identity {
  if (Buffer.byteLength(text) > answerLimitBytes) throw refused(place, 'Response object is too long.')
  const parsed = answerShape.safeParse(JSON.parse(text))
  if (!parsed.success) throw refused(place, `Invalid response object: ${z.prettifyError(parsed.error)}`)
  const { Status, Reason, PhysicalResourceId, RequestId, StackId, Data } = parsed.data
  if (RequestId !== asked.RequestId || StackId !== asked.StackId)
    throw refused(place, 'Invalid response object: it is the answer to another request')
  if (Status === 'FAILED') throw refused(place, `Received response status [FAILED] from custom resource. Message returned: ${Reason ?? ''}`)
  return { physicalId: PhysicalResourceId, ...(Data && { attributes: Data }) }
}

/** CloudFormation hands numbers and booleans over as texts. */
function asTexts(value: Json): Json {
  if (Array.isArray(value)) return value.map(asTexts)
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, asTexts(part)]))
  return value === null ? null : scalarText(value)
}

/** @throws PipelineError `DeploymentRefused` where this account can neither invoke nor be called back */
export function effectsOf({ account, ...place }: Pick<Place, 'account' | 'stack' | 'logicalId'>): AccountEffects {
  if (account.effects) return account.effects
  throw refused(place, 'it needs functions to be invoked and a URL to be called back at, and this account was opened without either')
}
