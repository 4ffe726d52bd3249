import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { portsFor } from '../../../local/engines/ports.ts'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ports-'))
  file = join(directory, 'ports.json')
})

afterEach(() => rmSync(directory, { recursive: true }))

test('ports are different, and the same the next time', async () => {
  const first = await portsFor(file, ['a', 'b'])
  expect(first('a')).toBeGreaterThan(1023)
  expect(first('a')).not.toBe(first('b'))
  const second = await portsFor(file, ['b', 'a', 'c'])
  expect([second('a'), second('b')]).toEqual([first('a'), first('b')])
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ a: first('a'), b: first('b'), c: second('c') })
})

test('a port that somebody else took is replaced, the others stay', async () => {
  const first = await portsFor(file, ['a', 'b'])
  const thief = createServer()
  await new Promise<void>((resolve) => thief.listen(first('a'), '127.0.0.1', resolve))
  const second = await portsFor(file, ['a', 'b'])
  await new Promise((resolve) => thief.close(resolve))
  expect(second('a')).not.toBe(first('a'))
  expect(second('b')).toBe(first('b'))
})

test('a file that was not written to its end is as good as none', async () => {
  writeFileSync(file, '{"a": 12')
  expect((await portsFor(file, ['a']))('a')).toBeGreaterThan(1023)
})

test('no port is one that a connection may be given', async () => {
  const [first = 0, last = 0] = rangeOfConnections()
  const names = Array.from({ length: 20 }, (_, index) => `engine ${index}`)
  const port = await portsFor(file, names)
  expect(names.map(port).filter((one) => one >= first && one <= last)).toEqual([])
})

/** Where the system does not tell, the range that most systems have. */
function rangeOfConnections(): number[] {
  const range = '/proc/sys/net/ipv4/ip_local_port_range'
  return existsSync(range) ? readFileSync(range, 'utf8').trim().split(/\s+/).map(Number) : [49152, 65535]
}
