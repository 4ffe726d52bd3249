import { BucketSums, columnDigests, normalizedRow, rowFingerprint, rowKey } from './fingerprint.ts'
import type { ComparedColumn } from './forms.ts'

type Row = readonly (string | null)[]

/** One table at both sides. Each call of a side streams the rows that it has at that moment. */
export interface TwoSides {
  readonly columns: readonly ComparedColumn[]
  readonly source: () => AsyncIterable<Row>
  readonly iceberg: () => AsyncIterable<Row>
}

export type DifferenceKind = 'missing' | 'extra' | 'different' | 'duplicate'

/** A row that is not the same at both sides. */
export interface Difference {
  readonly kind: DifferenceKind
  /** What the source has, so that a later look can tell a lasting difference from a row in flight. Empty: no such row. */
  readonly sourceDigest: string
  /** Names of the columns whose values differ. */
  readonly columns: readonly string[]
  /** How often the row is too many or too few. */
  readonly count: number
}

export interface Overview {
  readonly sourceRows: number
  readonly icebergRows: number
  /** Groups of rows that are not the same at both sides. */
  readonly buckets: ReadonlySet<number>
  /** False: there are so many unequal rows that only a part of them is in `buckets`. */
  readonly complete: boolean
}

/** Rows that are held at once while unequal groups are looked at: some 100 MB. */
const maximumHeldRows = 400_000

/** Compares all rows; in memory are sums only. */
export async function compareAll(sides: TwoSides): Promise<Overview> {
  const iceberg = await sums(sides.columns, sides.iceberg())
  const source = await sums(sides.columns, sides.source())
  const buckets = new Set<number>()
  let held = 0
  const differing = source.differingBuckets(iceberg)
  for (const bucket of differing) {
    held += source.count(bucket) + iceberg.count(bucket)
    if (held > maximumHeldRows && buckets.size > 0) break
    buckets.add(bucket)
  }
  return { sourceRows: source.rows, icebergRows: iceberg.rows, buckets, complete: buckets.size === differing.length }
}

async function sums(columns: readonly ComparedColumn[], rows: AsyncIterable<Row>): Promise<BucketSums> {
  const result = new BucketSums()
  for await (const row of rows) result.add(rowFingerprint(columns, normalizedRow(columns, row)))
  return result
}

interface Held {
  source: string
  sourceCount: number
  sourceColumns: Uint32Array | undefined
  iceberg: string
  icebergCount: number
  icebergColumns: Uint32Array | undefined
}

/**
 * The rows of these groups that are not the same at both sides, by key. Iceberg is read first: a row that the source has before and after it
 * unchanged, and that had been delivered by then, must be in it.
 */
export async function compareBuckets(sides: TwoSides, buckets: ReadonlySet<number>): Promise<Map<string, Difference>> {
  const held = new Map<string, Held>()
  await hold(sides.columns, sides.iceberg(), buckets, held, (entry, digest, columns) => {
    entry.icebergCount += 1
    entry.iceberg = digest
    entry.icebergColumns = columns
  })
  await hold(sides.columns, sides.source(), buckets, held, (entry, digest, columns) => {
    entry.sourceCount += 1
    entry.source = digest
    entry.sourceColumns = columns
  })
  const differences = new Map<string, Difference>()
  for (const [key, entry] of held) {
    const difference = differenceOf(entry, sides.columns)
    if (difference) differences.set(key, difference)
  }
  return differences
}

async function hold(
  columns: readonly ComparedColumn[],
  rows: AsyncIterable<Row>,
  buckets: ReadonlySet<number>,
  held: Map<string, Held>,
  put: (entry: Held, digest: string, columns: Uint32Array) => void,
): Promise<void> {
  for await (const row of rows) {
    const values = normalizedRow(columns, row)
    const { bucket, digest } = rowFingerprint(columns, values)
    if (!buckets.has(bucket)) continue
    const key = rowKey(columns, values)
    const entry = held.get(key) ?? {
      source: '',
      sourceCount: 0,
      sourceColumns: undefined,
      iceberg: '',
      icebergCount: 0,
      icebergColumns: undefined,
    }
    held.set(key, entry)
    put(entry, digest.toString('base64'), columnDigests(values))
  }
}

/** In a table without key, a row's key is the whole row, and the rows of one key are counted. */
function differenceOf(entry: Held, columns: readonly ComparedColumn[]): Difference | undefined {
  const sourceDigest = entry.source === '' ? '' : `${entry.source}×${entry.sourceCount}`
  const surplus = entry.icebergCount - entry.sourceCount
  if (surplus < 0) return { kind: 'missing', sourceDigest, columns: [], count: -surplus }
  if (surplus > 0) return { kind: entry.sourceCount === 0 ? 'extra' : 'duplicate', sourceDigest, columns: [], count: surplus }
  if (entry.source === entry.iceberg) return undefined
  const differing = columns.filter((_, index) => entry.sourceColumns?.[index] !== entry.icebergColumns?.[index]).map(({ name }) => name)
  return { kind: 'different', sourceDigest, columns: differing, count: 1 }
}
