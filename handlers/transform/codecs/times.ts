import { valueKind } from '../scan/json-scan.ts'
import { civilDate, type Instant, parseInstant } from './calendar.ts'
import { type Encoder, unexpectedValue, unrepresentableValue } from './encoder.ts'
import { integerEncoder } from './numbers.ts'
import { refusePlaceholder } from './unavailable.ts'

/**
 * Dates and times. Debezium sends days and microseconds as integers (`time.precision.mode=microseconds`), `timestamptz` and `timetz` as
 * ISO 8601 in UTC. Iceberg's are days and microseconds too; as `string` they are what PostgreSQL prints with the time zone UTC.
 */

/** PostgreSQL's first day, 4714-11-24 BC, and last day, 5874897-12-31. What lies beyond is one of Debezium's four words for infinity. */
const firstDay = -2440588
const lastDay = 2145042905
/** The first microsecond of that first day. What lies before it is -infinity, or a year that overflowed. */
const firstMicrosecond = -210_866_803_200_000_000n
/** Debezium's word for infinity. */
const infinity = 2n ** 63n - 1n
const minusInfinity = -(2n ** 63n)
const microsecondsOfDay = 86_400_000_000

export const encodeDate = integerEncoder(BigInt(firstDay), BigInt(lastDay), 6, 'the days of a date (infinity is none)')
export const encodeTimestamp = integerEncoder(firstMicrosecond, infinity - 1n, 17, 'the microseconds of a timestamp (infinity is none)')
export const encodeTime = integerEncoder(0n, BigInt(microsecondsOfDay) - 1n, 0, 'the microseconds of a day (24:00:00 is none)')

export const encodeDateText: Encoder = (bytes, start, end, kind, column) => {
  const days = Number(integer(bytes, start, end, kind, column))
  if (days < firstDay) return '"-infinity"'
  if (days > lastDay) return '"infinity"'
  const { year, month, day, era } = civilDate(days)
  return `"${year}-${month}-${day}${era}"`
}

export const encodeTimeText: Encoder = (bytes, start, end, kind, column) => {
  const microseconds = Number(integer(bytes, start, end, kind, column))
  if (microseconds < 0 || microseconds > microsecondsOfDay) throw unexpectedValue(column, 'the microseconds of a day')
  return `"${clock(Math.floor(microseconds / 1_000_000), microseconds % 1_000_000)}"`
}

export const encodeTimestampText: Encoder = (bytes, start, end, kind, column) => {
  const microseconds = integer(bytes, start, end, kind, column)
  if (microseconds === infinity) return '"infinity"'
  if (microseconds === minusInfinity) return '"-infinity"'
  if (microseconds < firstMicrosecond) throw unrepresentableValue(column, 'a timestamp that overflowed in Debezium')
  const seconds = (microseconds - (((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n
  return `"${timestamp({ seconds: Number(seconds), microseconds: Number(microseconds - seconds * 1_000_000n) }, '')}"`
}

/** ISO 8601 in UTC to microseconds since 1970. */
export const encodeTimestamptz: Encoder = (bytes, start, end, kind, column) => {
  const instant = instantOf(bytes, start, end, kind, column)
  if (typeof instant === 'string') throw unrepresentableValue(column, instant)
  const { seconds, microseconds } = instant
  // 2^63 microseconds are 9,223,372,036,854.775808 seconds.
  if (seconds >= 9_223_372_036_854) throw unrepresentableValue(column, 'a timestamp after the year 294246')
  if (seconds === 0) return String(microseconds)
  if (seconds > 0) return `${seconds}${sixDigits(microseconds)}`
  if (microseconds === 0) return `${seconds}000000`
  // Seconds are rounded down: -1 s and 999,999 µs are -1 µs.
  const whole = -seconds - 1
  const rest = 1_000_000 - microseconds
  return whole === 0 ? `-${rest}` : `-${whole}${sixDigits(rest)}`
}

export const encodeTimestamptzText: Encoder = (bytes, start, end, kind, column) => {
  const instant = instantOf(bytes, start, end, kind, column)
  return typeof instant === 'string' ? `"${instant}"` : `"${timestamp(instant, '+00')}"`
}

/** `11:14:15.5Z`, of which PostgreSQL prints `11:14:15.5+00`. */
export const encodeTimetzText: Encoder = (bytes, start, end, kind, column) => {
  const match =
    kind === valueKind.string ? /^(\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?Z$/.exec(bytes.toString('latin1', start + 1, end - 1)) : null
  const fraction = match?.[3]?.replace(/0+$/, '') ?? ''
  if (!match || fraction.length > 6) {
    refusePlaceholder(bytes, start, end, kind, column)
    throw unexpectedValue(column, 'a time of day in UTC')
  }
  return `"${match[1]}${match[2] ?? ':00'}${fraction && `.${fraction}`}+00"`
}

function instantOf(bytes: Buffer, start: number, end: number, kind: number, column: string): Instant | 'infinity' | '-infinity' {
  if (kind === valueKind.string) {
    const instant = parseInstant(bytes, start + 1, end - 1)
    if (instant) return instant
    const text = bytes.toString('latin1', start + 1, end - 1)
    if (text === 'infinity' || text === '-infinity') return text
  }
  refusePlaceholder(bytes, start, end, kind, column)
  throw unexpectedValue(column, 'a date and time in UTC')
}

function integer(bytes: Buffer, start: number, end: number, kind: number, column: string): bigint {
  if (kind !== valueKind.integer) throw unexpectedValue(column, 'an integer')
  return BigInt(bytes.toString('latin1', start, end))
}

function timestamp({ seconds, microseconds }: Instant, zone: string): string {
  const days = Math.floor(seconds / 86_400)
  const { year, month, day, era } = civilDate(days)
  return `${year}-${month}-${day} ${clock(seconds - days * 86_400, microseconds)}${zone}${era}`
}

/** `04:05:06.789`: as many decimals as are not zero. */
export function clock(seconds: number, microseconds: number): string {
  const fraction = microseconds === 0 ? '' : `.${sixDigits(microseconds).replace(/0+$/, '')}`
  const minutes = Math.floor(seconds / 60)
  return `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}:${twoDigits(seconds % 60)}${fraction}`
}

const sixDigits = (n: number) => String(n).padStart(6, '0')
const twoDigits = (n: number) => (n < 10 ? `0${n}` : String(n))
