import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { unzip } from '../../../local/engines/unzip.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unzip-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A zip archive of these files; the header before a content has an extra field that the central directory has not. */
function zipOf(files: readonly (readonly [name: string, content: string, method: number])[]): Buffer {
  const parts: Buffer[] = []
  const directoryParts: Buffer[] = []
  let offset = 0
  for (const [name, content, method] of files) {
    const bytes = method === 8 ? deflateRawSync(content) : Buffer.from(content)
    const header = Buffer.alloc(30)
    header.writeUInt32LE(0x04034b50, 0)
    header.writeUInt16LE(name.length, 26)
    header.writeUInt16LE(4, 28)
    const part = Buffer.concat([header, Buffer.from(name), Buffer.alloc(4), bytes])
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(bytes.length, 20)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt32LE(offset, 42)
    parts.push(part)
    directoryParts.push(entry, Buffer.from(name))
    offset += part.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, ...directoryParts, end])
}

function archive(...files: Parameters<typeof zipOf>[0]): string {
  const file = join(directory, 'archive.zip')
  writeFileSync(file, zipOf(files))
  return file
}

test('a folder comes to hold exactly the files of an archive', () => {
  const folder = join(directory, 'folder')
  unzip(archive(['old.jar', 'old', 0]), folder)
  unzip(archive(['empty/', '', 0], ['a.jar', 'a'.repeat(10_000), 8], ['lib/b.jar', 'stored', 0]), folder)
  expect(readdirSync(folder).toSorted()).toEqual(['a.jar', 'lib'])
  expect(readFileSync(join(folder, 'a.jar'), 'utf8')).toBe('a'.repeat(10_000))
  expect(readFileSync(join(folder, 'lib', 'b.jar'), 'utf8')).toBe('stored')
})

test.each([
  ['another compression', archive, ['a.jar', 'a', 12], /a\.jar is compressed by method 12/],
  ['a name that leads out of the folder', archive, ['../a.jar', 'a', 0], /would be written outside/],
  ['an absolute name', archive, ['/a.jar', 'a', 0], /would be written outside/],
] as const)('%s is refused, and nothing is there', (_what, make, file, says) => {
  const folder = join(directory, 'folder')
  expect(() => unzip(make(file), folder)).toThrow(says)
  expect(existsSync(folder)).toBe(false)
  expect(existsSync(join(directory, 'a.jar'))).toBe(false)
})

test('what is no archive is refused', () => {
  const file = join(directory, 'none.zip')
  writeFileSync(file, 'none')
  expect(() => unzip(file, join(directory, 'folder'))).toThrow(/no zip archive/)
})
