import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testsNeedEngines } from '../../../local/setup/commands.mjs'
import { checkout } from '../../../local/setup/paths.mjs'
import { runProgram } from '../../../local/setup/program.mjs'
import { onlyPrograms, temporaryFolder } from './fake-programs.ts'

const command = join(checkout, 'local', 'run.mjs')
const run = (args: string[], env: Record<string, string | undefined> = process.env) =>
  runProgram(process.execPath, [command, ...args], { env })

test('no command, and --help, list the commands', async () => {
  const [none, help] = await Promise.all([run([]), run(['--help'])])
  expect(none).toEqual(help)
  expect(none.code).toBe(0)
  const scripts = ['start', 'discover', 'sql', 'verify', 'record', 'bench', 'test']
  for (const name of scripts) expect(none.output).toMatch(new RegExp(`^  ${name} +\\w`, 'm'))
})

test('an unknown command is named', async () => {
  const { code, output } = await run(['begin'])
  expect(code).toBe(64)
  expect(output).toMatch(/^There is no command "begin"\.\n/)
})

test('an old Node.js is told so, in a sentence', async () => {
  const pretend = join(temporaryFolder(), 'pretend.cjs')
  writeFileSync(pretend, "Object.defineProperty(process.versions, 'node', { value: '20.10.9' })")
  const { code, output } = await runProgram(process.execPath, ['--require', pretend, command, 'start'])
  expect({ code, output }).toEqual({
    code: 1,
    output: `Node.js 20.10.9 (${process.execPath}) is too old: install Node.js 20.11 or newer, then run this again.\n`,
  })
})

test('what needs engines is refused without Java, before anything is started', async () => {
  const { code, output } = await run(['start'], onlyPrograms({}))
  expect({ code, output }).toEqual({
    code: 1,
    output: 'Java is missing: there is no `java` on the PATH. Install a JDK of version 17 or newer, then run this again.\n',
  })
})

test.each([
  [[], true],
  [['--selectProjects', 'unit'], false],
  [['--selectProjects', 'unit', 'with-postgres', '--verbose'], false],
  [['--selectProjects=unit'], false],
  [['--selectProjects', 'unit', 'with-engines'], true],
  [['--selectProjects=with-engines'], true],
  [['--verbose', '--selectProjects', 'unit', '--', 'with-engines'], false],
])('jest with %j needs the engines: %s', (args, needs) => {
  expect(testsNeedEngines(args)).toBe(needs)
})

describe('the command in the foreground', () => {
  const foreground = join(checkout, 'local', 'setup', 'foreground.mjs')

  /** Runs a script as a command runs, and gives its exit code and output once `act` was called on its first output. */
  async function inForeground(script: string, act: (pid: number) => void = () => {}) {
    const parent = `import { runToEnd } from ${JSON.stringify(foreground)}
process.exitCode = await runToEnd(process.execPath, ['-e', ${JSON.stringify(script)}], { cwd: '/' })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (output === '' && child.pid) act(child.pid)
      output += chunk
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    return { code, output }
  }

  test('hands on its exit code', async () => {
    expect((await inForeground('process.exit(5)')).code).toBe(5)
  })

  test('hands on the signal that ended it as 128 + its number', async () => {
    expect((await inForeground("process.kill(process.pid, 'SIGKILL')")).code).toBe(137)
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('gets %s, and may take its time to end', async (signal) => {
    const script = `process.on('${signal}', () => setTimeout(() => { console.log('closed'); process.exit(3) }, 100))
setInterval(() => {}, 1000); console.log('up')`
    expect(await inForeground(script, (pid) => process.kill(pid, signal))).toEqual({ code: 3, output: 'up\nclosed\n' })
  })
})
