import {
  blobValue,
  DuckDBDecimalValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  DuckDBUUIDValue,
  type DuckDBValue,
  dateValue,
  listValue,
} from '@duckdb/node-api'
import type { IcebergTypeTree, PrimitiveName } from '../../iceberg/iceberg-type.ts'
import { binaryFromText } from './binary-text.ts'
import { type ExactJson, JsonNumber, parseExactJson } from './exact-json.ts'
import { daysOfDate, microsOfTime, microsOfTimestamp } from './temporal-text.ts'

/** The value has no accepted form for the type. */
export const refused: unique symbol = Symbol('refused')
/** A JSON value that is not null, made a value of DuckDB, or {@link refused}. */
export type Conversion = (value: ExactJson) => DuckDBValue | typeof refused

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
/** DuckDB reads these two as infinity, so a column could not give them back. */
const infinities = new Set([int64.max, -int64.max])

/**
 * How JSON becomes a value of an Iceberg type: the forms that Firehose documents for it and no other.
 * https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-destination-supp.html
 */
export function conversion(type: IcebergTypeTree): Conversion {
  if (type.kind === 'decimal') return decimalOf(type.precision, type.scale)
  if (type.kind === 'fixed') return (value) => binaryOf(value, type.length)
  if (type.kind === 'list') return listOf(type)
  if (type.kind === 'map') return mapOf(type)
  if (type.kind === 'struct') return structOf(type)
  return primitives[type.kind]
}

const primitives: Readonly<Record<PrimitiveName, Conversion>> = {
  boolean: booleanOf,
  int: (value) => integerWithin(value, -(2 ** 31), 2 ** 31 - 1),
  long: longOf,
  float: (value) => floatOf(value, Math.fround),
  double: (value) => floatOf(value, Number),
  date: dateOf,
  time: timeOf,
  timestamp: timestampOf((micros) => new DuckDBTimestampValue(micros)),
  timestamptz: timestampOf((micros) => new DuckDBTimestampTZValue(micros)),
  uuid: uuidOf,
  binary: (value) => binaryOf(value),
  string: (value) => (typeof value === 'string' ? value : refused),
}

/** The conversion of a value that may be null. */
export function nullable(convert: Conversion, required: boolean): (value: ExactJson) => DuckDBValue | typeof refused {
  return (value) => (value === null ? (required ? refused : null) : convert(value))
}

function booleanOf(value: ExactJson): boolean | typeof refused {
  if (value === true || value === 'true' || value === 1) return true
  if (value === false || value === 'false' || value === 0) return false
  return refused
}

/** The text of a number or of a numeric string. */
function numericText(value: ExactJson): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof JsonNumber ? value.text : undefined
}

const integerText = /^-?\d{1,20}$/

function integerOf(value: ExactJson): bigint | typeof refused {
  if (typeof value === 'number') return BigInt(value)
  const text = numericText(value)
  return text !== undefined && integerText.test(text) ? BigInt(text) : refused
}

function integerWithin(value: ExactJson, min: number, max: number): number | typeof refused {
  const integer = typeof value === 'number' ? value : integerOf(value)
  return integer === refused || integer < min || integer > max ? refused : Number(integer)
}

function longOf(value: ExactJson): bigint | typeof refused {
  const integer = integerOf(value)
  return integer === refused || integer < int64.min || integer > int64.max ? refused : integer
}

const numberText = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** A number that the type can only hold as infinity is refused; `rounded` is the type's rounding. */
function floatOf(value: ExactJson, rounded: (value: number) => number): number | typeof refused {
  if (typeof value === 'number') return value
  const text = numericText(value)
  if (text === undefined || !numberText.test(text)) return refused
  const float = Number(text)
  return Number.isFinite(rounded(float)) ? float : refused
}

const decimalText = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/

/** Digits beyond the column's scale are refused unless they are zeros: rounding would store another value without a word. */
function decimalOf(precision: number, scale: number): Conversion {
  const limit = 10n ** BigInt(precision)
  return (value) => {
    const parts = decimalText.exec(typeof value === 'number' ? String(value) : (numericText(value) ?? ''))
    if (!parts) return refused
    const [, sign, whole, fraction = '', exponent = '0'] = parts
    const digits = `${whole}${fraction}`
    const shift = scale - fraction.length + Number(exponent)
    const kept = shift < 0 ? digits.slice(0, shift) || '0' : digits
    if (shift < 0 && !/^0*$/.test(digits.slice(shift))) return refused
    if (kept.replace(/^0+/, '').length + Math.max(0, shift) > precision && !/^0*$/.test(kept)) return refused
    const unscaled = BigInt(kept) * (shift > 0 ? 10n ** BigInt(Math.min(shift, precision)) : 1n)
    if (unscaled >= limit) return refused
    return new DuckDBDecimalValue(sign === '-' ? -unscaled : unscaled, precision, scale)
  }
}

function dateOf(value: ExactJson): DuckDBValue | typeof refused {
  const days = typeof value === 'string' ? daysOfDate(value) : integerWithin(value, -(2 ** 31) + 2, 2 ** 31 - 2)
  return days === undefined || days === refused ? refused : dateValue(days)
}

function timeOf(value: ExactJson): DuckDBValue | typeof refused {
  const micros = typeof value === 'string' ? microsOfTime(value) : integerOf(value)
  return micros === undefined || micros === refused || micros < 0n || micros >= 86_400_000_000n ? refused : new DuckDBTimeValue(micros)
}

function timestampOf(make: (micros: bigint) => DuckDBValue): Conversion {
  return (value) => {
    const micros = typeof value === 'string' ? microsOfTimestamp(value) : longOf(value)
    return micros === undefined || micros === refused || infinities.has(micros) || micros === int64.min ? refused : make(micros)
  }
}

const uuidText = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function uuidOf(value: ExactJson): DuckDBValue | typeof refused {
  if (typeof value !== 'string' || !uuidText.test(value)) return refused
  return DuckDBUUIDValue.fromUint128(BigInt(`0x${value.replaceAll('-', '')}`))
}

function binaryOf(value: ExactJson, length?: number): DuckDBValue | typeof refused {
  const bytes = typeof value === 'string' ? binaryFromText(value) : undefined
  return bytes === undefined || (length !== undefined && bytes.length !== length) ? refused : blobValue(bytes)
}

/** A list or a map also comes as a string that holds its JSON. */
function nested(value: ExactJson): ExactJson | undefined {
  if (typeof value !== 'string') return value
  try {
    return parseExactJson(value)
  } catch {
    return undefined
  }
}

function listOf(type: IcebergTypeTree & { kind: 'list' }): Conversion {
  const element = nullable(conversion(type.element), type.elementRequired)
  return (value) => {
    const items = nested(value)
    if (!isArray(items)) return refused
    const converted: DuckDBValue[] = []
    for (const item of items) {
      const one = element(item)
      if (one === refused) return refused
      converted.push(one)
    }
    return listValue(converted)
  }
}

function mapOf(type: IcebergTypeTree & { kind: 'map' }): Conversion {
  const keyOf = conversion(type.key)
  const valueOf = nullable(conversion(type.value), type.valueRequired)
  return (value) => {
    const object = nested(value)
    if (!isObject(object)) return refused
    const entries: { key: DuckDBValue; value: DuckDBValue }[] = []
    for (const [key, item] of Object.entries(object)) {
      const convertedKey = keyOf(key)
      const converted = valueOf(item)
      if (convertedKey === refused || converted === refused) return refused
      entries.push({ key: convertedKey, value: converted })
    }
    return new DuckDBMapValue(entries)
  }
}

function structOf(type: IcebergTypeTree & { kind: 'struct' }): Conversion {
  const fields = type.fields.map(({ name, required, type: fieldType }) => ({ name, convert: nullable(conversion(fieldType), required) }))
  return (value) => {
    if (!isObject(value)) return refused
    const entries: Record<string, DuckDBValue> = {}
    for (const { name, convert } of fields) {
      const item = Object.hasOwn(value, name) ? value[name] : undefined
      const converted = item === undefined ? refused : convert(item)
      if (converted === refused) return refused
      entries[name] = converted
    }
    return new DuckDBStructValue(entries)
  }
}

function isArray(value: ExactJson | undefined): value is readonly ExactJson[] {
  return Array.isArray(value)
}

export function isObject(value: ExactJson | undefined): value is { readonly [key: string]: ExactJson } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)
}
