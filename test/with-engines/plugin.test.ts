import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const archive = readFileSync(join(import.meta.dirname, '..', '..', '.engines', 'plugin', 'debezium-postgres-plugin.zip'))

/** Name and raw MS-DOS time of every entry, from the central directory. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT §4.3.12 */
function entries(zip: Buffer): { readonly name: string; readonly time: number }[] {
  const end = zip.lastIndexOf('PK\u0005\u0006', undefined, 'latin1')
  let at = zip.readUInt32LE(end + 16)
  return Array.from({ length: zip.readUInt16LE(end + 10) }, () => {
    const [nameLength, extraLength, commentLength] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32)]
    const entry = { name: zip.toString('utf8', at + 46, at + 46 + nameLength), time: zip.readUInt32LE(at + 12) }
    at += 46 + nameLength + extraLength + commentLength
    return entry
  })
}

test('the plugin says nothing of when and where it was built, so that the same sources have the same name at MSK Connect', () => {
  const found = entries(archive)
  expect(found.length).toBeGreaterThan(10)
  // 2026-01-01 00:00:00 in MS-DOS's form: years since 1980, month, day; then hours, minutes, half seconds.
  const built = ((2026 - 1980) << 25) | (1 << 21) | (1 << 16)
  expect(found.filter(({ time }) => time !== built)).toEqual([])
})

test('the plugin holds Debezium and the configuration provider, and none of the libraries that a worker has', () => {
  const jars = entries(archive).map(({ name }) => name.split('/').at(-1) ?? '')
  for (const wanted of [/^debezium-connector-postgres-/, /^secrets-manager-config-provider/])
    expect(jars.some((jar) => wanted.test(jar))).toBe(true)
  expect(jars.filter((jar) => /^(connect-(api|json|runtime)|kafka-clients)-/.test(jar))).toEqual([])
})
