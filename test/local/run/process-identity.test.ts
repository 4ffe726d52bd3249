import { spawn } from 'node:child_process'
import { identify, isAlive, processStart } from '../../../local/run/process-identity.ts'

test('a process is alive until it ends, and another one under its id is not taken for it', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const identity = identify(child.pid ?? 0)
  expect(isAlive(identity)).toBe(true)
  expect(isAlive({ ...identity, startedAt: '1' })).toBe(false)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  expect(isAlive(identity)).toBe(false)
  expect(processStart(identity.pid)).toBeUndefined()
})
