/**
 * Runs inside a function's own process: loads the handler, then answers one invocation at a time over file descriptor 3.
 * Frame: four bytes length (big endian), one byte kind, the content. Parent to child: kind 0 context (JSON), kind 1 event (JSON).
 * Child to parent: kind 0 the handler's result (JSON), kind 1 an error (JSON: errorType, errorMessage), kind 2 loaded (empty).
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compileFunction, constants } from 'node:vm'

const [assetDirectory, handlerName] = process.argv.slice(2)

/** The process must not outlive its parent, whatever ended that. */
process.stdin.on('end', () => process.exit(0))
process.stdin.on('error', () => process.exit(0))
process.stdin.resume()

const socket = new Socket({ fd: 3, readable: true, writable: true })
socket.on('error', () => process.exit(0))
socket.on('end', () => process.exit(0))

const send = (kind, text) => {
  const content = Buffer.from(text)
  const head = Buffer.alloc(5)
  head.writeUInt32BE(content.length, 0)
  head[4] = kind
  socket.write(head)
  socket.write(content)
}

const failure = (error) =>
  JSON.stringify({
    errorType: error instanceof Error ? error.name : 'Error',
    errorMessage: error instanceof Error ? error.message : String(error),
    ...(error instanceof Error && error.stack ? { trace: error.stack.split('\n') } : {}),
  })

/** As on Lambda, only a package.json inside the asset makes a `.js` file an ES module; those further up are none of its business. */
async function loadHandler() {
  const dot = handlerName.lastIndexOf('.')
  const base = join(assetDirectory, handlerName.slice(0, dot))
  const file = ['.js', '.mjs', '.cjs'].map((extension) => base + extension).find((candidate) => existsSync(candidate))
  if (!file) throw named('Runtime.ImportModuleError', `Cannot find module '${handlerName.slice(0, dot)}' in ${assetDirectory}`)
  const loaded = isEsModule(file) ? await import(pathToFileURL(file).href) : loadCommonJs(file)
  const handler = loaded[handlerName.slice(dot + 1)]
  if (typeof handler !== 'function') throw named('Runtime.HandlerNotFound', `${handlerName} is undefined or not exported`)
  return handler
}

function isEsModule(file) {
  if (file.endsWith('.mjs')) return true
  const manifest = join(assetDirectory, 'package.json')
  return file.endsWith('.js') && existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).type === 'module'
}

/** Compiled here, since Node.js would take the package.json of an outer folder to say what a `.js` file is. */
function loadCommonJs(file) {
  const module = { exports: {} }
  const compiled = compileFunction(readFileSync(file, 'utf8'), ['exports', 'require', 'module', '__filename', '__dirname'], {
    filename: file,
    importModuleDynamically: constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  compiled.call(module.exports, module.exports, createRequire(file), module, file, assetDirectory)
  return module.exports
}

function named(name, message) {
  const error = new Error(message)
  error.name = name
  return error
}

const handler = await loadHandler().catch((error) => {
  send(1, failure(error))
  socket.end(() => process.exit(1))
})

let received = []
let receivedBytes = 0
let context

if (handler) {
  send(2, '')
  socket.on('data', (chunk) => {
    received.push(chunk)
    receivedBytes += chunk.length
    for (let frame = nextFrame(); frame; frame = nextFrame()) {
      if (frame.kind === 0) context = JSON.parse(frame.content.toString())
      else void invoke(frame.content)
    }
  })
}

function nextFrame() {
  if (receivedBytes < 5) return undefined
  if (received[0].length < 5) received = [Buffer.concat(received)]
  const length = received[0].readUInt32BE(0)
  if (receivedBytes < 5 + length) return undefined
  const all = received.length === 1 ? received[0] : Buffer.concat(received)
  const rest = all.subarray(5 + length)
  received = rest.length ? [rest] : []
  receivedBytes = rest.length
  return { kind: all[4], content: all.subarray(5, 5 + length) }
}

async function invoke(content) {
  const { deadline, ...invocation } = context
  try {
    const event = JSON.parse(content.toString())
    const result = await handler(event, { ...invocation, getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()) })
    send(0, JSON.stringify(result) ?? 'null')
  } catch (error) {
    // Lambda logs what a handler throws.
    console.error(error)
    send(1, failure(error))
  }
}
