import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

/**
 * Runs the README's commands (```sh) and queries (```sql) as they stand there, in their order, but for the data folder. What needs an account or somebody's
 * database is in ```console blocks, which are not run.
 */
const root = resolve(import.meta.dirname, '..', '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const data = mkdtempSync(join(tmpdir(), 'readme-test-'))

const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => String(match[1]).trim())
const commands = blocks('sh').flatMap((block) => block.split('\n'))
const queries = blocks('sql')

/** CI runs these before and after this test. */
const runByCi = ['npm run test:unit']

/** What shows that a command did what the README says of it. */
const printedBy: Readonly<Record<string, RegExp>> = {
  sql: /301/,
  verify: /^✓ public\.orders → orders: 10 rows, 10 in Iceberg: equal$/m,
  provision: /^ *SUCCEEDED after [\s\S]*Nothing had to be changed\.$/m,
  status: /public\.orders/,
}

let run: ChildProcess
let printed = ''

beforeAll(async () => {
  // Root runs PostgreSQL as another user, who has to enter the folder.
  chmodSync(data, 0o755)
  run = spawn('npm', ['start', '--', '--data', data], { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  run.stderr?.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  await new Promise<void>((streams, ended) => {
    run.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      if (printed.includes('Streaming.')) streams()
    })
    run.once('exit', (code) => ended(new Error(`npm start ended with ${code}:\n${printed}`)))
  })
}, 300_000)

afterAll(async () => {
  if (run.exitCode === null && run.pid !== undefined) {
    const ended = new Promise((resolvePromise) => run.once('exit', resolvePromise))
    // What Ctrl-C does: the signal goes to all of them.
    process.kill(-run.pid, 'SIGINT')
    await ended
  }
  rmSync(data, { recursive: true, force: true })
}, 60_000)

test('the README shows the two commands first, and commands and queries at all', () => {
  expect(commands[0]).toBe('npm start')
  expect(commands[1]).toMatch(/^npm run sql -- "SELECT/)
  expect(queries.length).toBeGreaterThan(3)
})

test.each(commands.filter((command) => command !== 'npm start' && !runByCi.includes(command)))(
  '%s',
  async (command) => {
    const [, name = '', query, option] = /^npm run (\w+)(?: -- (?:"(.*)"|(--\w+)))?$/.exec(command) ?? []
    const expected = printedBy[name]
    if (!expected) throw new Error(`the README has a command that this test cannot run: ${command}`)
    const { stdout } = await npm(name, ...[query ?? option ?? []].flat())
    expect(stdout).toMatch(expected)
  },
  120_000,
)

test.each(queries)(
  '%s',
  async (query) => {
    const { stdout } = await npm('sql', query, '--json')
    expect(JSON.parse(stdout)).not.toHaveLength(0)
  },
  60_000,
)

test('what npm start prints for going on can be copied', async () => {
  const [, catalog] = /Iceberg catalog +(http:\S+)/.exec(printed) ?? []
  const tables: unknown = await (await fetch(`${catalog}/v1/namespaces/aurora_cdc/tables`)).json()
  expect(tables).toMatchObject({ identifiers: expect.arrayContaining([expect.objectContaining({ name: 'orders' })]) })
  expect(printed).toMatch(/PGPASSFILE=\S+pgpass psql postgres:\/\/postgres@127\.0\.0\.1:\d+\/shop$/m)
})

function npm(command: string, ...args: string[]) {
  return promisify(execFile)('npm', ['run', '--silent', command, '--', '--data', data, ...args], { cwd: root })
}
