import { createServer, type Server } from 'node:http'

export interface LosingProxy {
  readonly uri: string
  /** How many commits were done whose answer never came. */
  readonly lost: number
  close(): Promise<void>
}

/** Passes everything on to a catalog, but lets every second commit happen and then cuts the connection instead of answering. */
export async function losingProxy(catalogUri: string): Promise<LosingProxy> {
  let commits = 0
  let lost = 0
  const server: Server = createServer((request, response) => {
    const pass = async (): Promise<void> => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(Buffer.from(chunk))
      const answer = await fetch(`${catalogUri}${request.url ?? ''}`, {
        method: request.method ?? 'GET',
        headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
        ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
      })
      const body = Buffer.from(await answer.arrayBuffer())
      const isCommit = request.method === 'POST' && request.url?.endsWith('/transactions/commit')
      if (isCommit && answer.ok && commits++ % 2 === 0) {
        lost += 1
        request.socket.destroy()
        return
      }
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' }).end(body)
    }
    pass().catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    uri: `http://127.0.0.1:${address.port}`,
    get lost() {
      return lost
    },
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}
