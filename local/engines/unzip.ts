import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { inflateRawSync } from 'node:zlib'

/**
 * The files of a zip archive, by its central directory. Of what archives may be, those of the plugin: stored or deflated, no encryption, no Zip64.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT §4.3
 */
function* filesOf(zip: Buffer): Iterable<{ readonly name: string; readonly content: Buffer }> {
  const end = zip.lastIndexOf('PK\u0005\u0006', undefined, 'latin1')
  if (end < 0) throw new Error('it is no zip archive')
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, size] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)]
    const [nameLength, extraLength, commentLength] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32)]
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    // The header before the content has an extra field of its own.
    const header = zip.readUInt32LE(at + 42)
    const begin = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28)
    const bytes = zip.subarray(begin, begin + size)
    if (method !== 0 && method !== 8) throw new Error(`${name} is compressed by method ${method}`)
    if (!name.endsWith('/')) yield { name, content: method === 0 ? bytes : inflateRawSync(bytes) }
    at += 46 + nameLength + extraLength + commentLength
  }
}

/** Makes a folder hold exactly the files of the archive; it is there only once it is whole. */
export function unzip(archive: string, folder: string): void {
  const temporary = `${folder}.new`
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { recursive: true })
  try {
    for (const { name, content } of filesOf(readFileSync(archive))) {
      if (normalize(name).startsWith('..') || name.startsWith('/')) throw new Error(`${name} would be written outside the folder`)
      mkdirSync(dirname(join(temporary, name)), { recursive: true })
      writeFileSync(join(temporary, name), content)
    }
  } catch (cause) {
    throw new Error(`${archive} cannot be unpacked: ${String(cause)}`, { cause })
  }
  rmSync(folder, { recursive: true, force: true })
  renameSync(temporary, folder)
}
