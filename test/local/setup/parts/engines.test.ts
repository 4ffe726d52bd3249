import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { enginesAreFresh, prepareEngines } from '../../../../local/setup/parts/engines.mjs'
import { checkout, pathsOf } from '../../../../local/setup/paths.mjs'
import { onlyPrograms, temporaryFolder } from '../fake-programs.ts'

const path = process.env.PATH
afterEach(() => {
  process.env.PATH = path
})

/** Stands in for Maven: makes each folder below -Dengines, with one jar named after the pom's contents. */
const builds = `
for argument; do case $argument in -Dengines=*) engines=\${argument#-Dengines=};; esac; done
read version < pom.xml
for name in kafka connect-plugins plugin catalog launcher; do
  /bin/rm -rf $engines/$name; /bin/mkdir -p $engines/$name; echo $name > $engines/$name/stays.jar
done
echo jar > $engines/kafka/kafka-$version.jar`

function maven(script: string) {
  process.env.PATH = onlyPrograms({ mvn: script }).PATH
}

function checkoutWith(pom: string) {
  const root = temporaryFolder()
  for (const file of ['connect-plugin/pom.xml', 'local/jvm/catalog/src/main/java/A.java']) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    cpSync(join(checkout, 'pom.xml'), join(root, file))
  }
  writeFileSync(join(root, 'pom.xml'), `${pom}\n`)
  return pathsOf(root)
}

test('a build is fresh until a source, a pom or a result changes', async () => {
  maven(builds)
  const paths = checkoutWith('3.7.2')
  expect(enginesAreFresh(paths)).toBe(false)
  await prepareEngines(paths)
  expect(enginesAreFresh(paths)).toBe(true)

  const source = join(paths.root, 'local/jvm/catalog/src/main/java/A.java')
  const before = readFileSync(source)
  writeFileSync(source, 'class A {}')
  expect(enginesAreFresh(paths)).toBe(false)
  writeFileSync(source, before)
  expect(enginesAreFresh(paths)).toBe(true)

  writeFileSync(join(dirname(source), 'B.java'), 'class B {}')
  expect(enginesAreFresh(paths)).toBe(false)
})

test('a new version leaves no old jar, and a folder that did not change is not touched', async () => {
  maven(builds)
  const paths = checkoutWith('3.7.2')
  await prepareEngines(paths)
  const catalog = statSync(join(paths.engines, 'catalog')).ino
  writeFileSync(join(paths.root, 'pom.xml'), '3.9.0\n')
  await prepareEngines(paths)
  expect(readdirSync(join(paths.engines, 'kafka')).sort()).toEqual(['kafka-3.9.0.jar', 'stays.jar'])
  expect(statSync(join(paths.engines, 'catalog')).ino).toBe(catalog)
  expect(readdirSync(paths.engines).filter((name) => name.endsWith('.old'))).toEqual([])
})

test('a build that fails keeps the previous one and says the errors', async () => {
  maven(builds)
  const paths = checkoutWith('3.7.2')
  await prepareEngines(paths)
  writeFileSync(join(paths.root, 'pom.xml'), '3.9.0\n')
  maven(`${builds}
echo '[INFO] something'; echo '[ERROR] A.java:[3,1] cannot find symbol'; echo '[ERROR] To see the full stack trace of the errors, re-run Maven'; exit 1`)
  await expect(prepareEngines(paths)).rejects.toMatchObject({
    name: 'SetupFailure',
    message: `\`mvn -DskipTests package\` failed in ${paths.root}:\n[ERROR] A.java:[3,1] cannot find symbol`,
  })
  expect(readdirSync(join(paths.engines, 'kafka')).sort()).toEqual(['kafka-3.7.2.jar', 'stays.jar'])
  expect(enginesAreFresh(paths)).toBe(false)
})

test('a repository that cannot be reached is said to be that', async () => {
  maven(
    `echo '[ERROR] Failed to execute goal: Could not transfer artifact a:b:pom:1 from/to central (https://repo.example): transfer failed for https://repo.example/b.pom: repo.example: Name or service not known -> [Help 1]'; exit 1`,
  )
  const paths = checkoutWith('3.7.2')
  await expect(prepareEngines(paths)).rejects.toThrow(
    'Maven could not reach its repository for what pom.xml names: "transfer failed for https://repo.example/b.pom: repo.example: Name or service not known".',
  )
  expect(existsSync(join(paths.engines, 'kafka'))).toBe(false)
})
