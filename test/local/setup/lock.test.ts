import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock } from '../../../local/setup/lock.mjs'
import { runProgram } from '../../../local/setup/program.mjs'
import { temporaryFolder } from './fake-programs.ts'

const lockFile = () => join(temporaryFolder(), 'engines', 'preparation.lock')
const lockModule = join(import.meta.dirname, '..', '..', '..', 'local', 'setup', 'lock.mjs')

test('one at a time, the others wait and are told for whom', async () => {
  const file = lockFile()
  const waited: (number | undefined)[] = []
  let inside = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++inside)
    await sleep(20)
    inside--
  }
  await Promise.all([1, 2, 3].map(() => withLock(file, work, { onWait: (pid) => waited.push(pid) })))
  expect(most).toBe(1)
  expect(waited).toEqual([process.pid, process.pid])
  expect(existsSync(file)).toBe(false)
})

test('processes at once do not overlap', async () => {
  const file = lockFile()
  const journal = join(temporaryFolder(), 'journal')
  const script = `import { withLock } from ${JSON.stringify(lockModule)}
import { appendFileSync } from 'node:fs'
await withLock(${JSON.stringify(file)}, async () => {
  appendFileSync(${JSON.stringify(journal)}, 'in ')
  await new Promise((done) => setTimeout(done, 30))
  appendFileSync(${JSON.stringify(journal)}, 'out ')
})`
  const runs = await Promise.all([1, 2, 3, 4].map(() => runProgram(process.execPath, ['--input-type=module', '-e', script])))
  expect(runs.map(({ code, output }) => `${code} ${output}`)).toEqual(['0 ', '0 ', '0 ', '0 '])
  expect(readFileSync(journal, 'utf8')).toBe('in out '.repeat(4))
}, 20_000)

test('is free again after a failure', async () => {
  const file = lockFile()
  await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(existsSync(file)).toBe(false)
})

test('is free again after an exit in the middle', async () => {
  const file = lockFile()
  const script = `import { withLock } from ${JSON.stringify(lockModule)}; await withLock(${JSON.stringify(file)}, () => process.exit(7))`
  expect((await runProgram(process.execPath, ['--input-type=module', '-e', script])).code).toBe(7)
  expect(existsSync(file)).toBe(false)
})

test('that a killed process left is taken at once', async () => {
  const file = lockFile()
  await withLock(file, () => Promise.resolve())
  const { output } = await runProgram(process.execPath, ['-e', 'console.log(process.pid)'])
  writeFileSync(file, JSON.stringify({ pid: Number(output), host: hostname(), token: 'dead' }))
  const started = performance.now()
  await withLock(file, () => Promise.resolve())
  expect(performance.now() - started).toBeLessThan(2_000)
})

test('whose holder was silent for too long is taken, be its process alive or of another host', async () => {
  const file = lockFile()
  await withLock(file, () => Promise.resolve())
  for (const text of [
    JSON.stringify({ pid: process.pid, host: hostname(), token: 'x' }),
    JSON.stringify({ pid: 1, host: 'elsewhere' }),
    '',
  ]) {
    writeFileSync(file, text)
    await expect(withLock(file, () => Promise.resolve('taken'), { silent: 400 })).resolves.toBe('taken')
  }
})
