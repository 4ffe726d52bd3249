import { existsSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { Annotations, App } from 'aws-cdk-lib'
import { addPipelineStacks } from '../lib/pipeline-stacks.ts'
import { addRules } from '../lib/rules.ts'
import { parseDeployment } from '../pipeline/deployment.ts'
import { PipelineError } from '../pipeline/errors.ts'
import { capturedTables, parseTables } from '../pipeline/tables.ts'
import { checkRecord, recordFile } from './record-file.ts'

const root = resolve(import.meta.dirname, '..')
const example = join(root, 'local', 'deployment.json')

/** A file that a context value names, from the folder where the command runs. */
function contextFile(app: App, name: string, byDefault: string): string {
  const given: unknown = app.node.tryGetContext(name)
  return typeof given === 'string' ? resolve(given) : join(root, byDefault)
}

function readJson(file: string): unknown {
  if (!existsSync(file)) throw new PipelineError('InvalidDeployment', `There is no file ${relative('.', file)}.`)
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PipelineError('InvalidDeployment', `${relative('.', file)} is not JSON: ${String(cause)}`, { cause })
  }
}

const tell = (line: string) => process.stderr.write(`${line}\n`)

try {
  const app = new App()
  const wanted = contextFile(app, 'deployment', 'deployment.json')
  const byDefault = app.node.tryGetContext('deployment') === undefined
  const deploymentFile = byDefault && !existsSync(wanted) ? example : wanted
  const tablesFile = contextFile(app, 'tables', 'tables.json')
  const plugin = contextFile(app, 'plugin', join('.engines', 'plugin', 'debezium-postgres-plugin.zip'))
  if (!existsSync(plugin)) {
    throw new PipelineError(
      'PluginMissing',
      `There is no plugin for MSK Connect at ${relative('.', plugin)}: run npx cdk synth, which builds it`,
    )
  }
  const deployment = parseDeployment(readJson(deploymentFile), relative('.', deploymentFile))
  const tables = capturedTables(parseTables(readJson(tablesFile), relative('.', tablesFile)))
  // The local run and whoever has no deployment yet have nothing to lose; a local deployment refuses replacements itself.
  const recorded = deploymentFile !== example && app.node.tryGetContext('record') !== 'false'
  const writeRecord = recorded ? checkRecord(recordFile(deploymentFile), deployment, tables, tell) : () => {}
  addRules(app)
  const { cluster } = addPipelineStacks(app, { deployment, tables, plugin })
  if (deploymentFile === example && byDefault) {
    Annotations.of(cluster).addWarningV2(
      'aurora-cdc:deployment-missing',
      'There is no deployment.json, so this is the deployment of the local run: copy deployment.example.json to deployment.json and fill it in.',
    )
  }
  app.synth()
  writeRecord()
} catch (error) {
  if (!(error instanceof PipelineError)) throw error
  tell(`${error.name}: ${error.message}`)
  process.exitCode = 1
}
