import { destinations } from '../../../local/delivery/destinations.ts'
import type { TableConfiguration } from '../../../local/delivery/table-configurations.ts'
import type { IcebergTable } from '../../../local/iceberg/catalog.ts'

const orders: IcebergTable = {
  namespace: 'shop',
  name: 'orders',
  uuid: 'u',
  location: 'file:///x',
  formatVersion: 2,
  schemaId: 0,
  columns: [
    { name: 'id', required: true, type: { kind: 'int' } },
    { name: 'line', required: true, type: { kind: 'int' } },
  ],
  identifierFields: ['id'],
  properties: { 'firehose.s.next-offsets': '{"0":"7","2":"9"}' },
  currentSnapshot: undefined,
  snapshotTimesMs: [],
}
const configuration = { namespace: 'shop', table: 'orders', uniqueKeys: [], errorOutputPrefix: 'p/' }
const tables: Readonly<Record<string, IcebergTable>> = {
  'shop.orders': orders,
  'shop.keyless': { ...orders, name: 'keyless', identifierFields: [] },
  'shop.old': { ...orders, name: 'old', formatVersion: 1 },
}

function routes(configurations: readonly TableConfiguration[]) {
  const loads: string[] = []
  const made = destinations({
    configurations,
    streamId: 's',
    loadTable: async (namespace, name) => {
      loads.push(`${namespace}.${name}`)
      return tables[`${namespace}.${name}`]
    },
  })
  return { route: (otfMetadata?: Readonly<Record<string, unknown>>) => made.route(otfMetadata), loads }
}

const to = (destinationTableName: string, operation?: string) => ({
  destinationDatabaseName: 'shop',
  destinationTableName,
  ...(operation === undefined ? {} : { operation }),
})

describe('the route of a record', () => {
  it('is the table of its metadata; without an operation it is an insert', async () => {
    const { route, loads } = routes([configuration])
    expect(await route(to('orders'))).toMatchObject({
      operation: 'insert',
      destination: { table: orders, keys: ['id'], errorOutputPrefix: 'p/' },
    })
    expect(await route(to('orders', 'delete'))).toMatchObject({ operation: 'delete' })
    expect(loads).toEqual(['shop.orders'])
  })

  it("prefers the stream's unique keys to the table's identifier fields", async () => {
    const { route } = routes([{ ...configuration, uniqueKeys: ['line'] }])
    expect(await route(to('orders', 'update'))).toMatchObject({ destination: { keys: ['line'] } })
  })

  it('knows up to where the table has the records of the stream', async () => {
    const { route } = routes([configuration])
    expect(await route(to('orders'))).toMatchObject({
      destination: {
        delivered: new Map([
          [0, 7n],
          [2, 9n],
        ]),
      },
    })
  })

  it('is the only table of the stream for a record without metadata', async () => {
    expect(await routes([configuration]).route()).toMatchObject({ operation: 'insert', destination: { table: orders } })
  })

  it.each([
    ['no metadata in a stream of several tables', undefined, 'Iceberg.InvalidTableName'],
    ['an empty name', to(''), 'Iceberg.InvalidTableName'],
    ['a name that is no text', { destinationDatabaseName: 'shop', destinationTableName: 7 }, 'Iceberg.InvalidTableName'],
    ['a name in another case', to('Orders'), 'Iceberg.NoSuchTable'],
    ['another namespace', { destinationDatabaseName: 'Shop', destinationTableName: 'orders' }, 'Iceberg.NoSuchTable'],
    ['a table of another format version', to('old'), 'Iceberg.NoSuchTable'],
    ['an operation in capitals', to('orders', 'INSERT'), 'Iceberg.InvalidOperation'],
    ['an unknown operation', to('orders', 'upsert'), 'Iceberg.InvalidOperation'],
    ['an update of a table without keys', to('keyless', 'update'), 'Iceberg.UniqueKeysNotFound'],
  ])('is refused for %s', async (_, otfMetadata, errorCode) => {
    const { route } = routes([configuration, { ...configuration, table: 'other' }])
    expect(await route(otfMetadata)).toMatchObject({ refusal: { errorCode } })
  })

  it('is refused where the unique keys are no columns of the table', async () => {
    expect(await routes([{ ...configuration, uniqueKeys: ['nope'] }]).route(to('orders', 'insert'))).toMatchObject({
      refusal: { errorCode: 'Iceberg.UniqueKeysNotFound' },
    })
  })

  it("carries the table's own error prefix also for a table that is not there", async () => {
    const { route } = routes([configuration, { ...configuration, table: 'gone', errorOutputPrefix: 'gone/' }])
    expect(await route(to('gone'))).toMatchObject({ errorOutputPrefix: 'gone/' })
  })

  it('takes inserts to a table without keys', async () => {
    expect(await routes([configuration]).route(to('keyless', 'insert'))).toMatchObject({ operation: 'insert' })
  })
})
