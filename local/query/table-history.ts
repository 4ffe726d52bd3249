import { z } from 'zod'
import { PipelineError } from '../../pipeline/errors.ts'
import { parseTableJson } from '../iceberg/catalog.ts'

/** Snapshot ids have 63 bits: they are text. */
const metadataShape = z.object({
  metadata: z.object({
    'current-snapshot-id': z.string().nullish(),
    snapshots: z
      .array(
        z.object({
          'snapshot-id': z.string(),
          'parent-snapshot-id': z.string().optional(),
          'timestamp-ms': z.number(),
          'manifest-list': z.string().optional(),
          summary: z.record(z.string(), z.string()).optional(),
        }),
      )
      .default([]),
    'snapshot-log': z.array(z.object({ 'snapshot-id': z.string(), 'timestamp-ms': z.number() })).default([]),
    refs: z.record(z.string(), z.object({ 'snapshot-id': z.string(), type: z.string() })).default({}),
    properties: z.record(z.string(), z.string()).default({}),
  }),
})

/** A table's metadata as the catalog answers it, as far as its history goes. */
export type TableHistory = z.infer<typeof metadataShape>['metadata']

/** Undefined where the table does not exist. */
export async function tableHistory(catalogUri: string, namespace: string, table: string): Promise<TableHistory | undefined> {
  const response = await fetch(`${catalogUri}/v1/namespaces/${encodeURIComponent(namespace)}/tables/${encodeURIComponent(table)}`, {
    signal: AbortSignal.timeout(30_000),
  })
  const text = await response.text()
  if (response.status === 404) return undefined
  if (!response.ok) throw new Error(`the Iceberg catalog answered HTTP ${response.status} for ${namespace}.${table}`)
  return metadataShape.parse(parseTableJson(text)).metadata
}

/**
 * The snapshot that was current at an instant (microseconds since 1970). Each is a whole batch.
 * @throws PipelineError `QueryRefused` where there was none
 */
export function snapshotAt(history: TableHistory, table: string, instant: bigint): string {
  const log = history['snapshot-log']
  const current = log.findLast((entry) => BigInt(entry['timestamp-ms']) * 1000n <= instant)
  if (current) return current['snapshot-id']
  const first = log[0]
  if (!first) throw new PipelineError('QueryRefused', `${table} has no data yet, so there is no earlier state to query`)
  throw new PipelineError(
    'QueryRefused',
    `${table} has no snapshot as of ${instantText(instant)}: its earliest is of ${instantText(BigInt(first['timestamp-ms']) * 1000n)} ` +
      `(older ones may have expired). See SELECT * FROM "${table}$history"`,
  )
}

/**
 * The snapshot of an id, or of a branch or tag.
 * @throws PipelineError `QueryRefused` where there is none
 */
export function snapshotOf(history: TableHistory, table: string, version: string): string {
  const id = history.refs[version]?.['snapshot-id'] ?? version
  if (history.snapshots.some((snapshot) => snapshot['snapshot-id'] === id)) return id
  throw new PipelineError(
    'QueryRefused',
    `${table} has no snapshot ${version}. See SELECT snapshot_id, committed_at FROM "${table}$snapshots"`,
  )
}

/** `2026-01-31 10:00:00.123456 UTC` of microseconds since 1970. */
export function instantText(micros: bigint): string {
  const date = new Date(Number(micros / 1000n))
  const text = Number.isNaN(date.getTime()) ? `${micros} µs` : date.toISOString().replace('T', ' ').slice(0, -1)
  const fraction = micros % 1000n
  return `${text}${fraction > 0n ? String(fraction).padStart(3, '0') : ''} UTC`
}
