import { type DeployedResource, type DeployedStack, hexOf, type LocalAccount } from './account.ts'
import type { AssemblyStack } from './assembly.ts'
import { resolve, type Scope } from './intrinsics.ts'
import { canonicalText, changedPaths, isObject, type JsonObject } from './json.ts'
import { type Identity, type ResourceContext, type ResourceProvider, refused } from './provider.ts'
import { providerOf } from './resources/index.ts'
import type { ResourceDefinition } from './template.ts'

export interface ResourceEvent {
  readonly kind: 'resource'
  readonly stack: string
  readonly logicalId: string
  readonly type: string
  readonly action: 'created' | 'updated' | 'replaced' | 'unchanged' | 'deleted' | 'retained'
}

interface ResourceDeployment {
  readonly stack: AssemblyStack
  readonly account: LocalAccount
  readonly deployed: DeployedStack
  readonly logicalId: string
  readonly definition: ResourceDefinition
  readonly after: readonly string[]
  readonly scope: Scope
  readonly onEvent: (event: ResourceEvent) => void
}

/** Creates, updates, replaces or leaves alone one resource, whichever its properties ask for. */
export async function deployResource(deployment: ResourceDeployment): Promise<void> {
  const { account, deployed, logicalId, definition, stack, onEvent } = deployment
  const provider = knownProvider(definition.Type)
  const properties = resolve(definition.Properties ?? {}, deployment.scope)
  if (!isObject(properties)) throw refused({ stack: stack.name, logicalId }, 'Properties must be an object')
  const context = contextOf(deployment, provider, properties)
  const before = takenBack(deployment, provider, properties, context)
  const report = (action: ResourceEvent['action']) =>
    onEvent({ kind: 'resource', stack: stack.name, logicalId, type: definition.Type, action })
  const after = record(deployment, provider, properties, context, before)
  if (before && before.type !== after.type)
    throw refused(context, `Update of resource type is not permitted (${before.type} to ${after.type}): give it another logical id`)
  const isLost = before !== undefined && provider.isLost?.(before, account) === true
  if (!before || before.underway === 'create' || isLost) {
    const resumed = before !== undefined && before.key === after.key && !isLost
    if (before && !resumed) await provider.delete?.(before, account)
    await create(deployment, provider, after, context, resumed)
    return report('created')
  }
  const changed = changedPaths(before.properties, properties)
  if (changed.some((path) => provider.replacedBy.some((replacing) => overlaps(path, replacing)))) {
    await replace(deployment, provider, before, after, changed, context)
    return report('replaced')
  }
  if (changed.length === 0 && before.underway !== 'update') {
    deployed.resources[logicalId] = after
    return report('unchanged')
  }
  await provider.check?.(properties, context)
  deployed.resources[logicalId] = { ...before, underway: 'update' }
  await account.save()
  await provider.update?.(properties, before, context)
  deployed.resources[logicalId] = await realized(provider, after, context, before)
  await account.save()
  report('updated')
}

async function create(
  { account, deployed, logicalId }: ResourceDeployment,
  provider: ResourceProvider,
  after: DeployedResource,
  context: ResourceContext,
  resumed: boolean,
): Promise<void> {
  const twin = account.find(after.type).find((other) => other.key === after.key && other !== deployed.resources[logicalId])
  if (twin) throw refused(context, `${after.physicalId} already exists ${twin.stack ? `(${twin.stack}: ${twin.logicalId})` : ''}`)
  await provider.check?.(after.properties, context)
  deployed.resources[logicalId] = { ...after, underway: 'create' }
  await account.save()
  await provider.create?.(after.properties, context, resumed)
  deployed.resources[logicalId] = await realized(provider, after, context, undefined)
  await account.save()
}

/** The resource with what only its making has told. */
async function realized(
  provider: ResourceProvider,
  after: DeployedResource,
  context: ResourceContext,
  before: DeployedResource | undefined,
): Promise<DeployedResource> {
  if (!provider.realize) return after
  const { physicalId, attributes = {} } = await provider.realize(after.properties, context, before)
  return { ...after, physicalId, attributes }
}

/** CloudFormation makes the new resource first and then deletes the old one, so both must be able to exist at a time. */
async function replace(
  deployment: ResourceDeployment,
  provider: ResourceProvider,
  before: DeployedResource,
  after: DeployedResource,
  changed: readonly string[],
  context: ResourceContext,
): Promise<void> {
  if (before.key === after.key) {
    const advice = provider.replacementAdvice ? `: ${provider.replacementAdvice}` : ''
    throw refused(
      context,
      `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${before.physicalId} and update the stack again (${changed.join(', ')})${advice}`,
    )
  }
  const { deployed, definition } = deployment
  deployed.obsolete.push({ ...before, deletionPolicy: (definition.UpdateReplacePolicy ?? 'Delete') === 'Delete' ? 'Delete' : 'Retain' })
  delete deployed.resources[deployment.logicalId]
  await create(deployment, provider, after, context, false)
}

/** Deletes a resource that its stack no longer has, or leaves it behind when its DeletionPolicy says so. */
export async function removeResource(
  account: LocalAccount,
  stack: DeployedStack,
  logicalId: string,
  onEvent: (event: ResourceEvent) => void,
): Promise<void> {
  const resource = stack.resources[logicalId]
  if (!resource) return
  if (resource.deletionPolicy === 'Delete' || resource.underway === 'create') {
    stack.resources[logicalId] = { ...resource, underway: 'delete' }
    await account.save()
  }
  await dispose(account, resource, onEvent)
  delete stack.resources[logicalId]
  await account.save()
}

/** Deletes what replacements have left, as CloudFormation does when everything else is done. */
export async function removeObsolete(account: LocalAccount, stack: DeployedStack, onEvent: (event: ResourceEvent) => void): Promise<void> {
  for (let resource = stack.obsolete.at(-1); resource; resource = stack.obsolete.at(-1)) {
    await dispose(account, resource, onEvent)
    stack.obsolete.pop()
    await account.save()
  }
}

async function dispose(account: LocalAccount, resource: DeployedResource, onEvent: (event: ResourceEvent) => void): Promise<void> {
  const { stack, logicalId, type } = resource
  const retained = resource.deletionPolicy === 'Retain' && resource.underway !== 'create'
  if (retained) account.retain(resource)
  else await knownProvider(type).delete?.(resource, account)
  onEvent({ kind: 'resource', stack, logicalId, type, action: retained ? 'retained' : 'deleted' })
}

/** The deployed resource of that logical id; one that a replacement was about to leave comes back when the template asks for it again. */
function takenBack(
  { deployed, logicalId, definition }: ResourceDeployment,
  provider: ResourceProvider,
  properties: JsonObject,
  context: ResourceContext,
): DeployedResource | undefined {
  const current = deployed.resources[logicalId]
  if (current && current.underway !== 'create') return current
  const wanted = keyOf(provider.identify(properties, context))
  const obsolete = deployed.obsolete.find(
    (other) => other.logicalId === logicalId && other.type === definition.Type && other.key === wanted,
  )
  if (!obsolete) return current
  deployed.obsolete = deployed.obsolete.filter((other) => other !== obsolete)
  if (current) deployed.obsolete.push({ ...current, deletionPolicy: 'Delete' })
  return obsolete
}

function record(
  { stack, logicalId, definition, after }: ResourceDeployment,
  provider: ResourceProvider,
  properties: JsonObject,
  context: ResourceContext,
  before: DeployedResource | undefined,
): DeployedResource {
  const identity = provider.identify(properties, context, before)
  const { physicalId, arn, attributes = {}, local = {} } = identity
  const policy = definition.DeletionPolicy ?? 'Delete'
  const deletionPolicy = policy === 'Delete' ? 'Delete' : 'Retain'
  return {
    stack: stack.name,
    logicalId,
    type: definition.Type,
    physicalId,
    arn,
    key: keyOf(identity),
    attributes,
    properties,
    local,
    deletionPolicy,
    after,
  }
}

function contextOf(
  { stack, account, logicalId, definition }: ResourceDeployment,
  provider: ResourceProvider,
  properties: JsonObject,
): ResourceContext {
  const identity = provider.replacedBy.map((path) =>
    canonicalText(path.split('.').reduce<JsonObject[string] | undefined>((at, name) => (isObject(at) ? at[name] : undefined), properties)),
  )
  const unique = hexOf(account.id, account.region, stack.name, logicalId, ...identity)
  return {
    account,
    stack: stack.name,
    logicalId,
    type: definition.Type,
    unique,
    generatedName: `${stack.name}-${logicalId}-${unique.slice(0, 12)}`,
    asset: (bucket, key) => stack.assets.find((asset) => asset.bucket === bucket && asset.key === key),
  }
}

function keyOf({ key, arn, physicalId }: Identity): string {
  return key ?? arn ?? physicalId
}

function knownProvider(type: string): ResourceProvider {
  const provider = providerOf(type)
  if (!provider) throw new Error(`no provider for ${type}`)
  return provider
}

/** Whether a change of one path is a change at or below the other, or takes away what holds it. */
function overlaps(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other}.`) || other.startsWith(`${path}.`)
}
