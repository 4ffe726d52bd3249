import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claimDataFolder, dataPaths, readOrigin, resetDataFolder } from '../../../local/run/data-folder.ts'
import { holdDataFolder } from '../../../local/run/lock.ts'

const root = mkdtempSync(join(tmpdir(), 'data-folder-test-'))
afterAll(() => rmSync(root, { recursive: true }))

const folder = (name: string) => {
  mkdirSync(join(root, name))
  writeFileSync(join(root, name, 'lock.duckdb'), '')
  return dataPaths(join(root, name))
}

test('a folder belongs to the first source that used it', () => {
  const paths = folder('claimed')
  claimDataFolder(paths, { source: 'samples' })
  mkdirSync(paths.kafka)
  claimDataFolder(paths, { source: 'samples' })
  expect(() => claimDataFolder(paths, { source: 'db.example:5432/shop' })).toThrow(/the samples, not of db\.example.*--reset/)
  expect(readOrigin(paths)).toEqual({ source: 'samples' })
})

test("a folder in which a run got no further than its claim is anybody's: a mistyped host does not take it", () => {
  const paths = folder('mistyped')
  claimDataFolder(paths, { source: 'db.exmaple:5432/shop' })
  claimDataFolder(paths, { source: 'db.example:5432/shop' })
  expect(readOrigin(paths)).toEqual({ source: 'db.example:5432/shop' })
})

test('nothing is written into a folder of somebody else, not even a lock', async () => {
  const directory = join(root, 'untouched')
  mkdirSync(directory)
  writeFileSync(join(directory, 'thesis.txt'), 'x')
  await expect(holdDataFolder(directory)).rejects.toThrow(/holds "thesis\.txt" and is not the data folder of a run/)
  expect(readdirSync(directory)).toEqual(['thesis.txt'])
})

test('a folder with something else in it is neither used nor emptied', () => {
  const paths = folder('foreign')
  writeFileSync(join(paths.directory, 'thesis.txt'), 'x')
  expect(() => claimDataFolder(paths, { source: 'samples' })).toThrow(/holds "thesis\.txt" and is not the data folder of a run/)
  expect(() => resetDataFolder(paths, join(root, 'nowhere'))).toThrow(/thesis\.txt/)
  expect(existsSync(join(paths.directory, 'thesis.txt'))).toBe(true)
})

test('starting over removes everything but the lock, wherever PostgreSQL keeps its data', () => {
  const paths = folder('reset')
  claimDataFolder(paths, { source: 'samples' })
  mkdirSync(join(root, 'postgres-elsewhere'))
  resetDataFolder(paths, join(root, 'postgres-elsewhere'))
  expect(readdirSync(paths.directory)).toEqual(['lock.duckdb'])
  expect(existsSync(join(root, 'postgres-elsewhere'))).toBe(false)
})
