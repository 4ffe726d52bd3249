import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive } from '../../../local/run/process-identity.ts'
import { clearAway, openProcesses } from '../../../local/run/processes.ts'

function standIn(name: string, log: string[]) {
  return { name, pid: undefined, restarts: 0, failed: new Promise<never>(() => {}), stop: async () => void log.push(name) }
}

test('processes are stopped in the given order, the others last', async () => {
  const log: string[] = []
  const processes = openProcesses()
  for (const name of ['broker', 'worker', 'delivery']) await processes.start(async () => standIn(name, log))
  await processes.stop(['worker', 'delivery'])
  expect(log).toEqual(['worker', 'delivery', 'broker'])
})

test('one that is still starting while all are stopped is stopped too, and none is started after', async () => {
  const log: string[] = []
  const processes = openProcesses()
  const starting = processes.start(async () => {
    await sleep(20)
    return standIn('late', log)
  })
  const refused = starting.catch((error: unknown) => error)
  await processes.stop([])
  expect(await refused).toMatchObject({ name: 'RunStopped' })
  expect(log).toEqual(['late'])
  await expect(processes.start(async () => standIn('later', log))).rejects.toMatchObject({ name: 'RunStopped' })
})

test('one that never becomes ready is told to give up', async () => {
  const processes = openProcesses()
  const starting = processes.start(
    (signal) => new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  )
  const refused = starting.catch((error: unknown) => error)
  await processes.stop([])
  expect(await refused).toMatchObject({ name: 'RunStopped' })
})

test('a process that gives up is the failure of all', async () => {
  const processes = openProcesses()
  await processes.start(async () => ({ ...standIn('broker', []), failed: Promise.reject(new Error('gave up')) }))
  await expect(processes.failed).rejects.toThrow('gave up')
})

test('what a killed run left is waited for, then killed', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const left = [{ name: 'engine', ...identify(child.pid ?? 0) }]
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const said: string[] = []
  await clearAway(left, (what) => said.push(what), 150)
  await ended
  expect(said[0]).toContain(`engine (${child.pid})`)
  expect(left.filter(isAlive)).toEqual([])
})
