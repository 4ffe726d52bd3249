import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { synthesize } from './cloudformation/synthesize.ts'
import { checkoutDirectory } from './engines/paths.ts'
import { cfnLintProgram } from './setup/parts/cfn-lint.mjs'
import { pathsOf } from './setup/paths.mjs'

/** Deployments whose templates are linted: the usual one, and one with every setting given. */
const deployments = [join('local', 'deployment.json'), join('test', 'fixtures', 'deployments', 'every-setting.json')]

const directory = mkdtempSync(join(tmpdir(), 'lint-templates-'))
try {
  const program = cfnLintProgram(pathsOf(checkoutDirectory))
  for (const [index, deployment] of deployments.entries()) {
    const outputDirectory = join(directory, String(index))
    await synthesize({
      outputDirectory,
      deploymentFile: join(checkoutDirectory, deployment),
      tablesFile: join(checkoutDirectory, 'tables.json'),
    })
    const templates = readdirSync(outputDirectory).filter((name) => name.endsWith('.template.json'))
    const { status, error } = spawnSync(program, ['--', ...templates], { cwd: outputDirectory, stdio: 'inherit' })
    if (error) throw error
    process.stdout.write(`${deployment}: ${templates.length} templates, ${status === 0 ? 'nothing found' : 'findings above'}\n`)
    if (status !== 0) process.exitCode = 1
  }
} finally {
  rmSync(directory, { recursive: true })
}
