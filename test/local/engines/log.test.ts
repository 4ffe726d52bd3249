import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engineLog } from '../../../local/engines/engine-log.ts'
import { openLogFile } from '../../../local/engines/log-file.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'log-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

const logOf = (secrets: string[] = []) => engineLog({ write: () => {}, close: () => {} }, secrets)

test('a full log file becomes the one before, and there are never more than two', () => {
  const file = join(directory, 'logs', 'engine.log')
  const log = openLogFile(file, 10)
  for (const line of ['first 0123456789\n', 'second 0123456789\n', 'third 0123456789\n']) log.write(line)
  log.close()
  log.write('too late')
  expect(readFileSync(file, 'utf8')).toBe('third 0123456789\n')
  expect(readFileSync(`${file}.1`, 'utf8')).toBe('second 0123456789\n')
  expect(existsSync(`${file}.2`)).toBe(false)
})

test('a log file that exists is continued, and its length counts', () => {
  const file = join(directory, 'engine.log')
  for (const line of ['one\n', 'two\n', 'three\n']) {
    const log = openLogFile(file, 8)
    log.write(line)
    log.close()
  }
  expect(readFileSync(`${file}.1`, 'utf8')).toBe('one\ntwo\n')
  expect(readFileSync(file, 'utf8')).toBe('three\n')
})

test('a line is found whether it came before or comes after, and across chunks', async () => {
  const log = logOf()
  log.accept(Buffer.from('ready 1\nrea'))
  await expect(log.line(/^ready (\d)/)).resolves.toMatchObject({ 1: '1' })
  const second = log.line(/^ready (2)/)
  log.accept(Buffer.from('dy 2\n'))
  await expect(second).resolves.toMatchObject({ 1: '2' })
})

test('a character that is cut between two chunks stays whole', async () => {
  const log = logOf()
  const bytes = Buffer.from('grüße\n')
  log.accept(bytes.subarray(0, 3))
  log.accept(bytes.subarray(3))
  await expect(log.line(/grüße/)).resolves.toBeDefined()
})

test('the last words are the last lines that name an error, without stack frames and secrets', () => {
  const log = logOf(['hunter2'])
  log.accept(
    Buffer.from('INFO fine\nERROR one\n\tat java.lang.Thread\nCaused by: SomeException: hunter2\nINFO bye\npassword = abc ERROR\n'),
  )
  expect(log.lastWords()).toEqual(['ERROR one', 'Caused by: SomeException: ***', 'password = *** ERROR'])
})

test('without an error the last words are the last lines, also one without its end', () => {
  const log = logOf()
  log.accept(Buffer.from('1\n2\n3\n4\n5\n6\n7'))
  expect(log.lastWords()).toEqual(['3', '4', '5', '6', '7'])
})
