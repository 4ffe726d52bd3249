import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { z } from 'zod'
import { errorCode } from './error-code.ts'

const portsFile = z.record(z.string(), z.number().int())

/**
 * One port of 127.0.0.1 for each name, free as the system says and remembered in `file`, so that a later run has the same ones as long as they are
 * free. Ask when none of the engines runs: a port in use is replaced.
 */
export async function portsFor<Name extends string>(file: string, names: readonly Name[]): Promise<(name: Name) => number> {
  const known = remembered(file)
  const ports = new Map(Object.entries(known))
  // All are held until all are known, so that none is handed out twice.
  const holders: Server[] = []
  for (const name of names) {
    const { server, port } = await hold(known[name] ?? 0)
    holders.push(server)
    ports.set(name, port)
  }
  await Promise.all(holders.map((server) => new Promise((resolve) => server.close(resolve))))
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(ports), null, 2)}\n`)
  return (name) => ports.get(name) ?? 0
}

function remembered(file: string): Record<string, number> {
  try {
    return portsFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    // Also a file that a process was killed over while writing: other ports do no harm.
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return {}
    throw error
  }
}

async function hold(wanted: number): Promise<{ server: Server; port: number }> {
  if (wanted !== 0) {
    const server = await listen(wanted)
    if (server) return { server, port: wanted }
  }
  const end = firstPortOfConnections()
  const attempts = end - lowestPort > 1000 ? 100 : 0
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(lowestPort, end)
    const server = await listen(port)
    if (server) return { server, port }
  }
  const server = await listen(0)
  const address = server?.address()
  if (!server || typeof address !== 'object' || address === null) throw new Error('a listening TCP server has no port')
  return { server, port: address.port }
}

/** Above what administrators and other software choose most. */
const lowestPort = 15_000

/**
 * The lowest of the ports that the system gives to outgoing connections. An engine's port must not be among them: while the engine is away,
 * even one of its own clients could get it, and a connection holds it as a listener does.
 */
function firstPortOfConnections(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t')[0])
  } catch {
    // Not Linux; macOS begins at 49152.
    return 32_768
  }
}

/** Undefined where somebody else has the port. */
function listen(port: number): Promise<Server | undefined> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (errorCode(error) === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
