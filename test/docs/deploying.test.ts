import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const directory = mkdtempSync(join(tmpdir(), 'deploying-'))
afterAll(() => rmSync(directory, { recursive: true }))

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'deploying.md'), 'utf8')
const script = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join('\n')

/** Every command that the page would run, with its arguments: nothing of it is run but the shell. */
function commandsOf(text: string): { readonly status: number | null; readonly complaint: string; readonly commands: readonly string[][] } {
  const bin = join(directory, 'bin')
  const calls = join(directory, 'calls')
  mkdirSync(bin, { recursive: true })
  writeFileSync(calls, '')
  for (const program of ['aws', 'cp', 'curl', 'git', 'mv', 'npm', 'npx', 'openssl', 'psql', 'sleep']) {
    // Arguments end with NUL, a command with the separator of records.
    writeFileSync(
      join(bin, program),
      `#!/bin/bash\nprintf '%s\\0' ${program} "$@" >> '${calls}'\nprintf '\\036' >> '${calls}'\necho given-by-${program}\n`,
    )
    chmodSync(join(bin, program), 0o755)
  }
  const { status, stderr } = spawnSync('bash', ['-euo', 'pipefail'], {
    input: text,
    encoding: 'utf8',
    // Only what the page sets itself, and what any shell has.
    env: { PATH: `${bin}${delimiter}/usr/bin${delimiter}/bin`, HOME: '/home/somebody', AWS_REGION: 'eu-central-1' },
  })
  const commands = readFileSync(calls, 'utf8')
    .split('\u001e')
    .filter((call) => call !== '')
    .map((call) => call.split('\0').slice(0, -1))
  return { status, complaint: stderr, commands }
}

const { status, complaint, commands } = commandsOf(script)

test('the commands can be copied from top to bottom: each uses only what one before it has set', () => {
  expect([status, complaint]).toEqual([0, ''])
  expect(commands.length).toBeGreaterThan(40)
  const broken = commandsOf('aws sts get-caller-identity --account "$NOT_SET"')
  expect([broken.status === 0, broken.complaint]).toEqual([false, expect.stringContaining('NOT_SET: unbound variable')])
})

test('policies, catalogs and secrets among the arguments are JSON, with their variables filled in', () => {
  const documents = commands.flat().filter((argument) => argument.startsWith('{'))
  expect(documents.length).toBeGreaterThanOrEqual(7)
  const parsed = documents.map((document): unknown => JSON.parse(document))
  expect(JSON.stringify(parsed)).not.toMatch(/\$[A-Z_]/)
  expect(parsed).toContainEqual({ username: 'debezium', password: 'given-by-openssl' })
})

test.each([
  ['athena', 'athena'],
  ['cloudwatch', 'cloudwatch'],
  ['firehose', 'firehose'],
  ['glue', 'glue'],
  ['kafka', 'kafka'],
  ['lakeformation', 'lakeformation'],
  ['stepfunctions', 'sfn'],
])('what is asked of %s are operations that it has', async (service, client) => {
  const operations = [
    ...new Set(commands.filter(([program, name]) => program === 'aws' && name === service).map(([, , operation = '']) => operation)),
  ]
  const known = Object.keys(await import(`@aws-sdk/client-${client}`)).map((name) => name.toLowerCase())
  expect(operations.length).toBeGreaterThan(0)
  expect(operations.filter((operation) => !known.includes(`${operation.replaceAll('-', '')}command`))).toEqual([])
})
