import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { extensionFolder, extensionsAreFresh, unpackWheels } from '../../../../local/setup/parts/duckdb.mjs'
import { pathsOf } from '../../../../local/setup/paths.mjs'
import { onlyPrograms, temporaryFolder } from '../fake-programs.ts'

function checkoutWith(nodeApi: string) {
  const root = temporaryFolder()
  writeFileSync(join(root, 'package.json'), JSON.stringify({ dependencies: { '@duckdb/node-api': nodeApi } }))
  return pathsOf(root)
}

/** Stands in for Python: "downloads" an empty wheel for each requirement and "unpacks" it as the real ones are laid out. */
const python = `
case "$2 $3" in
  'pip --version') echo pip;;
  'pip download')
    while [ "$1" != --dest ]; do shift; done
    dest=$2; shift 2
    for requirement; do echo wheel > "$dest/\${requirement%%==*}.whl"; done;;
  'zipfile -e')
    name=\${4##*/duckdb-extension-}; name=\${name%.whl}
    /bin/mkdir -p "$5/duckdb_extension_$name/extensions/v1.5.5"
    echo "$name" > "$5/duckdb_extension_$name/extensions/v1.5.5/$name.duckdb_extension";;
esac`

test("the folder follows the version in package.json and DuckDB's name of the platform", () => {
  const { version, folder } = extensionFolder(checkoutWith('1.5.5-r.5'), 'osx_arm64')
  expect(version).toBe('1.5.5')
  expect(folder).toMatch(/\.engines\/duckdb\/v1\.5\.5\/osx_arm64$/)
})

test('a new version of DuckDB makes the extensions stale', () => {
  const paths = checkoutWith('1.5.5-r.5')
  const { folder } = extensionFolder(paths)
  mkdirSync(folder, { recursive: true })
  for (const name of ['avro', 'httpfs']) writeFileSync(join(folder, `${name}.duckdb_extension`), 'x')
  expect(extensionsAreFresh(paths)).toBe(false)
  writeFileSync(join(folder, 'iceberg.duckdb_extension'), 'x')
  expect(extensionsAreFresh(paths)).toBe(true)
  writeFileSync(join(paths.root, 'package.json'), JSON.stringify({ dependencies: { '@duckdb/node-api': '1.6.0' } }))
  expect(extensionsAreFresh(paths)).toBe(false)
})

test("pip's wheels give the extensions and leave nothing else", async () => {
  const folder = join(temporaryFolder(), 'v1.5.5', 'linux_amd64')
  expect(await unpackWheels(folder, '1.5.5', onlyPrograms({ python3: python }))).toBeUndefined()
  expect(readdirSync(folder).sort()).toEqual(['avro.duckdb_extension', 'httpfs.duckdb_extension', 'iceberg.duckdb_extension'])
  expect(readFileSync(join(folder, 'iceberg.duckdb_extension'), 'utf8')).toBe('iceberg\n')
})

test('`python` does where there is no `python3`', async () => {
  const folder = join(temporaryFolder(), 'x')
  expect(await unpackWheels(folder, '1.5.5', onlyPrograms({ python }))).toBeUndefined()
})

test('a missing pip and a failing download are said', async () => {
  const folder = join(temporaryFolder(), 'x')
  expect(await unpackWheels(folder, '1.5.5', onlyPrograms({ python3: 'echo "No module named pip" >&2; exit 1' }))).toBe(
    'there is no python3 with pip on the PATH',
  )
  const offline = onlyPrograms({
    python3: `[ "$3" = --version ] && exit 0; echo 'ERROR: No matching distribution found for duckdb-extension-avro==1.5.5' >&2; exit 1`,
  })
  expect(await unpackWheels(folder, '1.5.5', offline)).toBe('No matching distribution found for duckdb-extension-avro==1.5.5')
  expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([])
})
