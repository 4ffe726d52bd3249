import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { addPipelineStacks } from '../../lib/pipeline-stacks.ts'
import { addRules } from '../../lib/rules.ts'
import { readAssembly } from '../../local/cloudformation/assembly.ts'
import { isObject, type Json, type JsonObject } from '../../local/cloudformation/json.ts'
import type { ResourceDefinition, Template } from '../../local/cloudformation/template.ts'
import { parseDeployment } from '../../pipeline/deployment.ts'
import { capturedTables, parseTables } from '../../pipeline/tables.ts'

const root = join(import.meta.dirname, '..', '..')
const readJson = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'))

// A synthesis is a second of computing, or several where other tests run beside.
jest.setTimeout(60_000)

/** An archive like the plugin's, which is not built for tests of templates. */
const plugin = join(root, 'test', 'fixtures', 'plugin', 'plugin.zip')

/** The deployment of the local run, for changes of single settings. */
export const localDeployment: JsonObject = readJson('local/deployment.json')

/** The deployment of the local run in another Region and partition. */
export function inRegion(region: string, partition: string): JsonObject {
  return JSON.parse(JSON.stringify(localDeployment).replaceAll('us-east-1', region).replaceAll('arn:aws:', `arn:${partition}:`))
}

/** Every template of the app by its stack's name, without bundling and without the CDK's own rules, which take most of the time. */
export function synthesized(deployment: object = localDeployment, tables: unknown = readJson('tables.json')): Record<string, Template> {
  return synthesize(deployment, tables, 'false', (outdir) =>
    Object.fromEntries(readAssembly(outdir).stacks.map(({ name, template }) => [name, template])),
  )
}

/** The stacks that each stack is deployed after, by its name. */
export function deployedAfter(deployment: object = localDeployment): Record<string, readonly string[]> {
  return synthesize(deployment, readJson('tables.json'), 'false', (outdir) =>
    Object.fromEntries(readAssembly(outdir).stacks.map(({ name, dependencies }) => [name, dependencies])),
  )
}

/** The tags that CloudFormation gives to every resource of a stack, by the stack's artifact; of the stacks that have some. */
export function stackTags(deployment: object): Record<string, Json> {
  return synthesize(deployment, readJson('tables.json'), 'false', (outdir) => {
    const { artifacts } = JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8'))
    return Object.fromEntries(
      Object.entries<JsonObject>(artifacts).flatMap(([name, { properties }]) =>
        isObject(properties) && properties.tags !== undefined ? [[name, properties.tags]] : [],
      ),
    )
  })
}

/** What a synthesis would have to ask an AWS account for. */
export function lookups(): unknown {
  return synthesize(
    localDeployment,
    readJson('tables.json'),
    'false',
    (outdir) => JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8')).missing,
  )
}

/** What the CDK's own rules and cdk-nag find in the templates of a deployment, by the name of the rules. */
export function findings(deployment: object = localDeployment): unknown {
  return synthesize(
    deployment,
    readJson('tables.json'),
    'true',
    (outdir) => JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')).pluginReports,
  )
}

function synthesize<Result>(deployment: object, tables: unknown, validation: string, read: (outdir: string) => Result): Result {
  const outdir = mkdtempSync(join(tmpdir(), 'synthesized-'))
  process.env.CDK_VALIDATION = validation
  try {
    const app = new App({ outdir, context: { ...readJson('cdk.json').context, 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false })
    if (validation === 'true') addRules(app)
    addPipelineStacks(app, { deployment: parseDeployment(deployment), tables: capturedTables(parseTables(tables)), plugin })
    app.synth()
    return read(outdir)
  } finally {
    rmSync(outdir, { recursive: true })
  }
}

/** Resources of a type in one template or several. */
export function ofType(templates: Template | Record<string, Template>, type: string): ResourceDefinition[] {
  return resources(templates).filter((resource) => resource.Type === type)
}

export function resources(templates: Template | Record<string, Template>): ResourceDefinition[] {
  const all = isTemplate(templates) ? [templates] : Object.values(templates)
  return all.flatMap((template) => Object.values(template.Resources))
}

/** The properties of the only resource of a type. */
export function onlyOf(templates: Template | Record<string, Template>, type: string): JsonObject {
  const [resource, ...others] = ofType(templates, type)
  if (!resource?.Properties || others.length > 0) throw new Error(`${others.length + (resource ? 1 : 0)} resources of type ${type}`)
  return resource.Properties
}

/** A member that is an object. */
export function memberOf(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  if (!isObject(value)) throw new Error(`no ${name}`)
  return value
}

/** Every object inside a value, itself included. */
export function objectsIn(value: Json | undefined): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn)
  return isObject(value) ? [value, ...Object.values(value).flatMap(objectsIn)] : []
}

function isTemplate(value: Template | Record<string, Template>): value is Template {
  return 'Resources' in value && 'Parameters' in value
}
