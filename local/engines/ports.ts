import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { z } from 'zod'
import { errorCode } from './error-code.ts'

const portsFile = z.record(z.string(), z.number().int())

/**
 * One port of 127.0.0.1 for each name, handed out by the system and remembered in `file`, so that a later run has the same ones as long as they are
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
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(wanted, '127.0.0.1', resolve)
    })
  } catch (error) {
    if (wanted === 0 || errorCode(error) !== 'EADDRINUSE') throw error
    return hold(0)
  }
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('a listening TCP server has no port')
  return { server, port: address.port }
}
