import { decodeString, valueKind } from '../scan/json-scan.ts'
import { type Encoder, unexpectedValue } from './encoder.ts'
import { clock } from './times.ts'
import { refuseBinaryPlaceholder, refuseListPlaceholder, refusePlaceholder, unavailableHstore, unavailableValue } from './unavailable.ts'

const { string: STRING, escaped: ESCAPED, true: TRUE, false: FALSE, array: ARRAY } = valueKind

/** A string, copied with whatever escapes it has. */
export const encodeText: Encoder = (bytes, start, end, kind, column) => {
  if (kind === STRING || kind === ESCAPED) {
    // The placeholder has 28 characters; escaped, it is longer.
    if (end - start === 30 || kind === ESCAPED) refusePlaceholder(bytes, start, end, kind, column)
    return undefined
  }
  throw unexpectedValue(column, 'a string')
}

export const encodeBoolean: Encoder = (_bytes, _start, _end, kind, column) => {
  if (kind === TRUE || kind === FALSE) return undefined
  throw unexpectedValue(column, 'true or false')
}

/** Base64 (standard alphabet, padded), copied. */
export const encodeBinary: Encoder = (bytes, start, end, kind, column) => {
  base64Span(bytes, start, end, kind, column)
  return undefined
}

/** `bytea` as PostgreSQL prints it: `\x` and hexadecimal digits. */
export const encodeByteaText: Encoder = (bytes, start, end, kind, column) =>
  `"\\\\x${Buffer.from(base64Span(bytes, start, end, kind, column), 'base64').toString('hex')}"`

/** `bit(length)` as PostgreSQL prints it. The wire has the last bit first: little-endian bytes without the zeros at their end. */
export function bitsEncoder(length: number): Encoder {
  return (bytes, start, end, kind, column) => {
    const value = Buffer.from(base64Span(bytes, start, end, kind, column), 'base64')
    let text = ''
    for (let bit = length - 1; bit >= 0; bit--) text += ((value[bit >> 3] ?? 0) >> (bit & 7)) & 1
    return `"${text}"`
  }
}

function base64Span(bytes: Buffer, start: number, end: number, kind: number, column: string): string {
  if (kind !== STRING) throw unexpectedValue(column, 'base64 in a string')
  refuseBinaryPlaceholder(bytes, start, end, column)
  const text = bytes.toString('latin1', start + 1, end - 1)
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    refusePlaceholder(bytes, start, end, kind, column)
    throw unexpectedValue(column, 'base64 in a string')
  }
  return text
}

/** Any JSON value, as a string that holds its JSON text. */
export const encodeJsonText: Encoder = (bytes, start, end, kind, column) => {
  if (kind === ARRAY) refuseListPlaceholder(bytes, start, end, column)
  else if (kind === STRING || kind === ESCAPED) {
    refusePlaceholder(bytes, start, end, kind, column)
    throw unexpectedValue(column, 'an object or an array')
  }
  return JSON.stringify(bytes.toString('utf8', start, end))
}

/** `hstore` as PostgreSQL prints it (`"a"=>"1", "bb"=>NULL`), from a string that holds a JSON object. Its order is by length, then by bytes. */
export const encodeHstore: Encoder = (bytes, start, end, kind, column) => {
  if (kind !== STRING && kind !== ESCAPED) throw unexpectedValue(column, 'a JSON object in a string')
  refusePlaceholder(bytes, start, end, kind, column)
  const json = decodeString(bytes, start + 1, end - 1)
  if (json === unavailableHstore) throw unavailableValue(column)
  const pairs = hstorePairs(json)
  if (!pairs) throw unexpectedValue(column, 'a JSON object of strings in a string')
  const sorted = pairs
    .map(([key, value]) => ({ key: Buffer.from(key), text: `${quoted(key)}=>${value === null ? 'NULL' : quoted(value)}` }))
    .sort((a, b) => a.key.length - b.key.length || a.key.compare(b.key))
  return JSON.stringify(sorted.map(({ text }) => text).join(', '))
}

const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`

function hstorePairs(json: string): [string, string | null][] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined
  const pairs = Object.entries(parsed)
  return pairs.every(([, value]) => value === null || typeof value === 'string') ? pairs : undefined
}

const intervalText = /^P(-?\d+)Y(-?\d+)M(-?\d+)DT(-?\d+)H(-?\d+)M(-)?(\d+)(?:\.(\d{1,9}))?S$/

/**
 * `interval` as PostgreSQL prints it by default (`1 year 2 mons -3 days +04:05:06.789`), from ISO 8601. Debezium reckons the seconds in floating point, so
 * that .48217 may come as .482169999: it is the nearest microsecond, which is all that PostgreSQL has.
 */
export const encodeInterval: Encoder = (bytes, start, end, kind, column) => {
  const match = kind === STRING ? intervalText.exec(bytes.toString('latin1', start + 1, end - 1)) : null
  if (!match) {
    refusePlaceholder(bytes, start, end, kind, column)
    throw unexpectedValue(column, 'an interval in ISO 8601')
  }
  const whole = (index: number) => BigInt(match[index] ?? '0')
  const months = whole(1) * 12n + whole(2)
  const nanoseconds = BigInt((match[8] ?? '').padEnd(9, '0'))
  const microsecondsOfMinute = whole(7) * 1_000_000n + (nanoseconds + 500n) / 1000n
  const microseconds = (whole(4) * 60n + whole(5)) * 60_000_000n + (match[6] ? -microsecondsOfMinute : microsecondsOfMinute)
  return `"${postgresInterval(months, whole(3), microseconds)}"`
}

/** A part after a negative one shows its plus. */
function postgresInterval(months: bigint, days: bigint, microseconds: bigint): string {
  const parts: string[] = []
  let afterNegative = false
  const units: [bigint, string][] = [
    [months / 12n, 'year'],
    [months % 12n, 'mon'],
    [days, 'day'],
  ]
  for (const [value, unit] of units) {
    if (value === 0n) continue
    parts.push(`${afterNegative && value > 0n ? '+' : ''}${value} ${unit}${value === 1n ? '' : 's'}`)
    afterNegative = value < 0n
  }
  if (microseconds !== 0n || parts.length === 0) {
    const size = microseconds < 0n ? -microseconds : microseconds
    const sign = microseconds < 0n ? '-' : afterNegative ? '+' : ''
    const hours = size / 3_600_000_000n
    const rest = Number(size % 3_600_000_000n)
    parts.push(`${sign}${String(hours).padStart(2, '0')}${clock(Math.floor(rest / 1_000_000), rest % 1_000_000).slice(2)}`)
  }
  return parts.join(' ')
}
