import { CatalogUnreachable, type IcebergTable } from '../../../local/iceberg/catalog.ts'
import { tableMaintenance } from '../../../local/iceberg/maintenance.ts'

const settings = { mostFiles: 10, commitsPerLook: 3, snapshotAgeMs: 1_000_000, mostSnapshots: 100 }
type Maintained = Parameters<typeof tableMaintenance>[0]
const table = { namespace: 'shop', table: 'orders' }

/** A catalog of one table; `calls` says what was done. */
function catalogOf(found: { dataFiles?: number; deleteFiles?: number; snapshotTimesMs?: readonly number[] }) {
  const calls: string[] = []
  const loaded: IcebergTable = {
    namespace: 'shop',
    name: 'orders',
    uuid: 'u',
    location: 'file:///x',
    formatVersion: 2,
    schemaId: 0,
    columns: [],
    identifierFields: [],
    properties: {},
    currentSnapshot: {
      id: '1',
      timestampMs: 0,
      summary: { 'total-data-files': String(found.dataFiles ?? 1), 'total-delete-files': String(found.deleteFiles ?? 0) },
    },
    snapshotTimesMs: found.snapshotTimesMs ?? [Date.now()],
  }
  const catalog: Maintained = {
    loadTable: async () => {
      calls.push('load')
      return loaded
    },
    compact: async () => {
      calls.push('compact')
      return {}
    },
    expireSnapshots: async (_namespace, _name, keep) => {
      calls.push(`expire ${JSON.stringify(keep)}`)
      return {}
    },
  }
  return { catalog, calls }
}

async function commits(catalog: Maintained, count: number): Promise<string[]> {
  const errors: string[] = []
  const maintain = tableMaintenance(catalog, (message) => errors.push(message), settings)
  for (let commit = 0; commit < count; commit += 1) await maintain([table])
  return errors
}

describe('maintenance', () => {
  it('looks at a table at its first commit and then once in a few', async () => {
    const { catalog, calls } = catalogOf({})
    await commits(catalog, 7)
    expect(calls).toEqual(['load', 'load', 'load'])
  })

  it('compacts a table of too many files, data and deletes together', async () => {
    const { catalog, calls } = catalogOf({ dataFiles: 5, deleteFiles: 6 })
    await commits(catalog, 1)
    expect(calls).toEqual(['load', 'compact'])
  })

  it('expires by age, and by number', async () => {
    const old = catalogOf({ snapshotTimesMs: [Date.now() - 1_200_000, Date.now()] })
    await commits(old.catalog, 1)
    expect(old.calls).toEqual(['load', 'expire {"retainLast":1,"olderThanMs":1000000}'])
    const many = catalogOf({ snapshotTimesMs: Array.from({ length: 111 }, () => Date.now()) })
    await commits(many.catalog, 1)
    expect(many.calls).toEqual(['load', 'expire {"retainLast":100,"olderThanMs":0}'])
  })

  it('leaves a table for later when the catalog does not answer, and nothing else', async () => {
    const { catalog } = catalogOf({})
    catalog.loadTable = () => Promise.reject(new CatalogUnreachable('down'))
    expect(await commits(catalog, 1)).toEqual(['maintenance of shop.orders: down'])
    catalog.loadTable = () => Promise.reject(new TypeError('a bug'))
    await expect(commits(catalog, 1)).rejects.toThrow('a bug')
  })
})
