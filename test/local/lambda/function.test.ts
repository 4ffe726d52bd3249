import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type LocalFunction,
  type RunningFunction,
  requestLimitBytes,
  responseLimitBytes,
  runFunction,
} from '../../../local/lambda/function.ts'

const functionArn = 'arn:aws:lambda:us-east-1:111122223333:function:f'
let directory: string
const running: RunningFunction[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'function-'))
})
afterAll(async () => {
  await Promise.all(running.map((fn) => fn.close()))
  await rm(directory, { recursive: true })
})

let assets = 0
async function start(
  source: string,
  settings: Partial<LocalFunction> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<RunningFunction> {
  const assetDirectory = join(directory, `asset-${assets++}`)
  await mkdir(assetDirectory)
  for (const [name, content] of Object.entries({ 'index.js': source, ...files })) await writeFile(join(assetDirectory, name), content)
  const fn = runFunction(
    {
      functionName: 'f',
      assetDirectory,
      handler: 'index.handler',
      environment: { MINE: 'yes' },
      timeoutSeconds: 20,
      memoryMiB: 128,
      ...settings,
    },
    { functionArn, region: 'us-east-1', logFile: join(assetDirectory, 'f.log') },
  )
  running.push(fn)
  return fn
}

async function invoke(fn: RunningFunction, event: unknown = {}): Promise<unknown> {
  const result = await fn.invoke(Buffer.from(JSON.stringify(event)))
  return result.ok ? JSON.parse(result.payload) : result
}

/** A pid of 0 would be this process's whole group. */
function kill(pid: number | undefined): void {
  if (!pid) throw new Error('there is no process to kill')
  process.kill(pid, 'SIGKILL')
}

describe('a function in a process of its own', () => {
  it('is invoked again and again in the same process, with event and context', async () => {
    const fn = await start(`
      let count = 0
      exports.handler = async (event, context) => ({ event, count: ++count, pid: process.pid, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis() })`)
    expect(fn.pid).toBeUndefined()
    expect(await invoke(fn, { a: 'é' })).toMatchObject({ event: { a: 'é' }, count: 1, arn: functionArn })
    const second = await invoke(fn)
    expect(second).toMatchObject({ count: 2, pid: fn.pid })
    expect(second).toMatchObject({ left: expect.any(Number) })
  })

  it("sees the template's environment and Lambda's, and nothing of ours", async () => {
    process.env.OURS = 'secret'
    const fn = await start('exports.handler = async () => process.env')
    const environment = await invoke(fn)
    expect(environment).toMatchObject({
      MINE: 'yes',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'f',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      TZ: ':UTC',
    })
    expect(environment).not.toHaveProperty('OURS')
    expect(environment).not.toHaveProperty('HOME')
  })

  it('answers invocations in their order, also when they are made at once', async () => {
    const fn = await start(
      'let count = 0; exports.handler = async (event) => { await new Promise((r) => setTimeout(r, event.wait)); return ++count }',
    )
    expect(await Promise.all([invoke(fn, { wait: 50 }), invoke(fn, { wait: 0 }), invoke(fn, { wait: 10 })])).toEqual([1, 2, 3])
  })

  it("fails with the thrown error's name, and goes on", async () => {
    const fn = await start(
      `exports.handler = async (event) => { if (event.bad) { const error = new Error('no'); error.name = 'UnavailableValue'; throw error } return 'fine' }`,
    )
    expect(await invoke(fn, { bad: true })).toEqual({ ok: false, cause: 'function', errorType: 'UnavailableValue', errorMessage: 'no' })
    expect(await invoke(fn)).toBe('fine')
  })

  it('is killed at its timeout, and runs again in a new process', async () => {
    const fn = await start('exports.handler = (event) => event.hang ? new Promise((r) => setTimeout(r, 60000)) : process.pid', {
      timeoutSeconds: 1,
    })
    const first = await invoke(fn)
    expect(await invoke(fn, { hang: true })).toMatchObject({
      ok: false,
      cause: 'timeout',
      errorMessage: expect.stringContaining('Task timed out after 1.00 seconds'),
    })
    const second = await invoke(fn)
    expect(second).toEqual(expect.any(Number))
    expect(second).not.toBe(first)
    expect(existsSync(`/proc/${String(first)}`)).toBe(false)
  })

  it('fails the invocation in which its process is killed, and runs again in a new process', async () => {
    const fn = await start('exports.handler = (event) => event.hang ? new Promise((r) => setTimeout(r, 60000)) : process.pid')
    const first = await invoke(fn)
    const hanging = invoke(fn, { hang: true })
    await sleep(50)
    kill(fn.pid)
    expect(await hanging).toEqual({
      ok: false,
      cause: 'exit',
      errorType: 'Runtime.ExitError',
      errorMessage: 'Runtime exited: signal SIGKILL',
    })
    const next = await invoke(fn)
    expect(next).toEqual(expect.any(Number))
    expect(next).not.toBe(first)
  })

  it('runs again after its process was killed between invocations', async () => {
    const fn = await start('exports.handler = () => process.pid')
    const first = await invoke(fn)
    kill(fn.pid)
    let second = await invoke(fn)
    // Whether the death is seen before the next invocation begins is a matter of microseconds.
    if (typeof second !== 'number') second = await invoke(fn)
    expect(second).toEqual(expect.any(Number))
    expect(second).not.toBe(first)
  })

  it('takes and gives 6 MB and not more', async () => {
    const fn = await start('exports.handler = async (event) => typeof event === "string" ? event.length : "x".repeat(event.bytes)')
    const fits = `"${'x'.repeat(requestLimitBytes - 2)}"`
    expect(await fn.invoke(Buffer.from(fits))).toEqual({ ok: true, payload: String(requestLimitBytes - 2) })
    expect(await fn.invoke(Buffer.from(`${fits} `))).toMatchObject({
      ok: false,
      cause: 'size',
      errorType: 'RequestEntityTooLargeException',
    })
    expect(await fn.invoke(Buffer.from(JSON.stringify({ bytes: responseLimitBytes - 2 })))).toMatchObject({ ok: true })
    expect(await fn.invoke(Buffer.from(JSON.stringify({ bytes: responseLimitBytes - 1 })))).toMatchObject({
      ok: false,
      cause: 'size',
      errorType: 'Function.ResponseSizeTooLarge',
    })
  })

  it.each([
    ['a handler that is not exported', 'exports.other = 1', { errorType: 'Runtime.HandlerNotFound' }],
    ['code that does not load', 'throw new TypeError("at import")', { errorType: 'TypeError', errorMessage: 'at import' }],
    ['code that ends the process', 'process.exit(3)', { errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited: exit status 3' }],
  ])('fails every invocation for %s', async (_, source, failure) => {
    const fn = await start(source)
    expect(await invoke(fn)).toMatchObject({ ok: false, ...failure })
    expect(await invoke(fn)).toMatchObject({ ok: false, ...failure })
  })

  it('fails for a file that is not there', async () => {
    const fn = await start('', { handler: 'nope.handler' })
    expect(await invoke(fn)).toMatchObject({ ok: false, errorType: 'Runtime.ImportModuleError' })
  })

  it('loads ES modules by their extension, and by a package.json inside the asset only', async () => {
    const module = await start(
      '',
      { handler: 'other.handler' },
      { 'other.mjs': 'export const handler = async () => import.meta.url.slice(0, 5)' },
    )
    expect(await invoke(module)).toBe('file:')
    const typed = await start('export const handler = async () => typeof require', {}, { 'package.json': '{"type":"module"}' })
    expect(await invoke(typed)).toBe('undefined')
    const plain = await start('exports.handler = async () => typeof require("./more.js").more', {}, { 'more.js': 'exports.more = 1' })
    expect(await invoke(plain)).toBe('number')
  })

  it('writes what it prints to its log', async () => {
    const fn = await start('exports.handler = async () => { console.log("to out"); console.error("to err"); return __dirname }')
    const assetDirectory = await invoke(fn)
    expect(await readFile(join(String(assetDirectory), 'f.log'), 'utf8')).toBe('to out\nto err\n')
  })

  it('writes what its handler throws to its log', async () => {
    const fn = await start('exports.handler = async (event) => { if (event.bad) throw new RangeError("too far"); return __dirname }')
    await invoke(fn, { bad: true })
    expect(await readFile(join(String(await invoke(fn)), 'f.log'), 'utf8')).toContain('RangeError: too far')
  })

  it('ends when its parent closes it', async () => {
    const fn = await start('exports.handler = () => process.pid')
    const pid = await invoke(fn)
    await fn.close()
    expect(existsSync(`/proc/${String(pid)}`)).toBe(false)
    await expect(fn.invoke(Buffer.from('{}'))).rejects.toThrow('closed')
  })
})
