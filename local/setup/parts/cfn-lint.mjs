import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { lastLines, SetupFailure } from '../failure.mjs'
import { runProgram } from '../program.mjs'
import { findPython } from './python.mjs'

/** Knows CloudFormation's resource types as of its release. */
const version = '1.58.0'

/** Bytes of its virtual environment. */
export const cfnLintBytes = 150 * 1024 * 1024

const installTimeoutMs = 300_000

const folder = (paths) => join(paths.cfnLint, version)

/** The linter's own program. */
export const cfnLintProgram = (paths) => join(folder(paths), 'bin', 'cfn-lint')

export const cfnLintIsFresh = (paths) => existsSync(cfnLintProgram(paths))

/** A virtual environment of Python with the linter; one that was not finished is made anew. */
export async function prepareCfnLint(paths, env = process.env) {
  const python = await findPython(env)
  if (!python)
    throw new SetupFailure(
      'cfn-lint needs Python: there is no python3 with pip on the PATH. Install Python 3 with pip, then run this again.',
    )
  mkdirSync(paths.cfnLint, { recursive: true })
  const target = folder(paths)
  rmSync(target, { recursive: true, force: true })
  const install = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', `cfn-lint==${version}`]
  const steps = [
    { command: python, args: ['-m', 'venv', target] },
    { command: join(target, 'bin', 'python'), args: install },
  ]
  for (const { command, args } of steps) {
    const { code, timedOut, output } = await runProgram(command, args, { env, timeoutMs: installTimeoutMs })
    if (code === 0) continue
    // Where the program is missing the next command begins again.
    rmSync(target, { recursive: true, force: true })
    const says = timedOut ? `no end within ${installTimeoutMs / 1000} s` : lastLines(output, 4)
    throw new SetupFailure(`cfn-lint ${version} could not be installed by \`${command} ${args.join(' ')}\`: ${says}`)
  }
}
