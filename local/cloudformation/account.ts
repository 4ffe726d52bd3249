import { createHash, randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { z } from 'zod'
import type { IcebergCatalog } from '../iceberg/catalog.ts'
import type { Asset } from './assembly.ts'
import type { AccountEffects } from './effects.ts'
import type { Json, JsonObject } from './json.ts'

/** A resource as it was deployed: everything resolved. */
export interface DeployedResource {
  readonly stack: string
  readonly logicalId: string
  readonly type: string
  /** What `Ref` gives. */
  readonly physicalId: string
  readonly arn: string | undefined
  /** What only one resource of the type can have. */
  readonly key: string
  /** What `Fn::GetAtt` gives, by attribute name. */
  readonly attributes: JsonObject
  readonly properties: JsonObject
  /** Facts of the local machine about it, such as the folder of a function's code. */
  readonly local: JsonObject
  readonly deletionPolicy: 'Delete' | 'Retain'
  /** Logical ids of the same stack that it was deployed after. */
  readonly after: readonly string[]
  /** An operation that was begun and, where the state is read from the file, never ended: it is taken up again. */
  readonly underway?: 'create' | 'update' | 'delete'
}

export interface DeployedStack {
  readonly resources: Record<string, DeployedResource>
  /** What replacements are about to leave. */
  obsolete: DeployedResource[]
  outputs: Record<string, { readonly value: Json; readonly exportName?: string }>
  /** Names of other stacks' exports that this one uses. */
  imports: string[]
}

interface AccountState {
  readonly version: 1
  readonly account: string
  readonly region: string
  readonly stacks: Record<string, DeployedStack>
  /** What stacks left behind: removed from its template, kept by its DeletionPolicy. */
  readonly retained: DeployedResource[]
}

/** An AWS account and Region as far as deployments need one, kept in a folder. */
export interface LocalAccount {
  readonly id: string
  readonly region: string
  readonly partition: string
  readonly catalog: IcebergCatalog
  /** Folder with one folder for each S3 bucket. */
  readonly bucketsDirectory: string
  readonly stacks: Readonly<Record<string, DeployedStack>>
  /** Everything of a type that exists, what was retained included. */
  find(type: string): DeployedResource[]
  findByArn(arn: string): DeployedResource | undefined
  /** Value of an SSM parameter; undefined where there is none. */
  parameter(name: string): string | undefined
  arn(service: string, resource: string, parts?: { readonly region?: string; readonly account?: string }): string
  /** The stack's record, made where there is none yet. */
  stack(name: string): DeployedStack
  removeStack(name: string): void
  retain(resource: DeployedResource): void
  /** What was retained is deleted by somebody, past its stack. */
  forget(arn: string): void
  /** Path of the published asset: a folder for a zip. */
  publish(asset: Asset): string
  /**
   * What a stand-in of an AWS service remembers, in `<service>.json` of the account's folder; every call for a service gives the same one.
   * @throws when the file does not have that shape
   */
  state<T>(service: string, shape: z.ZodType<T>, initial: T): ServiceState<T>
  /** Without them what invokes functions or is called back cannot be deployed. */
  readonly effects?: AccountEffects | undefined
  /** Resolves when everything up to the call is in the file. */
  save(): Promise<void>
}

/** State of one service: read at once, written whole. */
export interface ServiceState<T> {
  get(): T
  /** Holds for readers at once, and resolves when it is in the file. */
  set(value: T): Promise<void>
}

export interface AccountSettings {
  readonly id: string
  readonly region: string
  /** Holds `resources.json` and the published assets. */
  readonly directory: string
  readonly bucketsDirectory: string
  readonly catalog: IcebergCatalog
  readonly effects?: AccountEffects | undefined
}

/** `CDKToolkit`, the bootstrap stack, would have put it there. https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html */
const bootstrapVersion = { name: '/cdk-bootstrap/hnb659fds/version', value: '28' } as const

/** Opens the account that a folder holds, or begins a new one there. */
export function openAccount({ id, region, directory, bucketsDirectory, catalog, effects }: AccountSettings): LocalAccount {
  const file = join(directory, 'resources.json')
  const state = readState(file, id, region)
  const everything = () => [
    ...Object.values(state.stacks).flatMap((stack) => [...Object.values(stack.resources), ...stack.obsolete]),
    ...state.retained,
  ]
  const save = atomicWriter(file, () => `${JSON.stringify(state, null, 1)}\n`)
  const states = serviceStates(directory)
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
  return {
    id,
    region,
    partition,
    catalog,
    bucketsDirectory,
    stacks: state.stacks,
    find: (type) => everything().filter((resource) => resource.type === type && resource.underway !== 'create'),
    findByArn: (arn) => everything().find((resource) => resource.arn === arn && resource.underway !== 'create'),
    parameter(name) {
      if (name === bootstrapVersion.name) return bootstrapVersion.value
      const value = everything().find((resource) => resource.type === 'AWS::SSM::Parameter' && resource.physicalId === name)?.properties
        .Value
      return typeof value === 'string' ? value : undefined
    },
    arn: (service, resource, parts = {}) => `arn:${partition}:${service}:${parts.region ?? region}:${parts.account ?? id}:${resource}`,
    stack(name) {
      const stack = state.stacks[name] ?? { resources: {}, obsolete: [], outputs: {}, imports: [] }
      state.stacks[name] = stack
      return stack
    },
    removeStack(name) {
      delete state.stacks[name]
    },
    retain(resource) {
      state.retained.push(resource)
    },
    forget(arn) {
      const at = state.retained.findIndex((resource) => resource.arn === arn)
      if (at >= 0) state.retained.splice(at, 1)
    },
    publish: (asset) => publishAsset(join(directory, 'assets'), asset),
    state: states,
    effects,
    save,
  }
}

function readState(file: string, account: string, region: string): AccountState {
  if (!existsSync(file)) return { version: 1, account, region, stacks: {}, retained: [] }
  const state: AccountState = JSON.parse(readFileSync(file, 'utf8'))
  if (state.version !== 1 || state.account !== account || state.region !== region) {
    throw new Error(
      `${file} is that of account ${state.account} in ${state.region} (version ${state.version}), not of ${account} in ${region}: start over with an empty data folder`,
    )
  }
  return state
}

function serviceStates(directory: string): LocalAccount['state'] {
  const cells = new Map<string, { value: unknown; readonly save: () => Promise<void> }>()
  return (service, shape, initial) => {
    const file = join(directory, `${service}.json`)
    let cell = cells.get(service)
    if (!cell) {
      const made = { value: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : initial, save: async () => {} }
      cell = { ...made, save: atomicWriter(file, () => `${JSON.stringify(cell?.value, null, 1)}\n`) }
      cells.set(service, cell)
    }
    const own = cell
    return {
      get: () => shape.parse(own.value),
      set(value) {
        own.value = value
        return own.save()
      },
    }
  }
}

/** An archive is unpacked where it is published, under a name that only ever has one content. */
function publishAsset(directory: string, asset: Asset): string {
  const target = join(directory, asset.bucket, asset.packaging === 'zip' ? asset.key.replace(/\.zip$/, '') : asset.key)
  if (existsSync(target)) return target
  const temporary = `${target}.${randomUUID()}`
  mkdirSync(dirname(target), { recursive: true })
  cpSync(asset.path, temporary, { recursive: true })
  try {
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    if (!existsSync(target)) throw error
  }
  return target
}

/** Writes one text after another, each whole or not at all; calls that come while one is being written share the next. */
function atomicWriter(file: string, text: () => string): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  const write = async () => {
    next = undefined
    mkdirSync(dirname(file), { recursive: true })
    // Some of it is secret: the keys of the local principals.
    await writeFile(`${file}.new`, text(), { mode: 0o600 })
    await rename(`${file}.new`, file)
  }
  return () => {
    if (!next) {
      next = running.then(write)
      // A failed write is reported to its callers; it must not stop the later ones.
      running = next.catch(() => {})
    }
    return next
  }
}

/** A hash of texts, as lower-case hexadecimal digits: for ids that AWS would draw at random. */
export function hexOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
