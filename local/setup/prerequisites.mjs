import { existsSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { SetupFailure } from './failure.mjs'
import { runProgram } from './program.mjs'

const leastJava = 17
const leastMaven = [3, 6, 3]

/** Java 17 or newer, which runs the engines: `java` on the PATH. */
export async function checkJava(env = process.env) {
  const { missing, code, output } = await runProgram('java', ['-version'], { env })
  if (missing) {
    throw new SetupFailure(
      `Java is missing: there is no \`java\` on the PATH. Install a JDK of version ${leastJava} or newer, then run this again.`,
    )
  }
  // 'openjdk version "17.0.15" 2025-04-15'; before Java 9 '"1.8.0_402"'.
  const version = /version "(?:1\.)?(\d+)[^"]*"/.exec(output)
  if (code !== 0 || !version) {
    throw new SetupFailure(
      `Java does not run: \`java -version\` answered "${output.trim().split('\n')[0]}". Install a JDK of version ${leastJava} or newer, then run this again.`,
    )
  }
  if (Number(version[1]) < leastJava) {
    throw new SetupFailure(
      `Java ${version[1]} is too old: the \`java\` on the PATH says ${version[0]}. Install a JDK of version ${leastJava} or newer and put it first on the PATH, then run this again.`,
    )
  }
}

/** Maven 3.6.3 or newer, with a compiler of Java 17 or newer: both are needed only when something has to be built. */
export async function checkMaven(env = process.env) {
  const { missing, code, output } = await runProgram('mvn', ['-version'], { env })
  if (missing) {
    throw new SetupFailure(
      `Maven is missing: there is no \`mvn\` on the PATH. Install Maven ${leastMaven.join('.')} or newer, then run this again.`,
    )
  }
  const plain = stripVTControlCharacters(output)
  const version = /Apache Maven (\d+)\.(\d+)\.(\d+)/.exec(plain)
  if (code !== 0 || !version) {
    throw new SetupFailure(
      `Maven does not run: \`mvn -version\` answered "${plain.trim().split('\n')[0]}". Install Maven ${leastMaven.join('.')} or newer, or put JAVA_HOME right, then run this again.`,
    )
  }
  if (isOlder(version.slice(1).map(Number), leastMaven)) {
    throw new SetupFailure(
      `Maven ${version.slice(1).join('.')} is too old: install Maven ${leastMaven.join('.')} or newer and put it first on the PATH, then run this again.`,
    )
  }
  const java = /Java version: (?:1\.)?(\d+)[^,\n]*/.exec(plain)
  const home = /runtime: (.+)/.exec(plain)?.[1]?.trim()
  if (java && Number(java[1]) < leastJava) {
    throw new SetupFailure(
      `Maven runs on Java ${java[1]} (${home ?? 'JAVA_HOME'}), which is too old: set JAVA_HOME to a JDK of version ${leastJava} or newer, then run this again.`,
    )
  }
  if (home && !existsSync(join(home, 'bin', 'javac')) && !existsSync(join(dirname(home), 'bin', 'javac'))) {
    throw new SetupFailure(
      `The Java in ${home} has no compiler (javac): install a JDK of version ${leastJava} or newer, not only a runtime, then run this again.`,
    )
  }
}

/**
 * Room in the file system of a folder, which need not exist yet.
 *
 * @param {string} folder
 * @param {number} neededBytes
 * @param {(path: string) => { bavail: number, bsize: number }} [statfs]
 */
export function checkDisk(folder, neededBytes, statfs = statfsSync) {
  let existing = folder
  while (!existsSync(existing)) existing = dirname(existing)
  const { bavail, bsize } = statfs(existing)
  const free = bavail * bsize
  if (free < neededBytes) {
    throw new SetupFailure(
      `There is too little disk space for ${folder}: ${mebibytes(neededBytes)} are needed and ${mebibytes(free)} are free. Make room, then run this again.`,
    )
  }
}

const mebibytes = (bytes) => `${Math.ceil(bytes / 1024 / 1024)} MiB`

function isOlder(version, least) {
  const at = version.findIndex((part, index) => part !== least[index])
  return at >= 0 && version[at] < least[at]
}
