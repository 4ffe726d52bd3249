import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Duplex } from 'node:stream'
import { deferred } from './deferred.ts'
import { encodeFrame, frameDecoder } from './frames.ts'

/** A deployed function: its code as an unpacked asset, its settings as the template gives them. */
export interface LocalFunction {
  readonly functionName: string
  readonly assetDirectory: string
  /** `<file without extension>.<export>` */
  readonly handler: string
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutSeconds: number
  readonly memoryMiB: number
}

export interface FunctionPlace {
  readonly functionArn: string
  readonly region: string
  /** The function's standard output and error are appended here. */
  readonly logFile: string
  /** What Lambda adds besides: where AWS is, and the keys of the function's role. A function that calls no service needs none. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Lambda's answer to a synchronous invocation. A failure has Lambda's own error type, or the thrown error's name. */
export type InvocationResult =
  | { readonly ok: true; readonly payload: string }
  | {
      readonly ok: false
      readonly cause: 'function' | 'timeout' | 'exit' | 'size'
      readonly errorType: string
      readonly errorMessage: string
    }

export interface RunningFunction {
  /** One invocation at a time; further ones wait for their turn. The payload is JSON. Never rejects. */
  invoke(payload: Buffer): Promise<InvocationResult>
  /** Of the current process; undefined when none runs. */
  readonly pid: number | undefined
  close(): Promise<void>
}

/** Lambda's limits for synchronous invocations, in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const requestLimitBytes = 6 * 1024 * 1024
export const responseLimitBytes = 6 * 1024 * 1024 + 100

const runtime = join(import.meta.dirname, 'runtime.mjs')

interface Environment {
  readonly child: ChildProcess
  readonly channel: Duplex
  readonly exited: Promise<string>
  answer: ((result: InvocationResult) => void) | undefined
  loaded: Promise<InvocationResult | undefined>
}

/** Runs a function in a process of its own, started at the first invocation and again after each death or timeout. */
export function runFunction(fn: LocalFunction, place: FunctionPlace): RunningFunction {
  let current: Environment | undefined
  let turn: Promise<unknown> = Promise.resolve()
  let closed = false

  const start = (): Environment => {
    const environment = startEnvironment(fn, place)
    current = environment
    const forget = async (): Promise<void> => {
      const how = await environment.exited
      if (current === environment) current = undefined
      environment.answer?.(exitError(how))
    }
    void forget()
    return environment
  }

  const invokeNow = async (payload: Buffer): Promise<InvocationResult> => {
    if (payload.length > requestLimitBytes) {
      return {
        ok: false,
        cause: 'size',
        errorType: 'RequestEntityTooLargeException',
        errorMessage: `Request must be smaller than ${requestLimitBytes} bytes for the InvokeFunction operation`,
      }
    }
    const environment = current ?? start()
    const notLoaded = await environment.loaded
    if (notLoaded) return notLoaded
    const result = await answerWithin(environment, fn, place, payload)
    if (result.ok && Buffer.byteLength(result.payload) > responseLimitBytes) {
      return {
        ok: false,
        cause: 'size',
        errorType: 'Function.ResponseSizeTooLarge',
        errorMessage: `Response payload size exceeded maximum allowed payload size (${responseLimitBytes} bytes).`,
      }
    }
    return result
  }

  return {
    get pid() {
      return current?.child.pid
    },
    invoke(payload) {
      const result = turn.then(() => {
        if (closed) throw new Error(`${fn.functionName} is closed`)
        return invokeNow(payload)
      })
      turn = result.catch(() => {})
      return result
    },
    async close() {
      closed = true
      const environment = current
      if (!environment) return
      environment.child.kill('SIGKILL')
      await environment.exited
    },
  }
}

function startEnvironment(fn: LocalFunction, place: FunctionPlace): Environment {
  mkdirSync(dirname(place.logFile), { recursive: true })
  const log = openSync(place.logFile, 'a')
  // Lambda gives a Node.js function about its memory as heap; the runtime itself needs the rest.
  const heapMiB = Math.max(64, Math.floor(fn.memoryMiB * 0.9))
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMiB}`, runtime, fn.assetDirectory, fn.handler], {
    cwd: fn.assetDirectory,
    env: environmentOf(fn, place),
    stdio: ['pipe', log, log, 'pipe'],
  })
  closeSync(log)
  const channel = child.stdio[3]
  if (!(channel instanceof Duplex)) throw new Error('the process has no channel')
  channel.on('error', () => {})
  child.stdin?.on('error', () => {})
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit status ${code}`))
  })
  const loading = deferred<InvocationResult | undefined>()
  const environment: Environment = {
    child,
    channel,
    exited,
    answer: undefined,
    loaded: loading.promise,
  }
  channel.on(
    'data',
    frameDecoder(({ kind, content }) => {
      if (kind === 2) return loading.resolve(undefined)
      const result: InvocationResult = kind === 0 ? { ok: true, payload: content.toString() } : failed(content)
      loading.resolve(result)
      environment.answer?.(result)
    }),
  )
  void exited.then((how) => loading.resolve(exitError(how)))
  return environment
}

function exitError(how: string): InvocationResult {
  return { ok: false, cause: 'exit', errorType: 'Runtime.ExitError', errorMessage: `Runtime exited: ${how}` }
}

function failed(content: Buffer): InvocationResult {
  const { errorType, errorMessage }: { errorType: string; errorMessage: string } = JSON.parse(content.toString())
  return { ok: false, cause: 'function', errorType, errorMessage }
}

async function answerWithin(environment: Environment, fn: LocalFunction, place: FunctionPlace, payload: Buffer): Promise<InvocationResult> {
  const timeoutMs = fn.timeoutSeconds * 1000
  const context = {
    awsRequestId: randomUUID(),
    functionName: fn.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: place.functionArn,
    memoryLimitInMB: String(fn.memoryMiB),
    logGroupName: `/aws/lambda/${fn.functionName}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    deadline: Date.now() + timeoutMs,
  }
  const answer = new Promise<InvocationResult>((resolve) => {
    environment.answer = resolve
  })
  if (environment.child.exitCode !== null || environment.child.signalCode !== null) {
    return exitError(await environment.exited)
  }
  for (const frame of [encodeFrame(0, Buffer.from(JSON.stringify(context))), encodeFrame(1, payload)]) {
    for (const part of frame) environment.channel.write(part)
  }
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), timeoutMs)
  })
  const result = await Promise.race([answer, timeout])
  clearTimeout(timer)
  environment.answer = undefined
  if (result !== 'timeout') return result
  environment.child.kill('SIGKILL')
  await environment.exited
  const message = `${context.awsRequestId} Task timed out after ${fn.timeoutSeconds.toFixed(2)} seconds`
  return { ok: false, cause: 'timeout', errorType: 'Sandbox.Timedout', errorMessage: message }
}

/** Exactly what the template sets, and what Lambda itself adds; nothing of this process's own environment. */
function environmentOf(fn: LocalFunction, place: FunctionPlace): NodeJS.ProcessEnv {
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    AWS_REGION: place.region,
    AWS_DEFAULT_REGION: place.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`,
    AWS_LAMBDA_FUNCTION_NAME: fn.functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memoryMiB),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${fn.functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    LAMBDA_TASK_ROOT: fn.assetDirectory,
    _HANDLER: fn.handler,
    ...place.environment,
    ...fn.environment,
  }
}
