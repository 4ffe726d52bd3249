import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkDisk, checkJava, checkMaven } from '../../../local/setup/prerequisites.mjs'
import { onlyPrograms, temporaryFolder } from './fake-programs.ts'

const java = (version: string) => onlyPrograms({ java: `echo 'openjdk version "${version}" 2025-04-15' >&2` })

describe('Java', () => {
  test.each(['17', '17.0.15', '21.0.2', '25-ea'])('%s is new enough', async (version) => {
    await expect(checkJava(java(version))).resolves.toBeUndefined()
  })

  test.each([
    ['11.0.22', 'Java 11 is too old'],
    ['1.8.0_402', 'Java 8 is too old'],
  ])('%s is too old', async (version, sentence) => {
    await expect(checkJava(java(version))).rejects.toMatchObject({
      name: 'SetupFailure',
      message: expect.stringMatching(`${sentence}: .*"${version}".*JDK of version 17 or newer`),
    })
  })

  test('that is not there is said to be missing, and where it was looked for', async () => {
    await expect(checkJava(onlyPrograms({}))).rejects.toThrow('Java is missing: there is no `java` on the PATH.')
  })

  test('that does not run is quoted', async () => {
    const env = onlyPrograms({ java: 'echo "The operation could not be completed. Unable to locate a Java Runtime." >&2; exit 1' })
    await expect(checkJava(env)).rejects.toThrow('Java does not run: `java -version` answered "The operation could not be completed.')
  })
})

describe('Maven', () => {
  const jdk = temporaryFolder()
  mkdirSync(join(jdk, 'bin'))
  writeFileSync(join(jdk, 'bin', 'javac'), '')
  const maven = (version: string, javaVersion = '17.0.15', home = jdk) =>
    onlyPrograms({
      mvn: `printf '\\033[1mApache Maven ${version} (abc)\\033[m\\nMaven home: /usr/share/maven\\nJava version: ${javaVersion}, vendor: Debian, runtime: ${home}\\n'`,
    })

  test.each(['3.6.3', '3.8.7', '3.9.11', '4.0.0'])('%s is new enough', async (version) => {
    await expect(checkMaven(maven(version))).resolves.toBeUndefined()
  })

  test.each(['3.6.2', '3.5.4', '2.2.1'])('%s is too old', async (version) => {
    await expect(checkMaven(maven(version))).rejects.toThrow(`Maven ${version} is too old: install Maven 3.6.3 or newer`)
  })

  test('on an old Java names that Java', async () => {
    await expect(checkMaven(maven('3.8.7', '11.0.1'))).rejects.toThrow(`Maven runs on Java 11 (${jdk}), which is too old: set JAVA_HOME`)
    await expect(checkMaven(maven('3.8.7', '1.8.0_402'))).rejects.toThrow('Maven runs on Java 8')
  })

  test('on a Java without a compiler asks for a JDK', async () => {
    const runtime = temporaryFolder()
    await expect(checkMaven(maven('3.8.7', '17.0.15', runtime))).rejects.toThrow(`The Java in ${runtime} has no compiler (javac)`)
  })

  test('that is not there is said to be missing', async () => {
    await expect(checkMaven(onlyPrograms({}))).rejects.toThrow('Maven is missing: there is no `mvn` on the PATH.')
  })

  test('that does not run is quoted', async () => {
    const env = onlyPrograms({ mvn: 'echo "The JAVA_HOME environment variable is not defined correctly" >&2; exit 1' })
    await expect(checkMaven(env)).rejects.toThrow('answered "The JAVA_HOME environment variable is not defined correctly"')
  })
})

const free = (mebibytes: number) => () => ({ bavail: mebibytes, bsize: 1024 * 1024 })

describe('disk space', () => {
  test('that is there passes, also for a folder that is not there yet', () => {
    expect(() => checkDisk(join(temporaryFolder(), 'a', 'b'), 100 * 1024 * 1024, free(100))).not.toThrow()
  })

  test('that is lacking names the folder, what is needed and what is free', () => {
    expect(() => checkDisk('/nowhere/data', 100 * 1024 * 1024, free(99))).toThrow(
      'There is too little disk space for /nowhere/data: 100 MiB are needed and 99 MiB are free.',
    )
  })
})
