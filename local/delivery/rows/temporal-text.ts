const dateText = /^(\d{4})-(\d\d)-(\d\d)$/
const timeText = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/
const timestampText = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?$/

const microsPerDay = 86_400_000_000n

/** Days since 1970-01-01 of `YYYY-MM-DD`; undefined where there is no such day. */
export function daysOfDate(text: string): number | undefined {
  const parts = dateText.exec(text)
  if (!parts) return undefined
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() / 86_400_000 : undefined
}

/** Microseconds of the day of `HH:mm:ss` with an optional fraction; undefined for a time that does not exist or is finer than a microsecond. */
export function microsOfTime(text: string): bigint | undefined {
  const parts = timeText.exec(text)
  if (!parts) return undefined
  const [hours, minutes, seconds] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  const fraction = (parts[4] ?? '').padEnd(9, '0')
  if (hours > 23 || minutes > 59 || seconds > 59 || !fraction.endsWith('000')) return undefined
  return BigInt(((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + Number(fraction.slice(0, 6)))
}

/** Microseconds since 1970 of an ISO date and time; one without an offset is taken as UTC. */
export function microsOfTimestamp(text: string): bigint | undefined {
  const parts = timestampText.exec(text)
  if (!parts) return undefined
  const [, date = '', time = '', zone = 'Z'] = parts
  const days = daysOfDate(date)
  const micros = microsOfTime(time.length === 5 ? `${time}:00` : time)
  const offset = offsetMicros(zone)
  if (days === undefined || micros === undefined || offset === undefined) return undefined
  return BigInt(days) * microsPerDay + micros - offset
}

function offsetMicros(zone: string): bigint | undefined {
  if (zone === 'Z') return 0n
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))]
  // Java's ZoneOffset, which Firehose uses, ends at 18 hours.
  if (hours * 60 + minutes > 18 * 60 || minutes > 59) return undefined
  return BigInt(hours * 60 + minutes) * 60_000_000n * (zone.startsWith('-') ? -1n : 1n)
}
