import { createServer, type Server } from 'node:http'
import type { Problem } from './problems.ts'

export interface DeliveryStatus {
  readonly state: 'ACTIVE'
  readonly partitions: readonly { readonly partition: number; readonly deliveredOffset: string; readonly endOffset: string }[]
  /** Records read and not yet delivered. */
  readonly buffered: number
  /** False: `endOffset` is what the topic's end was when it could last be asked. */
  readonly sourceReachable: boolean
  readonly lastError: Problem | null
  readonly functionPid: number | null
  readonly metrics: Readonly<Record<string, number>>
  /** The metrics that are sums, by minutes (milliseconds since 1970). */
  readonly minutes: readonly { readonly at: number; readonly sums: Readonly<Record<string, number>> }[]
}

/** Serves `GET /status` on the loopback interface; resolves with the port. */
export async function serveStatus(port: number, status: () => Promise<DeliveryStatus>): Promise<{ port: number; server: Server }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/status') {
      response.writeHead(404).end()
      return
    }
    status().then(
      (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the status server has no port')
  return { port: address.port, server }
}
