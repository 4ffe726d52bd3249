import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleHandler } from '../../lib/handler-code.ts'
import { provisioningSteps } from '../../pipeline/provisioning.ts'

const folder = mkdtempSync(join(tmpdir(), 'bundles-'))
afterAll(() => rmSync(folder, { recursive: true }))

const gate = ['custom-resource', 'signal-failure'].map((name) => join('handlers', 'gate', `${name}.ts`))
const entries = [...provisioningSteps.map((step) => join('handlers', 'provision', `${step}.ts`)), ...gate]

/** Node.js loads what Lambda would, and names the type of its export. */
function typeOfHandler(file: string): string {
  const script = `import(process.argv[1]).then(({ handler }) => process.stdout.write(typeof handler))`
  return execFileSync(process.execPath, ['-e', script, file], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

test.each(entries)(
  '%s is bundled to a module that loads and exports a handler',
  (entry) => {
    const file = join(folder, entry.replaceAll('/', '-').replace(/\.ts$/, '.mjs'))
    bundleHandler(entry, file, { PROVISIONING_PLAN: '{}' })
    expect(existsSync(file)).toBe(true)
    expect(typeOfHandler(file)).toBe('function')
  },
  20_000,
)
