import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EngineEvent, type EngineSpec, type Supervised, supervise } from '../../../local/engines/supervisor.ts'
import { processStart } from '../../../local/run/process-identity.ts'

let directory: string
let events: EngineEvent[]
const running: Supervised[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'supervisor-'))
  events = []
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((engine) => engine.stop()))
  rmSync(directory, { recursive: true })
})

/** An engine that runs a line of JavaScript and is ready when it says so. */
async function start(script: string, more: Partial<EngineSpec> = {}): Promise<Supervised> {
  const engine = await supervise({
    name: 'engine',
    command: process.execPath,
    args: ['-e', script],
    logFile: join(directory, 'logs', 'engine.log'),
    ready: async ({ line }) => void (await line(/^ready$/)),
    onEvent: (event) => events.push(event),
    ...more,
  })
  running.push(engine)
  return engine
}

const staysUp = `console.log('ready'); setInterval(() => {}, 1000)`
const kinds = () => events.map((event) => event.kind)

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await sleep(25)
  if (!condition()) throw new Error(`${what} did not happen`)
}

const alive = (pid: number) => processStart(pid) !== undefined

const pidOf = (engine: Supervised): number => {
  if (engine.pid === undefined) throw new Error('not running')
  return engine.pid
}

test('an engine is up when it says it is ready, and gone when it is stopped', async () => {
  const engine = await start(staysUp)
  const pid = pidOf(engine)
  expect(alive(pid)).toBe(true)
  await engine.stop()
  expect(alive(pid)).toBe(false)
  expect(kinds()).toEqual(['started', 'ready', 'stopped'])
  expect(readFileSync(join(directory, 'logs', 'engine.log'), 'utf8')).toBe('ready\n')
})

test('an engine killed by SIGKILL is started again and is ready again', async () => {
  const engine = await start(staysUp)
  const first = pidOf(engine)
  process.kill(first, 'SIGKILL')
  await until(() => kinds().filter((kind) => kind === 'ready').length === 2, 'the restart')
  expect(engine.restarts).toBe(1)
  expect(pidOf(engine)).not.toBe(first)
  expect(events[2]).toEqual({ engine: 'engine', kind: 'died', how: 'was ended by SIGKILL', lastWords: ['ready'] })
  expect(events[3]).toEqual({ engine: 'engine', kind: 'restarting', delayMs: 100, restarts: 1 })
})

test('an engine that cannot start fails with its own last error lines, without secrets', async () => {
  const script = `console.log('reading the settings'); console.error('FATAL: wrong key hunter2, password=abc'); process.exit(3)`
  const failure: unknown = await start(script, { secrets: ['hunter2'] }).catch((error: unknown) => error)
  expect(failure).toMatchObject({ name: 'EngineFailed' })
  expect(String(failure)).toContain('engine exited with code 3, 3 times in a row')
  expect(String(failure)).toContain('FATAL: wrong key ***, password=***')
  expect(String(failure)).not.toContain('reading the settings')
  expect(kinds().at(-1)).toBe('gave-up')
})

test('an engine that keeps dying after it was ready is given up, and says so through failed', async () => {
  const engine = await start(`console.log('ready'); setTimeout(() => process.exit(1), 20)`)
  await expect(engine.failed).rejects.toMatchObject({ name: 'EngineFailed' })
  expect(engine.restarts).toBe(4)
  await engine.stop()
})

test('a program that does not exist is named', async () => {
  await expect(start('', { command: '/no/such/program' })).rejects.toThrow(
    /engine could not be started \(spawn \/no\/such\/program ENOENT\)/,
  )
})

test('an engine that never becomes ready is killed and named', async () => {
  await expect(start('setInterval(() => {}, 1000)', { readyTimeoutMs: 200 })).rejects.toThrow(/engine was killed: not ready after 0.2 s/)
})

test('an engine that is given up before it is ready is ended at once, and never said to be ready', async () => {
  const giveUp = new AbortController()
  const starting = start(`console.log('child ' + process.pid); setInterval(() => {}, 1000)`, { signal: giveUp.signal })
  await until(() => kinds().includes('started'), 'the start')
  giveUp.abort(new Error('not wanted any more'))
  await expect(starting).rejects.toThrow('not wanted any more')
  expect(kinds()).toEqual(['started', 'stopped'])
  const [started] = events
  expect(started?.kind === 'started' && alive(started.pid)).toBe(false)
})

test('an engine that is ready goes on when the start of others is given up', async () => {
  const giveUp = new AbortController()
  const engine = await start(staysUp, { signal: giveUp.signal })
  giveUp.abort()
  await sleep(50)
  expect(alive(pidOf(engine))).toBe(true)
})

test('an engine that ignores the stop signal is killed, and its children with it', async () => {
  const script = `
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    process.on('SIGTERM', () => {})
    console.log('child ' + child.pid)
    console.log('ready')
    setInterval(() => {}, 1000)`
  const engine = await start(script, { stopTimeoutMs: 200 })
  const pid = pidOf(engine)
  const child = Number(/child (\d+)/.exec(readFileSync(join(directory, 'logs', 'engine.log'), 'utf8'))?.[1])
  expect(alive(child)).toBe(true)
  await engine.stop()
  expect(alive(pid)).toBe(false)
  await until(() => !alive(child), 'the end of the child')
})

test('stop during the pause before a restart starts nothing any more', async () => {
  const engine = await start(staysUp)
  process.kill(pidOf(engine), 'SIGKILL')
  await until(() => kinds().at(-1) === 'restarting', 'the pause')
  await engine.stop()
  expect(engine.pid).toBeUndefined()
  expect(kinds().filter((kind) => kind === 'started')).toHaveLength(1)
})

test('stop while a restart is being prepared starts nothing any more', async () => {
  let prepared: (() => void) | undefined
  const preparation = new Promise<void>((resolve) => {
    prepared = resolve
  })
  let starts = 0
  const engine = await start(staysUp, { beforeStart: async () => (starts++ === 0 ? undefined : preparation) })
  process.kill(pidOf(engine), 'SIGKILL')
  await until(() => starts === 2, 'the preparation')
  const stopped = engine.stop()
  prepared?.()
  await stopped
  expect(kinds().filter((kind) => kind === 'started')).toHaveLength(1)
})

test('beforeStart runs before every start', async () => {
  let starts = 0
  const engine = await start(staysUp, {
    beforeStart: async () => {
      starts += 1
    },
  })
  process.kill(pidOf(engine), 'SIGKILL')
  await until(() => kinds().filter((kind) => kind === 'ready').length === 2, 'the restart')
  expect(starts).toBe(2)
})

test.each([
  ['that ends with its standard input', false, `process.stdin.on('end', () => process.exit(0)).resume(); ${staysUp}`],
  ['that knows nothing of it, behind the guard', true, staysUp],
])('a program %s does not survive the SIGKILL of its parent', async (_, guard, script) => {
  const file = join(directory, 'parent.mts')
  const supervisor = join(import.meta.dirname, '..', '..', '..', 'local', 'engines', 'supervisor.ts')
  writeFileSync(
    file,
    `import { supervise } from ${JSON.stringify(supervisor)}
     const engine = await supervise({ name: 'engine', command: process.execPath, args: ['-e', ${JSON.stringify(script)}], guard: ${guard},
       logFile: ${JSON.stringify(join(directory, 'child.log'))}, ready: async ({ line }) => void (await line(/^ready$/)) })
     console.log('pid ' + engine.pid)`,
  )
  const parent = spawn(process.execPath, ['--import', 'tsx', file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.on('data', (chunk: Buffer) => resolve(Number(/pid (\d+)/.exec(chunk.toString())?.[1])))
  })
  expect(alive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await until(() => !alive(pid), 'the end of the engine')
})
