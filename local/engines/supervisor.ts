import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../pipeline/errors.ts'
import { type EngineLog, engineLog } from './engine-log.ts'
import { errorCode } from './error-code.ts'
import { guarded } from './guard.ts'
import { openLogFile } from './log-file.ts'

/** A program to keep running. */
export interface EngineSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  readonly logFile: string
  /** Resolves when the process that was just started answers; called again after every restart. */
  readonly ready: (start: EngineStart) => Promise<void>
  readonly readyTimeoutMs?: number
  /** Runs before each start, also before a restart: what a killed process left behind is cleared away here. */
  readonly beforeStart?: () => Promise<void>
  readonly stopSignal?: NodeJS.Signals
  /** After this long a stopping process is killed. */
  readonly stopTimeoutMs?: number
  /** True for a program that does not exit by itself when its standard input ends: a watcher stops it then. */
  readonly guard?: boolean
  /** Texts that must appear in no event and no error message. */
  readonly secrets?: readonly string[]
  readonly onEvent?: (event: EngineEvent) => void
  /** Aborted: a program that is not ready yet need not become so; it is ended. One that is ready goes on. */
  readonly signal?: AbortSignal
}

/** What whoever starts an engine may watch it, or give it up, by. */
export type Attended = Pick<EngineSpec, 'onEvent' | 'signal'>

/** The part of a specification that is {@link Attended}. */
export function attended({ onEvent, signal }: { readonly [K in keyof Attended]: Attended[K] | undefined }): Attended {
  return { ...(onEvent ? { onEvent } : {}), ...(signal ? { signal } : {}) }
}

export interface EngineStart {
  readonly pid: number
  /** Aborted when this process dies or is stopped. */
  readonly signal: AbortSignal
  /** The first line of this process's output that matches. */
  readonly line: (pattern: RegExp) => Promise<RegExpMatchArray>
}

export type EngineEvent = { readonly engine: string } & (
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'ready'; readonly pid: number; readonly afterMs: number }
  | { readonly kind: 'died'; readonly how: string; readonly lastWords: readonly string[] }
  | { readonly kind: 'restarting'; readonly delayMs: number; readonly restarts: number }
  | { readonly kind: 'gave-up'; readonly message: string }
  | { readonly kind: 'stopped' }
)

type WithoutEngine<E> = E extends unknown ? Omit<E, 'engine'> : never

/** A running program: whatever ends it, it is started again, until {@link Supervised.stop} or until it cannot be kept alive. */
export interface Supervised {
  readonly name: string
  readonly pid: number | undefined
  /** How often it was started again. */
  readonly restarts: number
  /** Asks it to end, kills it when it does not, and leaves none of its processes behind. Safe to call twice. */
  stop(): Promise<void>
  /** Never resolves; rejects with `EngineFailed` when the supervisor gives up. */
  readonly failed: Promise<never>
}

/** A process that ran this long after it was ready is not part of a series of quick deaths. */
const settledMs = 10_000
const quickDeathsAllowed = { first: 3, later: 5 } as const
const delayMs = { first: 100, longest: 5000 } as const

/**
 * Starts a program and keeps it running; resolves when it is ready for the first time.
 * @throws PipelineError `EngineFailed` when it cannot be started, with its own last error lines; the reason of the signal where that is aborted first
 */
export async function supervise(spec: EngineSpec): Promise<Supervised> {
  const file = openLogFile(spec.logFile)
  const log = engineLog(file, spec.secrets ?? [])
  const stopping = new AbortController()
  let fail: ((error: unknown) => void) | undefined
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  let child: ChildProcess | undefined
  let restarts = 0
  const say = (event: WithoutEngine<EngineEvent>): void => spec.onEvent?.({ engine: spec.name, ...event })

  /** One process from start to death; resolves with how it ended and how long it had been ready. */
  const runOnce = async (whenReady: () => void): Promise<{ how: string; settled: boolean }> => {
    await spec.beforeStart?.()
    if (stopping.signal.aborted) return { how: 'was not started', settled: false }
    log.restart()
    const startedAt = performance.now()
    const started = launch(spec, log)
    child = started
    const dead = new AbortController()
    const exited = exitOf(started)
    if (started.pid === undefined) return { how: await exited, settled: false }
    const { pid } = started
    say({ kind: 'started', pid })
    let readyAt: number | undefined
    const start: EngineStart = { pid, signal: dead.signal, line: (pattern) => log.line(pattern) }
    const notReady = becomeReady(spec, start).then(
      () => {
        if (dead.signal.aborted || stopping.signal.aborted) return undefined
        readyAt = performance.now()
        say({ kind: 'ready', pid, afterMs: Math.round(readyAt - startedAt) })
        whenReady()
        return undefined
      },
      (error: unknown) => {
        if (dead.signal.aborted) return undefined
        killGroup(started)
        return error instanceof Error ? error.message : String(error)
      },
    )
    const how = await exited
    child = undefined
    dead.abort(new Error(`${spec.name} ${how}`))
    killGroup(started)
    const settled = readyAt !== undefined && performance.now() - readyAt > settledMs
    // A `ready` that ignores its signal must not hold up the restart.
    const reason = await Promise.race([notReady, sleep(100)])
    return { how: reason ? `was killed: ${reason}` : how, settled }
  }

  const keepRunning = async (firstReady: () => void): Promise<void> => {
    let quickDeaths = 0
    let wasReady = false
    while (!stopping.signal.aborted) {
      const { how, settled } = await runOnce(() => {
        wasReady = true
        firstReady()
      })
      if (stopping.signal.aborted) return
      const lastWords = log.lastWords()
      say({ kind: 'died', how, lastWords })
      quickDeaths = settled ? 1 : quickDeaths + 1
      if (quickDeaths >= (wasReady ? quickDeathsAllowed.later : quickDeathsAllowed.first)) throw gaveUp(spec, how, quickDeaths, lastWords)
      const pauseMs = Math.min(delayMs.longest, delayMs.first * 2 ** (quickDeaths - 1))
      restarts += 1
      say({ kind: 'restarting', delayMs: pauseMs, restarts })
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  let running: Promise<void> = Promise.resolve()
  const firstReady = new Promise<void>((resolve) => {
    running = keepRunning(resolve)
      .catch((error: unknown) => {
        say({ kind: 'gave-up', message: error instanceof Error ? error.message : String(error) })
        fail?.(error)
      })
      .finally(() => file.close())
  })
  const stop = async (): Promise<void> => {
    if (!stopping.signal.aborted) {
      stopping.abort()
      if (child) await endProcess(child, spec.stopSignal ?? 'SIGTERM', spec.stopTimeoutMs ?? 10_000)
      await running
      say({ kind: 'stopped' })
    }
    await running
  }
  await Promise.race([firstReady, failed, aborted(spec.signal)])
  // Of what becomes ready just then, the caller knows nothing either.
  if (spec.signal?.aborted) {
    await stop()
    throw spec.signal.reason
  }

  return {
    name: spec.name,
    failed,
    get pid() {
      return child?.pid
    },
    get restarts() {
      return restarts
    },
    stop,
  }
}

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve()
    signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}

function launch(spec: EngineSpec, log: EngineLog): ChildProcess {
  const { command, args } = spec.guard ? guarded(spec.command, spec.args, spec.stopSignal ?? 'SIGTERM') : spec
  const child = spawn(command, args, {
    // A session of its own: Ctrl-C on the terminal reaches only us, and its whole group can be killed.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(spec.env ? { env: spec.env } : {}),
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  })
  child.stdin?.on('error', () => {})
  child.stdout?.on('data', (chunk: Buffer) => log.accept(chunk))
  child.stderr?.on('data', (chunk: Buffer) => log.accept(chunk))
  return child
}

/** How a process ended, in words; its output has been read by then. */
async function exitOf(child: ChildProcess): Promise<string> {
  const drained = new Promise((resolve) => child.once('close', resolve))
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started (${error.message})`))
    child.once('exit', (code, signal) => resolve(signal ? `was ended by ${signal}` : `exited with code ${code}`))
  })
  // A grandchild may hold the pipe open a little longer.
  await Promise.race([drained, sleep(300)])
  return how
}

async function becomeReady(spec: EngineSpec, start: EngineStart): Promise<void> {
  const timeoutMs = spec.readyTimeoutMs ?? 90_000
  const late = new AbortController()
  const timeout = sleep(timeoutMs, undefined, { signal: late.signal }).then(() => {
    throw new Error(`not ready after ${timeoutMs / 1000} s`)
  })
  const death = new Promise<never>((_, reject) => {
    start.signal.addEventListener('abort', () => reject(start.signal.reason), { once: true })
  })
  try {
    await Promise.race([spec.ready(start), timeout, death])
  } finally {
    timeout.catch(() => {})
    late.abort()
  }
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  const waited = new AbortController()
  const outcome = await Promise.race([gone, sleep(timeoutMs, 'late', { signal: waited.signal }).catch(() => undefined)])
  waited.abort()
  if (outcome === 'late') killGroup(child)
  await gone
}

/** Kills what is left of the process's group; that there is nothing left is the usual case. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

function gaveUp(spec: EngineSpec, how: string, deaths: number, lastWords: readonly string[]): PipelineError {
  const said = lastWords.length > 0 ? ` Its last words:\n${lastWords.map((line) => `  ${line}`).join('\n')}` : ' It said nothing.'
  return new PipelineError(
    'EngineFailed',
    `${spec.name} ${how}, ${deaths} times in a row, and was not started again; its log is ${spec.logFile}.${said}`,
  )
}
