import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SetupFailure } from './failure.mjs'
import { runToEnd } from './foreground.mjs'
import { testJava } from './parts/engines.mjs'
import { checkout, pathsOf } from './paths.mjs'
import { prepare } from './prepare.mjs'
import { stopPrograms } from './program.mjs'
import { stage } from './progress.mjs'

const commands = {
  start: { summary: 'run the whole pipeline here: PostgreSQL, Kafka, Debezium, the transform, Iceberg', engines: true },
  discover: { summary: "read a database's catalogs and write tables.json", engines: false },
  sql: { summary: 'query the Iceberg tables as in Athena', engines: true },
  verify: { summary: 'compare every captured table with its Iceberg table', engines: true },
  provision: { summary: 'start an execution of the provisioning state machine and follow it, at AWS or of the local run', engines: false },
  transcript: { summary: 'run the provisioning once and write what a person sees of it to docs/provisioning.txt', engines: true },
  status: {
    summary: 'one screen: each hop from the WAL to the row, at AWS or of the local run, and what to do where one is red',
    engines: false,
  },
  errors: { summary: 'list, explain and replay the records that could not be applied, at AWS or of the local run', engines: false },
  faults: { summary: 'write random rows while one fault after the other is injected, and compare every table', engines: true },
  record: { summary: 'record change events of the pinned Debezium as test fixtures', engines: true },
  bench: { summary: 'measure the transform', engines: false },
  app: { summary: 'synthesize the CDK app, with the plugin for MSK Connect built first; this is what cdk.json names', plugin: true },
  'lint-templates': { summary: 'hold the synthesized templates against cfn-lint', plugin: true, cfnLint: true },
  test: { summary: 'run the tests; arguments go to jest, `--selectProjects unit` needs no engine', engines: true },
}

const usage = `Usage: node local/run.mjs <command> [arguments]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(16)}${summary}`)
  .join('\n')}

Each is also an npm script: npm run <command> -- [arguments]; <command> --help says more.
What a command needs (npm packages, engines by Maven, DuckDB's extensions) it prepares first, into node_modules/ and .engines/.
`

/** Prepares what the command needs, then runs it in the foreground; the process's exit code is the command's. */
export async function run(argv) {
  const [name, ...args] = argv
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(usage)
    return
  }
  if (!Object.hasOwn(commands, name)) {
    process.stderr.write(`There is no command "${name}".\n\n${usage}`)
    process.exitCode = 64
    return
  }
  try {
    process.exitCode = await interruptible(() => (name === 'test' ? test(args) : command(name, args)))
  } catch (error) {
    const message = error instanceof SetupFailure ? error.message : unwritable(error)
    if (!message) throw error
    process.stderr.write(`${message}\n`)
    process.exitCode = 1
  }
}

async function command(name, args) {
  const paths = pathsOf(checkout)
  const file = name === 'app' ? join(paths.root, 'bin', 'app.ts') : join(paths.root, 'local', `${name}.ts`)
  if (!existsSync(file)) throw new SetupFailure(`The command "${name}" is not part of this checkout: ${file} does not exist.`)
  // The words of help come from the command itself and need no engine.
  const engines = commands[name].engines && !args.includes('--help') && !args.includes('-h')
  const { plugin, cfnLint } = commands[name]
  await prepare(paths, { engines, plugin, cfnLint })
  const tsx = pathToFileURL(join(paths.modules, 'tsx', 'dist', 'loader.mjs')).href
  return () => runToEnd(process.execPath, ['--import', tsx, file, ...args], { cwd: paths.root })
}

async function test(args) {
  const paths = pathsOf(checkout)
  const help = args.includes('--help')
  const engines = !help && testsNeedEngines(args)
  await prepare(paths, { engines, maven: engines })
  if (engines) await stage('Java tests', () => testJava(paths))
  return () => runToEnd(process.execPath, [join(paths.modules, 'jest', 'bin', 'jest.js'), ...args], { cwd: paths.root })
}

/** False where jest's arguments select only projects that run without the engines. Jest takes all words up to the next option. */
export function testsNeedEngines(args) {
  const at = args.findIndex((arg) => arg === '--selectProjects' || arg.startsWith('--selectProjects='))
  if (at < 0) return true
  const end = args.findIndex((arg, index) => index > at && arg.startsWith('-'))
  const selected = args.slice(at + 1, end < 0 ? undefined : end)
  if (args[at].includes('=')) selected.push(args[at].split('=')[1])
  return selected.length === 0 || selected.includes('with-engines')
}

/** A signal during the preparation ends what it runs, then us; `prepared` gives what to run after it. */
async function interruptible(prepared) {
  process.on('SIGINT', stopPreparing).on('SIGTERM', stopPreparing)
  const proceed = await prepared()
  process.off('SIGINT', stopPreparing).off('SIGTERM', stopPreparing)
  return proceed()
}

function unwritable(error) {
  if (!error.path || !['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'].includes(error.code)) return undefined
  return `${error.path} cannot be written (${error.code}): give this user the right to write there, or make room, then run this again.`
}

function stopPreparing(signal) {
  stopPrograms()
  process.stderr.write('\nStopped while preparing; what was finished is kept.\n')
  process.exit(128 + constants.signals[signal])
}
