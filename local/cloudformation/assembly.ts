import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { PipelineError } from '../../pipeline/errors.ts'
import { parseTemplate, type Template } from './template.ts'

/** A synthesized app: what `cdk synth` leaves in `cdk.out`. */
export interface Assembly {
  readonly directory: string
  /** In an order in which they can be deployed. */
  readonly stacks: readonly AssemblyStack[]
}

export interface AssemblyStack {
  readonly name: string
  readonly account: string
  readonly region: string
  readonly template: Template
  /** Names of the stacks that must be deployed before this one. */
  readonly dependencies: readonly string[]
  readonly assets: readonly Asset[]
}

/** A file or folder that a deployment publishes to a bucket. */
export interface Asset {
  readonly path: string
  /** `zip`: a folder, published as an archive. */
  readonly packaging: 'zip' | 'file'
  readonly bucket: string
  readonly key: string
}

const manifestShape = z.looseObject({
  artifacts: z.record(
    z.string(),
    z.looseObject({
      type: z.string(),
      environment: z.string().optional(),
      dependencies: z.array(z.string()).default([]),
      properties: z
        .looseObject({ templateFile: z.string().optional(), stackName: z.string().optional(), file: z.string().optional() })
        .default({}),
    }),
  ),
})

const assetsShape = z.looseObject({
  files: z
    .record(
      z.string(),
      z.looseObject({
        source: z.looseObject({ path: z.string(), packaging: z.enum(['zip', 'file']).default('file') }),
        destinations: z.record(z.string(), z.looseObject({ bucketName: z.string(), objectKey: z.string() })),
      }),
    )
    .default({}),
})

/**
 * Reads a cloud assembly: https://github.com/aws/aws-cdk-cli/tree/main/packages/%40aws-cdk/cloud-assembly-schema
 * @throws PipelineError `TemplateNotUnderstood` where there is none, or something in it is not known.
 */
export function readAssembly(directory: string): Assembly {
  const manifestFile = join(directory, 'manifest.json')
  if (!existsSync(manifestFile))
    throw new PipelineError('TemplateNotUnderstood', `${directory} holds no synthesized app: run npx cdk synth`)
  const { artifacts } = manifestShape.parse(readJson(manifestFile))
  const stackOf = new Map(
    Object.entries(artifacts)
      .filter(([, artifact]) => artifact.type === 'aws:cloudformation:stack')
      .map(([id, artifact]) => [id, artifact.properties.stackName ?? id]),
  )
  const stacks = [...stackOf].map(([id, name]): AssemblyStack => {
    const artifact = artifacts[id]
    const [, account, region] = /^aws:\/\/([^/]+)\/(.+)$/.exec(artifact?.environment ?? '') ?? []
    const templateFile = artifact?.properties.templateFile
    if (!artifact || !templateFile || !account || !region)
      throw new PipelineError('TemplateNotUnderstood', `${manifestFile}: the stack ${id} has no template or environment`)
    const assetManifests = artifact.dependencies
      .map((dependency) => artifacts[dependency])
      .filter((dependency) => dependency?.type === 'cdk:asset-manifest')
    return {
      name,
      account,
      region,
      template: parseTemplate(readJson(join(directory, templateFile)), name),
      dependencies: artifact.dependencies.flatMap((dependency) => stackOf.get(dependency) ?? []),
      assets: assetManifests.flatMap((manifest) => readAssets(directory, manifest?.properties.file)),
    }
  })
  return { directory, stacks: inOrder(stacks) }
}

function readAssets(directory: string, file: string | undefined): Asset[] {
  if (!file) return []
  const { files } = assetsShape.parse(readJson(join(directory, file)))
  return Object.values(files).flatMap(({ source, destinations }) =>
    Object.values(destinations).map(({ bucketName, objectKey }) => ({
      path: join(directory, source.path),
      packaging: source.packaging,
      bucket: bucketName,
      key: objectKey,
    })),
  )
}

/** Depth first, dependencies before dependents; the app has already refused circles. */
function inOrder(stacks: readonly AssemblyStack[]): AssemblyStack[] {
  const ordered = new Set<AssemblyStack>()
  const visit = (stack: AssemblyStack): void => {
    if (ordered.has(stack)) return
    for (const name of stack.dependencies) stacks.filter((other) => other.name === name && other !== stack).forEach(visit)
    ordered.add(stack)
  }
  stacks.forEach(visit)
  return [...ordered]
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
