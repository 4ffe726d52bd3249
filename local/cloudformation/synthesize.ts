import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { PipelineError } from '../../pipeline/errors.ts'

const checkout = resolve(import.meta.dirname, '..', '..')

/** Whatever the templates and bundles are made from. */
const sourceFolders = ['bin', 'lib', 'pipeline', 'handlers']
/** As `npm start` prepares it; the app's own default too. */
const builtPlugin = join(checkout, '.engines', 'plugin', 'debezium-postgres-plugin.zip')
const sourceFiles = ['cdk.json', 'package-lock.json', 'tsconfig.json']

/** In the output: the hash of what it was made from. */
const fingerprintFile = 'inputs.sha256'

/** Lines of the app's error output that a failure quotes. */
const quotedLines = 30

export interface Synthesis {
  /** Becomes the cloud assembly, as `cdk.out`. */
  readonly outputDirectory: string
  readonly deploymentFile: string
  readonly tablesFile: string
  /** The plugin for MSK Connect, unless it is the built one. */
  readonly pluginFile?: string
  /** Called with every line that the app prints. */
  readonly onOutput?: (line: string) => void
}

/**
 * Runs the app as the CDK CLI does, unless the output is there and made from the same files.
 * @returns whether the app was run
 * @throws PipelineError `SynthesisFailed` with what the app said last.
 */
export async function synthesize({
  outputDirectory,
  deploymentFile,
  tablesFile,
  pluginFile = builtPlugin,
  onOutput,
}: Synthesis): Promise<boolean> {
  const output = resolve(outputDirectory)
  const inputs = fingerprint([deploymentFile, tablesFile, pluginFile].map((file) => resolve(file)))
  if (existsSync(join(output, 'manifest.json')) && readIfThere(join(output, fingerprintFile)) === inputs) return false
  // Beside the place and then moved there: an output that is there is whole.
  const temporary = `${output}.new`
  rmSync(temporary, { recursive: true, force: true })
  const context = { deployment: resolve(deploymentFile), tables: resolve(tablesFile), plugin: resolve(pluginFile), record: 'false' }
  await runApp(temporary, context, onOutput)
  writeFileSync(join(temporary, fingerprintFile), inputs)
  rmSync(output, { recursive: true, force: true })
  renameSync(temporary, output)
  return true
}

async function runApp(output: string, context: Record<string, string>, onOutput: (line: string) => void = () => {}): Promise<void> {
  const settings: { context: Record<string, unknown> } = JSON.parse(readFileSync(join(checkout, 'cdk.json'), 'utf8'))
  // Not through `node local/run.mjs app`, which would prepare what is prepared here already.
  const child = spawn(process.execPath, ['--import', 'tsx', join('bin', 'app.ts')], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CDK_OUTDIR: output,
      CDK_CONTEXT_JSON: JSON.stringify({ ...cliContext, ...settings.context, ...context }),
      // The CDK's rules change no template and take four fifths of the time; `npx cdk synth` and the tests apply them.
      CDK_VALIDATION: 'false',
    },
  })
  const last: string[] = []
  const read = async (stream: NodeJS.ReadableStream) => {
    for await (const line of createInterface({ input: stream })) {
      last.push(line)
      if (last.length > quotedLines) last.shift()
      onOutput(line)
    }
  }
  const reading = Promise.all([read(child.stdout), read(child.stderr)])
  const status = await new Promise<number | string>((resolvePromise, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolvePromise(code ?? String(signal)))
  })
  await reading
  if (status !== 0) throw new PipelineError('SynthesisFailed', `The app could not be synthesized (${status}):\n${last.join('\n')}`)
}

/** What `cdk synth` sets by default, so that the templates are the very same. */
const cliContext = {
  'aws:cdk:enable-path-metadata': true,
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:version-reporting': true,
  'aws:cdk:bundling-stacks': ['**'],
}

/** Over names and contents; a file's time means nothing. */
function fingerprint(givenFiles: readonly string[]): string {
  const hash = createHash('sha256').update(process.version)
  const add = (name: string, file: string) => hash.update(`\0${name}\0`).update(createHash('sha256').update(readFileSync(file)).digest())
  for (const folder of sourceFolders) {
    const names = readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => join(checkout, folder, name))
      .filter((file) => statSync(file).isFile())
    for (const file of names.sort()) add(file.slice(checkout.length), file)
  }
  for (const name of sourceFiles) add(name, join(checkout, name))
  givenFiles.forEach((file, index) => add(`given ${index}`, file))
  return hash.digest('hex')
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
