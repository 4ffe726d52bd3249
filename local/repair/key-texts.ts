import type { CapturedColumn, CapturedTable } from '../../pipeline/tables.ts'
import { type ExactJson, JsonNumber } from '../delivery/rows/exact-json.ts'

/** A key that has more spellings than this is not brought again: timestamps have two, so these are four of them in one key. */
const mostSpellings = 16

/**
 * The key of a row as Firehose is given it (a JSON object by Iceberg columns), as the lists of texts that an engine may cast it to: Athena writes
 * a timestamp with six digits, others without those that are zero. All of them are the same value at the source; the first is Athena's. Undefined: there
 * is none, or one of its columns has no such text.
 */
export function keyTexts(table: CapturedTable, row: Readonly<Record<string, ExactJson>>): string[][] | undefined {
  let lists: string[][] = [[]]
  for (const name of table.primaryKey) {
    const column = table.columns.find((one) => one.name === name)
    const value = column && row[column.iceberg.name]
    const texts = column && value !== undefined && value !== null ? spellings(column, value) : []
    lists = texts.flatMap((text) => lists.map((list) => [...list, text]))
  }
  return table.primaryKey.length === 0 || lists.length === 0 || lists.length > mostSpellings ? undefined : lists
}

/** The texts of a value in one Iceberg type, in the forms that the transform gives Firehose. */
function spellings({ iceberg, type }: CapturedColumn, value: ExactJson): string[] {
  const text =
    value instanceof JsonNumber ? value.text : typeof value === 'object' ? undefined : typeof value === 'string' ? value : String(value)
  if (text === undefined) return []
  const [, scale] = /^decimal\(\d+,\s*(\d+)\)$/.exec(iceberg.type) ?? []
  if (scale !== undefined) return decimal(text, Number(scale))
  switch (iceberg.type) {
    case 'int':
    case 'long':
      return /^-?\d+$/.test(text) ? [text] : []
    case 'boolean':
      return text === 'true' || text === 'false' ? [text] : []
    case 'date':
      return /^-?\d+$/.test(text) ? dated(Number(text) * 86_400_000, (iso) => [iso.slice(0, 10)]) : [text]
    case 'timestamp':
      return timestamp(text, '', '')
    case 'timestamptz':
      return timestamp(text, ' UTC', '+00')
    case 'binary':
      return type.name === 'bytea' ? [Buffer.from(text, 'base64').toString('hex').toUpperCase()] : []
    case 'string':
    case 'uuid':
      return typeof value === 'string' ? [text] : []
    default:
      return []
  }
}

/** With all digits of the column's scale, as engines print it. */
function decimal(text: string, scale: number): string[] {
  const [, whole, fraction = ''] = /^(-?\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === undefined || /[^0]/.test(fraction.slice(scale))) return []
  return [scale === 0 ? whole : `${whole}.${fraction.slice(0, scale).padEnd(scale, '0')}`]
}

/** `text`: microseconds since 1970. */
function timestamp(text: string, zone: string, shortZone: string): string[] {
  if (!/^-?\d{1,18}$/.test(text)) return []
  const micros = BigInt(text)
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  return dated(Number((micros - fraction) / 1000n), (iso) => {
    const seconds = iso.slice(0, 19).replace('T', ' ')
    const digits = String(fraction).padStart(6, '0')
    const short = fraction === 0n ? '' : `.${digits.replace(/0+$/, '')}`
    return [...new Set([`${seconds}.${digits}${zone}`, `${seconds}${short}${shortZone}`])]
  })
}

/** Years of four digits only: beyond them engines differ in how they write a date. */
function dated(milliseconds: number, texts: (iso: string) => string[]): string[] {
  const date = new Date(milliseconds)
  const year = date.getUTCFullYear()
  return year >= 1 && year <= 9999 ? texts(date.toISOString()) : []
}
