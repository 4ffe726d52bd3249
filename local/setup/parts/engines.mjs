import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lastLines, SetupFailure } from '../failure.mjs'
import { runProgram } from '../program.mjs'
import { filesOf, fingerprint } from './fingerprint.mjs'
import { unreachableLine } from './registry.mjs'

/** Bytes that the jars take here and in Maven's repository, built twice over. */
export const enginesBytes = 700 * 1024 * 1024

/** What Maven's output is made of. */
const sources = [
  'pom.xml',
  '.mvn',
  'connect-plugin/pom.xml',
  'connect-plugin/src/main',
  ...['launcher', 'kafka', 'catalog'].flatMap((name) => [`local/jvm/${name}/pom.xml`, `local/jvm/${name}/src/main`]),
]

const folders = ['kafka', 'connect-plugins', 'plugin', 'catalog', 'launcher']

/** True when the jars below .engines are those of the committed poms and Java sources. */
export function enginesAreFresh(paths) {
  return (
    existsSync(paths.built) &&
    readFileSync(paths.built, 'utf8') === state(paths) &&
    folders.every((name) => existsSync(join(paths.engines, name)))
  )
}

/** Builds the jars and moves each folder that changed to its place, so that an interrupted build leaves the previous one whole. */
export async function prepareEngines(paths) {
  const built = state(paths)
  rmSync(paths.built, { force: true })
  await runMaven(paths, ['-DskipTests', 'package'])
  for (const name of folders) replace(join(paths.staging, name), join(paths.engines, name))
  writeFileSync(paths.built, built)
}

/** Compiles and runs the tests of the Java sources. */
export function testJava(paths) {
  return runMaven(paths, ['test'])
}

async function runMaven(paths, goals) {
  mkdirSync(paths.staging, { recursive: true })
  const args = ['--quiet', '--batch-mode', '--threads=2', '-Dstyle.color=never', `-Dengines=${paths.staging}`, ...goals]
  const { code, missing, output } = await runProgram('mvn', args, { cwd: paths.root })
  if (missing) throw new SetupFailure('Maven is missing: there is no `mvn` on the PATH. Install Maven, then run this again.')
  if (code === 0) return
  const line = unreachableLine(output)
  if (line) {
    throw new SetupFailure(
      `Maven could not reach its repository for what pom.xml names: "${line}". Check the network, the proxy and the mirrors in ~/.m2/settings.xml, then run this again.`,
    )
  }
  throw new SetupFailure(`\`mvn ${goals.join(' ')}\` failed in ${paths.root}:\n${errors(output)}`)
}

const state = (paths) => fingerprint(paths.root, filesOf(paths.root, sources))

/** A folder with the same contents stays: a JVM of another run may still be reading its jars. */
function replace(staged, place) {
  const same = existsSync(place) && fingerprint(staged, filesOf(staged, ['.'])) === fingerprint(place, filesOf(place, ['.']))
  if (same) {
    rmSync(staged, { recursive: true })
    return
  }
  const old = `${place}.old`
  rmSync(old, { recursive: true, force: true })
  if (existsSync(place)) renameSync(place, old)
  renameSync(staged, place)
  rmSync(old, { recursive: true, force: true })
}

function errors(output) {
  const lines = output
    .split('\n')
    .filter((line) => line.startsWith('[ERROR]') && !/\[Help 1\]|re-run Maven|^\[ERROR\]\s*$|For more information/.test(line))
  return lines.length > 0 ? lines.slice(0, 12).join('\n') : lastLines(output, 8)
}
