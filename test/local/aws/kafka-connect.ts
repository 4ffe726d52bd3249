import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'

/** What of Kafka Connect's REST interface the stand-in for MSK Connect talks to, in memory. */
export interface FakeConnect {
  readonly uri: string
  /** Configurations, by connector. */
  readonly configurations: Map<string, Record<string, string>>
  /** Of the one task, from now on. */
  state: 'RUNNING' | 'FAILED' | 'UNASSIGNED' | 'PAUSED'
  trace: string
  /** Refuses every configuration that has this property set to this value. */
  refused: { readonly name: string; readonly value: string } | undefined
  /** Fails the task of every configuration that has this property set to this value. */
  failing: { readonly name: string; readonly value: string } | undefined
  readonly restarts: string[]
  close(): Promise<void>
}

export async function serveConnect(): Promise<FakeConnect> {
  const configurations = new Map<string, Record<string, string>>()
  const restarts: string[] = []
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const [, , name = '', rest = ''] = decodeURIComponent((request.url ?? '').split('?')[0] ?? '').split('/')
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const known = configurations.get(name)
    if (request.method === 'PUT' && rest === 'config') {
      const properties = z.record(z.string(), z.string()).parse(JSON.parse(Buffer.concat(chunks).toString('utf8')))
      const { refused } = fake
      if (refused && properties[refused.name] === refused.value) {
        answer(400, {
          error_code: 400,
          message: `Connector configuration is invalid and contains the following 1 error(s):\n${refused.name}`,
        })
        return
      }
      configurations.set(name, properties)
      answer(known ? 200 : 201, { name, config: properties })
      return
    }
    if (!known) {
      answer(404, { error_code: 404, message: `Connector ${name} not found` })
      return
    }
    if (request.method === 'DELETE') {
      configurations.delete(name)
      response.writeHead(204).end()
      return
    }
    if (rest === 'restart') {
      restarts.push(name)
      answer(202, {})
      return
    }
    if (rest === 'pause' || rest === 'resume') {
      fake.state = rest === 'pause' ? 'PAUSED' : 'RUNNING'
      response.writeHead(202).end()
      return
    }
    const { failing } = fake
    const state = failing && known[failing.name] === failing.value ? 'FAILED' : fake.state
    const task = { id: 0, state, worker_id: '127.0.0.1:8083', ...(state === 'FAILED' ? { trace: fake.trace } : {}) }
    answer(200, {
      name,
      connector: { state: state === 'PAUSED' ? state : 'RUNNING', worker_id: '127.0.0.1:8083' },
      tasks: [task],
      type: 'source',
    })
  }
  const server = createServer((request, response) => void respond(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('a listening HTTP server has no port')
  const fake: FakeConnect = {
    uri: `http://127.0.0.1:${address.port}`,
    configurations,
    restarts,
    state: 'RUNNING',
    trace: '',
    refused: undefined,
    failing: undefined,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return fake
}
