import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** As much of the Iceberg REST catalog as a deployment uses, in memory: what the real server would keep, by name. */
export interface RestCatalog {
  readonly uri: string
  readonly namespaces: Set<string>
  /** The body of each table's creation, by `namespace.table`. */
  readonly tables: Map<string, TableCreation>
  close(): Promise<void>
}

export interface TableCreation {
  readonly name: string
  readonly schema: {
    readonly 'schema-id': number
    readonly 'identifier-field-ids'?: readonly number[]
    readonly fields: readonly unknown[]
  }
  readonly properties: Readonly<Record<string, string>>
}

export async function serveRestCatalog(): Promise<RestCatalog> {
  const namespaces = new Set<string>()
  const tables = new Map<string, TableCreation>()
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const [, , , namespace = '', , table] = (request.url ?? '').split('?')[0]?.split('/') ?? []
    const [status, answer] = handle(request.method ?? '', namespace, table, await body(request))
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }
  const server = createServer((request, response) => void serve(request, response))
  const handle = (method: string, namespace: string, table: string | undefined, text: string): [number, unknown] => {
    if (method === 'POST' && namespace === '') {
      const name = JSON.parse(text).namespace.join('.')
      if (namespaces.has(name)) return failure(409, `Namespace already exists: ${name}`)
      namespaces.add(name)
      return [200, {}]
    }
    if (method === 'DELETE' && table === undefined) {
      if ([...tables.keys()].some((name) => name.startsWith(`${namespace}.`))) return failure(409, `Namespace ${namespace} is not empty`)
      return namespaces.delete(namespace) ? [204, {}] : failure(404, `Namespace does not exist: ${namespace}`)
    }
    if (method === 'POST') {
      const creation: TableCreation = JSON.parse(text)
      const key = `${namespace}.${creation.name}`
      if (!namespaces.has(namespace)) return failure(404, `Namespace does not exist: ${namespace}`)
      if (tables.has(key)) return failure(409, `Table already exists: ${key}`)
      tables.set(key, creation)
      return [200, metadata(creation)]
    }
    const key = `${namespace}.${table}`
    const creation = tables.get(key)
    if (!creation) return failure(404, `Table does not exist: ${key}`)
    if (method === 'DELETE') tables.delete(key)
    return [200, metadata(creation)]
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the catalog has no port')
  return {
    uri: `http://127.0.0.1:${address.port}`,
    namespaces,
    tables,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function failure(status: number, message: string): [number, unknown] {
  return [status, { error: { code: status, message } }]
}

function metadata({ name, schema, properties }: TableCreation) {
  return {
    metadata: {
      'table-uuid': randomUUID(),
      location: `memory:/${name}`,
      'format-version': 2,
      'current-schema-id': schema['schema-id'],
      schemas: [schema],
      properties,
    },
  }
}

async function body(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts).toString()
}
