import { createServer, type Server } from 'node:http'
import { CatalogUnreachable, icebergCatalog } from '../../../local/iceberg/catalog.ts'

/** A table's metadata as Apache's REST catalog sends it, with ids and a text that must not be touched. */
const metadata = `{"metadata-location":"x","metadata":{"format-version":2,"table-uuid":"u","location":"file:///w/shop/orders","current-schema-id":1,
"schemas":[{"schema-id":0,"fields":[]},{"type":"struct","schema-id":1,"identifier-field-ids":[2,1],"fields":[
{"id":1,"name":"a","required":true,"type":"long"},{"id":2,"name":"b","required":true,"type":"decimal(12, 2)"},
{"id":3,"name":"c","required":false,"type":{"type":"list","element-id":4,"element":"fixed[3]","element-required":true}}]}],
"properties":{"note":"\\"snapshot-id\\": 9007199254740993, \\\\"},"current-snapshot-id":9007199254740993,
"snapshots":[{"snapshot-id":9007199254740993,"parent-snapshot-id" : 9007199254740995,"timestamp-ms":20,"summary":{"total-data-files":"3"}},
{"snapshot-id":9007199254740995,"timestamp-ms":10}]}}`

let server: Server
let uri: string
const requests: string[] = []
const answers: Record<string, [number, string]> = {
  'GET /v1/namespaces/shop/tables/orders': [200, metadata],
  'GET /v1/namespaces/shop/tables/gone': [404, '{}'],
  'GET /v1/namespaces/shop/tables/broken': [500, '{"error":{"message":"out of disk"}}'],
  'POST /v1/namespaces': [409, '{}'],
  'POST /v1/namespaces/shop/tables/orders': [200, '{}'],
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const path = `${request.method} ${request.url}`
      requests.push(`${path} ${Buffer.concat(chunks).toString()}`)
      const [status, body] = answers[path] ?? [501, '{}']
      response.writeHead(status).end(body)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  uri = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterAll(() => {
  server.close()
})

describe('the catalog client', () => {
  it('reads a table with its ids exact and its identifier fields by name', async () => {
    expect(await icebergCatalog(uri).loadTable('shop', 'orders')).toEqual({
      namespace: 'shop',
      name: 'orders',
      uuid: 'u',
      location: 'file:///w/shop/orders',
      formatVersion: 2,
      schemaId: 1,
      columns: [
        { name: 'a', required: true, type: { kind: 'long' } },
        { name: 'b', required: true, type: { kind: 'decimal', precision: 12, scale: 2 } },
        { name: 'c', required: false, type: { kind: 'list', element: { kind: 'fixed', length: 3 }, elementRequired: true } },
      ],
      identifierFields: ['a', 'b'],
      properties: { note: '"snapshot-id": 9007199254740993, \\' },
      snapshotTimesMs: [10, 20],
      currentSnapshot: { id: '9007199254740993', timestampMs: 20, summary: { 'total-data-files': '3' } },
    })
  })

  it('tells a table that is not there from a catalog that fails', async () => {
    expect(await icebergCatalog(uri).loadTable('shop', 'gone')).toBeUndefined()
    await expect(icebergCatalog(uri).loadTable('shop', 'broken')).rejects.toMatchObject({
      name: 'CatalogError',
      status: 500,
      message: expect.stringContaining('out of disk'),
    })
  })

  it('says so when nobody answers', async () => {
    await expect(icebergCatalog('http://127.0.0.1:9').loadTable('shop', 'orders')).rejects.toThrow(CatalogUnreachable)
  })

  it('leaves a namespace that exists', async () => {
    await expect(icebergCatalog(uri).createNamespace('shop')).resolves.toBeUndefined()
  })

  it('sets and removes properties in one request', async () => {
    await icebergCatalog(uri).updateProperties('shop', 'orders', { a: '1', b: undefined })
    expect(JSON.parse(requests.at(-1)?.replace('POST /v1/namespaces/shop/tables/orders ', '') ?? '')).toEqual({
      requirements: [],
      updates: [
        { action: 'set-properties', updates: { a: '1' } },
        { action: 'remove-properties', removals: ['b'] },
      ],
    })
  })
})
