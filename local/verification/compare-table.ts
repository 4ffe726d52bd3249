import { BucketSums, columnDigests, normalizedRow, rowFingerprint, rowKey } from './fingerprint.ts'
import type { ComparedColumn } from './forms.ts'
import { differingRanges, type RangeSums, rowCount } from './range-sums.ts'

type Row = readonly (string | null)[]

/** One table at both sides. Each call of a side streams the rows that it has at that moment. */
export interface TwoSides {
  readonly columns: readonly ComparedColumn[]
  /** `ranges`: only rows of these, where there are `sums`. */
  readonly source: (ranges?: readonly string[]) => AsyncIterable<Row>
  readonly iceberg: (ranges?: readonly string[]) => AsyncIterable<Row>
  /** What the databases sum themselves, by ranges of the key; undefined: they cannot. */
  readonly sums?: { readonly source: () => Promise<RangeSums>; readonly iceberg: () => Promise<RangeSums> }
}

export type DifferenceKind = 'missing' | 'extra' | 'stale' | 'duplicate'

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
  /** Groups of rows that are not the same at both sides: buckets by number, or ranges by name. */
  readonly groups: ReadonlySet<string>
  /** False: there are so many unequal rows that only a part of them is in `groups`. */
  readonly complete: boolean
}

/** Rows that are held at once while unequal groups are looked at: some 100 MB. */
const maximumHeldRows = 400_000

/** Compares all rows by their sums; only sums are in memory. */
export async function compareAll(sides: TwoSides): Promise<Overview> {
  if (sides.sums) {
    const iceberg = await sides.sums.iceberg()
    const source = await sides.sums.source()
    const held = (name: string) => (source.get(name)?.rows ?? 0) + (iceberg.get(name)?.rows ?? 0)
    return { sourceRows: rowCount(source), icebergRows: rowCount(iceberg), ...fitting(differingRanges(source, iceberg), held) }
  }
  const iceberg = await sums(sides.columns, sides.iceberg())
  const source = await sums(sides.columns, sides.source())
  const held = (name: string) => source.count(Number(name)) + iceberg.count(Number(name))
  return { sourceRows: source.rows, icebergRows: iceberg.rows, ...fitting(source.differingBuckets(iceberg).map(String), held) }
}

/** As many of the groups as can be held at once, and one at least. */
function fitting(differing: readonly string[], rows: (name: string) => number): Pick<Overview, 'groups' | 'complete'> {
  const groups = new Set<string>()
  let held = 0
  for (const name of differing) {
    held += rows(name)
    if (held > maximumHeldRows && groups.size > 0) break
    groups.add(name)
  }
  return { groups, complete: groups.size === differing.length }
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
export async function compareGroups(sides: TwoSides, groups: ReadonlySet<string>): Promise<Map<string, Difference>> {
  const held = new Map<string, Held>()
  const ranges = sides.sums && [...groups]
  const buckets = ranges ? undefined : new Set([...groups].map(Number))
  await hold(sides.columns, sides.iceberg(ranges), buckets, held, (entry, digest, columns) => {
    entry.icebergCount += 1
    entry.iceberg = digest
    entry.icebergColumns = columns
  })
  await hold(sides.columns, sides.source(ranges), buckets, held, (entry, digest, columns) => {
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
  buckets: ReadonlySet<number> | undefined,
  held: Map<string, Held>,
  put: (entry: Held, digest: string, columns: Uint32Array) => void,
): Promise<void> {
  for await (const row of rows) {
    const values = normalizedRow(columns, row)
    const { bucket, digest } = rowFingerprint(columns, values)
    if (buckets && !buckets.has(bucket)) continue
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
  return { kind: 'stale', sourceDigest, columns: differing, count: 1 }
}
