import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastLines, SetupFailure } from '../failure.mjs'
import { runProgram } from '../program.mjs'
import { libc } from './platform.mjs'
import { findPython } from './python.mjs'

/** In the order in which they load: iceberg needs the other two. */
export const extensions = ['avro', 'httpfs', 'iceberg']

/** Bytes of the three extensions, unpacked, with the wheels that they may come in. */
export const extensionsBytes = 150 * 1024 * 1024

/** DuckDB's own site answers within seconds or is blocked; pip is then the way. */
const installTimeoutMs = 60_000
const pipTimeoutMs = 300_000

const child = fileURLToPath(new URL('duckdb-child.mjs', import.meta.url))

/** The folder that DuckDB looks into below its extension directory, after the version of @duckdb/node-api in package.json. */
export function extensionFolder(paths, platform = duckdbPlatform()) {
  const declared = JSON.parse(readFileSync(join(paths.root, 'package.json'), 'utf8')).dependencies['@duckdb/node-api']
  return { version: declared.replace(/-.*$/, ''), platform, folder: join(paths.duckdb, `v${declared.replace(/-.*$/, '')}`, platform) }
}

export function extensionsAreFresh(paths) {
  const { folder } = extensionFolder(paths)
  return extensions.every((name) => existsSync(join(folder, `${name}.duckdb_extension`)))
}

/** Gets what is missing: by DuckDB's own INSTALL, or else from the wheels on PyPI that hold the same signed files. */
export async function prepareExtensions(paths, env = process.env) {
  const { version, platform, folder } = extensionFolder(paths)
  mkdirSync(paths.duckdb, { recursive: true })
  const installed = await runProgram(process.execPath, [child, 'install', paths.duckdb, ...extensions], {
    cwd: paths.root,
    env,
    timeoutMs: installTimeoutMs,
  })
  if (installed.code === 0 && extensionsAreFresh(paths)) return
  const installSays = installed.timedOut ? `no answer within ${installTimeoutMs / 1000} s` : firstError(installed.output)

  const pipSays = await unpackWheels(folder, version, env)
  if (!pipSays) {
    const loaded = await runProgram(process.execPath, [child, 'load', paths.duckdb, ...extensions], { cwd: paths.root, env })
    if (loaded.code === 0) return
    for (const name of extensions) rmSync(join(folder, `${name}.duckdb_extension`), { force: true })
    throw new SetupFailure(`DuckDB ${version} does not load the extensions that pip brought (${platform}): "${firstError(loaded.output)}".`)
  }
  throw new SetupFailure(
    `DuckDB's extensions ${extensions.join(', ')} ${version} for ${platform} could not be had. Its own INSTALL from extensions.duckdb.org says "${installSays}"; ` +
      `Python's pip, the second way, says "${pipSays}". Open one of the two ways, or put the three files <name>.duckdb_extension into ${folder}, then run this again.`,
  )
}

/** Undefined where the wheels' extensions are in the folder now, else what went wrong. */
export async function unpackWheels(folder, version, env) {
  const python = await findPython(env)
  if (!python) return 'there is no python3 with pip on the PATH'
  mkdirSync(folder, { recursive: true })
  const work = mkdtempSync(join(folder, '.wheels-'))
  try {
    const names = extensions.map((name) => `duckdb-extension-${name}==${version}`)
    const args = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--no-input',
      '--disable-pip-version-check',
      '--no-deps',
      '--only-binary=:all:',
      '--dest',
      work,
      ...names,
    ]
    const download = await runProgram(python, args, { env, timeoutMs: pipTimeoutMs })
    if (download.code !== 0) return download.timedOut ? `no end within ${pipTimeoutMs / 1000} s` : firstError(download.output)
    for (const wheel of readdirSync(work).filter((name) => name.endsWith('.whl'))) {
      const unpacked = await runProgram(python, ['-m', 'zipfile', '-e', join(work, wheel), work], { env })
      if (unpacked.code !== 0) return firstError(unpacked.output)
    }
    for (const name of extensions) {
      renameSync(
        join(work, `duckdb_extension_${name}`, 'extensions', `v${version}`, `${name}.duckdb_extension`),
        join(folder, `${name}.duckdb_extension`),
      )
    }
    return undefined
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function firstError(output) {
  const line = output.split('\n').find((text) => /error/i.test(text)) ?? lastLines(output, 1)
  return line
    .replace(/^ERROR:\s*/, '')
    .trim()
    .slice(0, 300)
}

/** As DuckDB names platforms. */
function duckdbPlatform() {
  const system = { linux: 'linux', darwin: 'osx', win32: 'windows' }[process.platform]
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch]
  if (!system || !architecture)
    throw new SetupFailure(`DuckDB has no extensions for ${process.platform}-${process.arch}: use Linux or macOS on x64 or arm64.`)
  return `${system}_${architecture}${libc() === 'musl' ? '_musl' : ''}`
}
