import { type ExactJson, JsonNumber, parseExactJson } from '../../../local/delivery/rows/exact-json.ts'

/**
 * What PostgreSQL would print for a value of a row as the transform delivers it, by its Iceberg type. Written apart from the transform:
 * it goes the other way, and by other means.
 */
export function postgresText(value: ExactJson, icebergType: string, postgresType: string): string | null {
  if (value === null) return null
  const element = /^list<(.*)>$/.exec(icebergType)?.[1]
  if (element !== undefined) {
    if (!Array.isArray(value)) throw new Error('no array')
    return arrayText(value.map((one: ExactJson) => postgresText(one, element, postgresType.replace(/\[\]$/, ''))))
  }
  if (typeof value === 'object' && !(value instanceof JsonNumber)) throw new Error('no plain value')
  const text = value instanceof JsonNumber ? value.text : String(value)
  if (postgresType === 'money') return dollars(text)
  switch (icebergType) {
    case 'boolean':
      return postgresType.startsWith('bit') ? (value === true ? '1' : '0') : value === true ? 't' : 'f'
    case 'date':
      return dateText(BigInt(text))
    case 'time':
      return timeText(BigInt(text))
    case 'timestamp':
      return timestampText(BigInt(text), '')
    case 'timestamptz':
      return timestampText(BigInt(text), '+00')
    case 'binary':
      return `\\x${Buffer.from(text, 'base64').toString('hex')}`
    default:
      return text
  }
}

/** A row's members, no digit lost. */
export function rowOf(json: string): Readonly<Record<string, ExactJson>> {
  const row = parseExactJson(json)
  if (typeof row !== 'object' || row === null || Array.isArray(row) || row instanceof JsonNumber) throw new Error('the row is no object')
  return Object.fromEntries(Object.entries(row))
}

/** PostgreSQL's array literal of one dimension. */
function arrayText(elements: readonly (string | null)[]): string {
  const quoted = elements.map((element) => {
    if (element === null) return 'NULL'
    return element === '' || /[{}",\\\s]/.test(element) || /^null$/i.test(element) ? `"${element.replace(/["\\]/g, '\\$&')}"` : element
  })
  return `{${quoted.join(',')}}`
}

function dollars(text: string): string {
  const [whole = '', cents = ''] = text.replace('-', '').split('.')
  return `${text.startsWith('-') ? '-' : ''}$${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${cents}`
}

const dayMs = 86_400_000n
/** The calendar repeats itself after so many days, which are 400 years. */
const cycleDays = 146_097n

function dateText(days: bigint): string {
  // JavaScript's dates reach 271,821 years: others are moved by whole cycles.
  const cycles = days / cycleDays
  const date = new Date(Number((days - cycles * cycleDays) * dayMs))
  const year = BigInt(date.getUTCFullYear()) + cycles * 400n
  const monthAndDay = date.toISOString().slice(-19, -14)
  return year > 0n ? `${String(year).padStart(4, '0')}-${monthAndDay}` : `${String(1n - year).padStart(4, '0')}-${monthAndDay} BC`
}

function timeText(microseconds: bigint): string {
  const clock = new Date(Number(microseconds / 1000n)).toISOString().slice(11, 19)
  const fraction = String(microseconds % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '')
  return fraction === '' ? clock : `${clock}.${fraction}`
}

function timestampText(microseconds: bigint, zone: string): string {
  const microsecondsOfDay = 86_400_000_000n
  let days = microseconds / microsecondsOfDay
  if (days * microsecondsOfDay > microseconds) days--
  const [date = '', era] = dateText(days).split(' ')
  return `${date} ${timeText(microseconds - days * microsecondsOfDay)}${zone}${era ? ` ${era}` : ''}`
}
