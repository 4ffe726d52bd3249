import { PipelineError } from '../../pipeline/errors.ts'
import type { LocalAccount } from './account.ts'
import type { Assembly, AssemblyStack } from './assembly.ts'
import { isTrue, resolve } from './intrinsics.ts'
import type { Json } from './json.ts'
import { checkReferences, dependencyLevels, resourceDependencies } from './references.ts'
import { deployResource, type ResourceEvent, removeObsolete, removeResource } from './resource.ts'
import { providerOf } from './resources/index.ts'
import { stackScope } from './scope.ts'

export type DeployEvent =
  | ResourceEvent
  | { readonly kind: 'stack'; readonly stack: string; readonly action: 'deploying' | 'deployed' | 'destroyed' }

/** As many resources of one stack are deployed at a time as do not depend on each other, up to this. */
const concurrency = 8

/**
 * Deploys stacks of a synthesized app, each after those it depends on; what is deployed already is updated, and what did not change is left alone. Cut off and called
 * again, it goes on.
 * @param names the stacks wanted; those they depend on come with them. All, when not given.
 * @throws PipelineError `TemplateNotUnderstood` before anything is changed; `DeploymentRefused` where AWS would refuse.
 */
export async function deployAssembly(
  assembly: Assembly,
  account: LocalAccount,
  names?: readonly string[],
  onEvent: (event: DeployEvent) => void = () => {},
): Promise<void> {
  const stacks = selected(assembly, names)
  for (const stack of stacks) check(stack, account)
  for (const stack of stacks) await deployStack(stack, account, onEvent)
}

/** Deletes a stack's resources, last deployed first; those with DeletionPolicy Retain stay and belong to no stack. */
export async function destroyStack(name: string, account: LocalAccount, onEvent: (event: DeployEvent) => void = () => {}): Promise<void> {
  const stack = account.stacks[name]
  if (!stack) return
  for (const { exportName } of Object.values(stack.outputs)) if (exportName) refuseWhenImported(exportName, name, account)
  const order = dependencyLevels(
    new Map(Object.entries(stack.resources).map(([logicalId, { after }]) => [logicalId, new Set(after)])),
    name,
  )
  for (const logicalId of order.flat().reverse()) await removeResource(account, stack, logicalId, onEvent)
  await removeObsolete(account, stack, onEvent)
  account.removeStack(name)
  await account.save()
  onEvent({ kind: 'stack', stack: name, action: 'destroyed' })
}

function selected(assembly: Assembly, names: readonly string[] | undefined): AssemblyStack[] {
  if (!names) return [...assembly.stacks]
  const wanted = new Set<string>()
  const visit = (name: string): void => {
    const stack = assembly.stacks.find((other) => other.name === name)
    if (!stack)
      throw new PipelineError(
        'DeploymentRefused',
        `No stack ${name} in ${assembly.directory}: there are ${assembly.stacks.map((other) => other.name).join(', ')}`,
      )
    if (wanted.has(name)) return
    wanted.add(name)
    stack.dependencies.forEach(visit)
  }
  names.forEach(visit)
  return assembly.stacks.filter((stack) => wanted.has(stack.name))
}

/** Everything that can be known to be wrong before a resource is touched. */
function check({ name, template, account: id, region }: AssemblyStack, account: LocalAccount): void {
  if (id !== account.id || region !== account.region) {
    throw new PipelineError(
      'DeploymentRefused',
      `${name} is for account ${id} in ${region}, and this is ${account.id} in ${account.region}`,
    )
  }
  for (const [logicalId, { Type }] of Object.entries(template.Resources)) {
    if (!providerOf(Type)) {
      throw new PipelineError(
        'TemplateNotUnderstood',
        `${name}: ${logicalId}: the resource type ${Type} is not known here: add a provider to local/cloudformation/resources/`,
      )
    }
  }
  checkReferences(name, template)
  dependencyLevels(resourceDependencies(name, template.Resources), name)
}

async function deployStack(stack: AssemblyStack, account: LocalAccount, onEvent: (event: DeployEvent) => void): Promise<void> {
  const { name, template } = stack
  onEvent({ kind: 'stack', stack: name, action: 'deploying' })
  const deployed = account.stack(name)
  const imports = new Set<string>()
  const scope = stackScope(stack, account, imports)
  checkRules(stack, scope)
  const wanted = Object.fromEntries(
    Object.entries(template.Resources).filter(([, { Condition }]) => Condition === undefined || scope('').condition(Condition)),
  )
  const dependencies = resourceDependencies(name, wanted)
  for (const level of dependencyLevels(dependencies, name)) {
    await inParallel(level, (logicalId) => {
      const definition = wanted[logicalId]
      if (!definition) throw new Error(`${name}: no definition of ${logicalId}`)
      const after = [...(dependencies.get(logicalId) ?? [])]
      return deployResource({ stack, account, deployed, logicalId, definition, after, scope: scope(logicalId), onEvent })
    })
  }
  const gone = Object.entries(deployed.resources).filter(([logicalId]) => !Object.hasOwn(wanted, logicalId))
  const order = dependencyLevels(new Map(gone.map(([logicalId, { after }]) => [logicalId, new Set(after)])), name)
  for (const logicalId of order.flat().reverse()) await removeResource(account, deployed, logicalId, onEvent)
  await removeObsolete(account, deployed, onEvent)
  const outputs = resolveOutputs(stack, scope)
  for (const [id, { value, exportName }] of Object.entries(deployed.outputs)) {
    const kept = Object.values(outputs).find((output) => output.exportName === exportName)
    if (exportName && JSON.stringify(kept?.value) !== JSON.stringify(value))
      refuseWhenImported(exportName, `${name}: output ${id}`, account)
  }
  deployed.outputs = outputs
  deployed.imports = [...imports].sort()
  await account.save()
  onEvent({ kind: 'stack', stack: name, action: 'deployed' })
}

function checkRules({ name, template }: AssemblyStack, scope: ReturnType<typeof stackScope>): void {
  for (const [rule, { RuleCondition, Assertions }] of Object.entries(template.Rules)) {
    const at = scope(`rule ${rule}`)
    if (RuleCondition !== undefined && !isTrue(RuleCondition, at)) continue
    const failed = Assertions.find(({ Assert }) => !isTrue(Assert, at))
    if (failed)
      throw new PipelineError('DeploymentRefused', `${name}: rule ${rule}: ${failed.AssertDescription ?? 'its assertion does not hold'}`)
  }
}

function resolveOutputs({ name, template }: AssemblyStack, scope: ReturnType<typeof stackScope>) {
  const outputs: Record<string, { value: Json; exportName?: string }> = {}
  for (const [id, { Value, Condition, Export }] of Object.entries(template.Outputs)) {
    const at = scope(`output ${id}`)
    if (Condition !== undefined && !at.condition(Condition)) continue
    const exportName = Export && resolve(Export.Name, at)
    if (exportName !== undefined && typeof exportName !== 'string')
      throw new PipelineError('TemplateNotUnderstood', `${name}: output ${id}: the name of an export must be a text`)
    outputs[id] = { value: resolve(Value, at) ?? null, ...(exportName !== undefined && { exportName }) }
  }
  return outputs
}

function refuseWhenImported(exportName: string, where: string, account: LocalAccount): void {
  const user = Object.entries(account.stacks).find(([, { imports }]) => imports.includes(exportName))
  if (user)
    throw new PipelineError(
      'DeploymentRefused',
      `${where}: Export ${exportName} cannot be updated or deleted as it is in use by ${user[0]}`,
    )
}

/** Runs all, a few at a time; those under way are awaited also when one fails. */
async function inParallel(names: readonly string[], run: (name: string) => Promise<void>): Promise<void> {
  const waiting = names.values()
  let failed = false
  const worker = async () => {
    for (const name of waiting) {
      if (failed) return
      try {
        await run(name)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: Math.min(concurrency, names.length) }, worker))
  const failure = results.find((result) => result.status === 'rejected')
  if (failure) throw failure.reason
}
