import { CatalogError, CatalogUnreachable, type IcebergCatalog } from './catalog.ts'

/**
 * What S3 Tables does to its tables by itself: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-maintenance.html
 * Its defaults keep snapshots for 120 hours.
 */
export interface MaintenanceSettings {
  /** A table with more data and delete files than this is compacted. */
  readonly mostFiles: number
  /** Commits of a table between two looks at its files. */
  readonly commitsPerLook: number
  /** Snapshots older than this are expired. */
  readonly snapshotAgeMs: number
  /** Every commit rewrites the list of snapshots, so its length is limited too. */
  readonly mostSnapshots: number
}

export const defaultMaintenance: MaintenanceSettings = {
  mostFiles: 30,
  commitsPerLook: 8,
  snapshotAgeMs: 120 * 3_600_000,
  mostSnapshots: 1000,
}

interface TableName {
  readonly namespace: string
  readonly table: string
}

/**
 * Maintenance in turn with the commits of one writer: call it after the commits of these tables and before the next. It compacts and
 * expires what needs it. A table that cannot be maintained now is left for later.
 */
export function tableMaintenance(
  catalog: Pick<IcebergCatalog, 'loadTable' | 'compact' | 'expireSnapshots'>,
  onError: (message: string) => void,
  settings: MaintenanceSettings = defaultMaintenance,
): (committed: readonly TableName[]) => Promise<void> {
  const commits = new Map<string, number>()

  const maintain = async ({ namespace, table }: TableName): Promise<void> => {
    const found = await catalog.loadTable(namespace, table)
    if (!found?.currentSnapshot) return
    const { summary } = found.currentSnapshot
    const files = Number(summary['total-data-files'] ?? 0) + Number(summary['total-delete-files'] ?? 0)
    if (files > settings.mostFiles) await catalog.compact(namespace, table)
    const { snapshotTimesMs } = found
    const surplus = snapshotTimesMs.length - settings.mostSnapshots
    // A tenth more than allowed, so that it is not one by one.
    if (surplus > settings.mostSnapshots / 10) {
      await catalog.expireSnapshots(namespace, table, { retainLast: settings.mostSnapshots, olderThanMs: 0 })
    } else if ((snapshotTimesMs[0] ?? Number.POSITIVE_INFINITY) < Date.now() - settings.snapshotAgeMs * 1.1) {
      await catalog.expireSnapshots(namespace, table, { retainLast: 1, olderThanMs: settings.snapshotAgeMs })
    }
  }

  return async (committed) => {
    for (const table of committed) {
      const name = `${table.namespace}.${table.table}`
      const count = (commits.get(name) ?? settings.commitsPerLook - 1) + 1
      commits.set(name, count % settings.commitsPerLook)
      if (count < settings.commitsPerLook) continue
      try {
        await maintain(table)
      } catch (error) {
        if (!(error instanceof CatalogError || error instanceof CatalogUnreachable)) throw error
        onError(`maintenance of ${name}: ${error.message}`)
      }
    }
  }
}
