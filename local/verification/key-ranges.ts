import type { ClientBase } from 'pg'
import { columnCodec } from '../../pipeline/column-types.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import type { ComparedColumn } from './forms.ts'

/** So many ranges a table is compared in: of ten million rows a differing one has some 2,500. */
export const rangeCount = 4096

type Side = 'source' | 'iceberg'

/** How a table's keys are cut into ranges, the same at both sides. */
export interface KeyRanges {
  /** The range that a row is in, as SQL of one side that gives text. `digest`: SQL of the row's own, for a table without a key. */
  readonly range: (side: Side, digest: string) => string
  /** The condition that a row is in one of the ranges. */
  readonly within: (side: Side, ranges: readonly string[]) => string
}

/** Beyond this, differences of two keys do not fit a bigint. */
const farthest = 2n ** 61n

/**
 * Ranges of the first key column's values where it is an integer: indexes and file statistics then find the rows of a range. Else of digests.
 * `table`: quoted SQL.
 */
export async function keyRanges(
  client: ClientBase,
  table: string,
  captured: CapturedTable,
  columns: readonly ComparedColumn[],
): Promise<KeyRanges> {
  const [first] = captured.primaryKey
  const column = captured.columns.find(({ name }) => name === first)
  const compared = columns.find(({ name }) => name === first)
  const codec = column && columnCodec(column.type, column.iceberg.type)
  // An oid has no arithmetic.
  if (compared?.inSql && column && (codec === 'int' || codec === 'long') && /^(smallint|integer|bigint)$/.test(column.type.name)) {
    const source = quoted(column.name)
    const { rows } = await client.query<{ low: string | null; high: string | null }>(
      `SELECT min(${source})::text AS low, max(${source})::text AS high FROM ${table}`,
    )
    const [{ low, high } = { low: null, high: null }] = rows
    const bounds = { low: BigInt(low ?? 0), high: BigInt(high ?? 0) }
    if (bounds.low > -farthest && bounds.high < farthest) return integerRanges({ source, iceberg: quoted(column.iceberg.name) }, bounds)
  }
  return digestRanges(columns)
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** What lies outside of the source's keys belongs to the first and to the last range. */
export function integerRanges(
  column: Readonly<Record<Side, string>>,
  { low, high }: { readonly low: bigint; readonly high: bigint },
): KeyRanges {
  const width = (high - low) / BigInt(rangeCount) + 1n
  // Truncating division at both sides; nothing below `low` is divided.
  const divide = { source: '/', iceberg: '//' } as const
  return {
    range: (side) =>
      `(${cast(`(least(greatest(${cast(column[side], 'bigint')}, ${low}), ${high}) - ${sql(low)}) ${divide[side]} ${width}`, 'varchar')})`,
    within: (side, ranges) =>
      joined(ranges.map(Number))
        .map(([from, to]) => {
          const conditions = [
            ...(from === 0 ? [] : [`${column[side]} >= ${low + BigInt(from) * width}`]),
            ...(low + BigInt(to + 1) * width > high ? [] : [`${column[side]} < ${low + BigInt(to + 1) * width}`]),
          ]
          return `(${conditions.join(' AND ') || 'true'})`
        })
        .join(' OR '),
  }
}

const cast = (expression: string, type: string) => `CAST(${expression} AS ${type})`
/** A negative number after a minus would begin a comment. */
const sql = (number: bigint) => (number < 0n ? `(${number})` : String(number))

/** Neighbouring numbers as one stretch: `[1, 2, 5]` → `[[1, 2], [5, 5]]`. */
function joined(numbers: readonly number[]): [number, number][] {
  const stretches: [number, number][] = []
  for (const number of numbers.toSorted((one, other) => one - other)) {
    const last = stretches.at(-1)
    if (last && number === last[1] + 1) last[1] = number
    else stretches.push([number, number])
  }
  return stretches
}

/** Three hexadecimal digits of a digest: of the key, or of the whole row where there is none. */
export function digestRanges(columns: readonly ComparedColumn[]): KeyRanges {
  const keys = columns.filter(({ isKey }) => isKey)
  const range = (side: Side, digest: string) => `left(${keys.length === 0 ? digest : `md5(${rowText(side, keys)})`}, 3)`
  return {
    range,
    within: (side, ranges) => `${range(side, `md5(${rowText(side, columns)})`)} IN (${ranges.map((text) => `'${text}'`).join(', ')})`,
  }
}

/** All values of a row as one text, which no other row has: each ends with a comma, or begins with its length in bytes. */
export function rowText(side: Side, columns: readonly ComparedColumn[]): string {
  return columns
    .map(({ name, inSql }) => {
      if (!inSql) throw new Error(`${name} has no text in SQL`)
      const text = inSql[side]
      if (inSql.isPlain) return `coalesce(${text}, 'n') || ','`
      return `coalesce(${side === 'source' ? `octet_length(${text})::text` : `CAST(strlen(${text}) AS VARCHAR)`} || ':' || ${text}, 'n')`
    })
    .join(' || ')
}
