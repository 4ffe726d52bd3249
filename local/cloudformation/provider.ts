import { z } from 'zod'
import { PipelineError } from '../../pipeline/errors.ts'
import type { DeployedResource, LocalAccount } from './account.ts'
import type { Asset } from './assembly.ts'
import type { JsonObject } from './json.ts'

/** What names a resource: the physical id that `Ref` gives, its ARN, and what `Fn::GetAtt` gives. */
export interface Identity {
  readonly physicalId: string
  readonly arn?: string
  /** What only one resource of the type can have, where that is not the ARN or else the physical id: the name, where an ARN holds more than that. */
  readonly key?: string
  readonly attributes?: JsonObject
  readonly local?: JsonObject
}

export interface ResourceContext {
  readonly account: LocalAccount
  readonly stack: string
  readonly logicalId: string
  readonly type: string
  /** For a resource without a name of its own; the same as long as no property changes that would replace it. */
  readonly generatedName: string
  /** 64 hexadecimal digits, the same as long as {@link generatedName}. */
  readonly unique: string
  /** The asset that was published as that object. */
  asset(bucket: string, key: string): Asset | undefined
}

/** What stands behind one resource type: how its properties are checked, and what becomes of it on this machine. */
export interface ResourceProvider {
  readonly type: string
  /** Dotted paths of the properties whose change makes CloudFormation replace the resource. */
  readonly replacedBy: readonly string[]
  /** What to do instead, where a replacement is refused. */
  readonly replacementAdvice?: string
  /** Names the resource from its properties, and where it is an update from what it was. */
  identify(properties: JsonObject, context: ResourceContext, before?: DeployedResource): Identity
  /** What AWS would check at creation and update. @throws PipelineError `DeploymentRefused` */
  check?(properties: JsonObject, context: ResourceContext): Promise<void>
  /** @param resumed an earlier attempt was cut off, so that what it made may be there */
  create?(properties: JsonObject, context: ResourceContext, resumed: boolean): Promise<void>
  update?(properties: JsonObject, before: DeployedResource, context: ResourceContext): Promise<void>
  delete?(resource: DeployedResource, account: LocalAccount): Promise<void>
  /** Instead of `create` and `update`, for a resource of which only its making tells the physical id or the attributes. */
  realize?(properties: JsonObject, context: ResourceContext, before: DeployedResource | undefined): Promise<Identity>
  /** Whether a deployed resource is there no more, so that it has to be made anew. */
  isLost?(resource: DeployedResource, account: LocalAccount): boolean
}

export function refused(context: Pick<ResourceContext, 'stack' | 'logicalId'>, what: string): PipelineError {
  return new PipelineError('DeploymentRefused', `${context.stack}: ${context.logicalId}: ${what}`)
}

/**
 * Properties in the shape that the type has at AWS; a property that it does not have is a fault, as it is there.
 * @throws PipelineError `DeploymentRefused` with every fault.
 */
export function parseProperties<Shape extends z.ZodType>(
  shape: Shape,
  properties: JsonObject,
  context: Pick<ResourceContext, 'stack' | 'logicalId'>,
): z.output<Shape> {
  const parsed = shape.safeParse(properties)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.map(String).join('.') || 'Properties'}: ${issue.message}`)
  throw refused(context, `Properties validation failed: ${faults.join('; ')}`)
}

export const tags = z.array(z.strictObject({ Key: z.string().min(1).max(128), Value: z.string().max(256) })).optional()

/** In the form of a UUID, the same as long as the resource is not replaced. */
export function uuidOf({ unique }: Pick<ResourceContext, 'unique'>): string {
  return `${unique.slice(0, 8)}-${unique.slice(8, 12)}-${unique.slice(12, 16)}-${unique.slice(16, 20)}-${unique.slice(20, 32)}`
}
