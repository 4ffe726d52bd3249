import { valueKind } from '../scan/json-scan.ts'
import { type Encoder, unexpectedValue, unrepresentableValue } from './encoder.ts'
import { refusePlaceholder } from './unavailable.ts'

/** Numbers are compared and cut as digits: none of them becomes a JavaScript number on its way to Iceberg. */

const { integer: INTEGER, number: NUMBER, string: STRING } = valueKind

/** An integer within `least…most`, copied. Up to `safeDigits` bytes it is within in any case. */
export function integerEncoder(least: bigint, most: bigint, safeDigits: number, name: string): Encoder {
  return (bytes, start, end, kind, column) => {
    if (kind !== INTEGER) {
      refusePlaceholder(bytes, start, end, kind, column)
      throw unexpectedValue(column, name)
    }
    if (end - start > safeDigits) {
      const value = BigInt(bytes.toString('latin1', start, end))
      if (value < least || value > most) throw unrepresentableValue(column, `a number beyond ${name}`)
    }
    return undefined
  }
}

export const encodeInt = integerEncoder(-(2n ** 31n), 2n ** 31n - 1n, 9, 'an integer of 32 bits')
export const encodeLong = integerEncoder(-(2n ** 63n), 2n ** 63n - 1n, 18, 'an integer of 64 bits')

/** A JSON number, copied. Firehose documents no form for what is not finite, which Debezium sends as strings. */
export const encodeFloat: Encoder = (bytes, start, end, kind, column) => {
  if (kind === NUMBER || kind === INTEGER) return undefined
  if (kind === STRING) {
    const text = bytes.toString('latin1', start + 1, end - 1)
    if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') throw unrepresentableValue(column, text)
  }
  refusePlaceholder(bytes, start, end, kind, column)
  throw unexpectedValue(column, 'a number')
}

/**
 * A floating-point number as PostgreSQL prints it: the fewest digits that tell it from its neighbours (Java may print more), with an
 * exponent below 1e-4 and from 1e+`largest` on. A double is a JavaScript number, so none is lost here.
 */
export function floatTextEncoder(isReal: boolean): Encoder {
  const largest = isReal ? 6 : 15
  return (bytes, start, end, kind, column) => {
    if (kind === STRING) {
      const text = bytes.toString('latin1', start + 1, end - 1)
      if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return undefined
    }
    if (kind !== NUMBER && kind !== INTEGER) throw unexpectedValue(column, 'a number')
    const value = Number(bytes.toString('latin1', start, end))
    if (value === 0) return bytes[start] === 45 ? '"-0"' : '"0"'
    const [digits = '', exponentText] = shortestReal(value, isReal).split('e')
    const exponent = Number(exponentText)
    if (exponent < -4 || exponent >= largest) {
      const size = String(Math.abs(exponent)).padStart(2, '0')
      return `"${digits}e${exponent < 0 ? '-' : '+'}${size}"`
    }
    return `"${plainNumber(digits.replace('-', '').replace('.', ''), exponent, digits.startsWith('-'))}"`
  }
}

function shortestReal(value: number, isReal: boolean): string {
  if (!isReal) return value.toExponential()
  const real = Math.fround(value)
  let precision = 0
  while (precision < 9 && Math.fround(Number(real.toExponential(precision))) !== real) precision++
  return real.toExponential(precision)
}

/** `digits` with the point after `exponent + 1` of them. */
function plainNumber(digits: string, exponent: number, isNegative: boolean): string {
  const whole = exponent < 0 ? '0' : digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const fraction = exponent < 0 ? '0'.repeat(-exponent - 1) + digits : digits.slice(exponent + 1)
  return `${isNegative ? '-' : ''}${whole}${fraction && `.${fraction}`}`
}

/** Decimal digits in a string; copied when they fit `decimal(precision,scale)`, without the zeros that are too many at the end. */
export function decimalEncoder(precision: number, scale: number): Encoder {
  return (bytes, start, end, kind, column) => {
    if (kind !== STRING) throw unexpectedValue(column, 'a decimal number in a string')
    let i = start + 1
    const last = end - 1
    if (bytes[i] === 45) i++
    while (bytes[i] === 48 && bytes[i + 1] !== 46 && i + 1 < last) i++
    const first = i
    i = skipDigits(bytes, i)
    if (i === first) throw notDecimal(bytes, start, end, column)
    const whole = bytes[first] === 48 ? 0 : i - first
    let places = 0
    if (i < last && bytes[i] === 46) {
      const point = i
      i = skipDigits(bytes, i + 1)
      places = i - point - 1
      if (places === 0) throw notDecimal(bytes, start, end, column)
    }
    if (i !== last) throw notDecimal(bytes, start, end, column)
    if (whole > precision - scale) throw unrepresentableValue(column, `a number of more than ${precision - scale} digits before the point`)
    if (places <= scale) return undefined
    while (places > scale && bytes[i - 1] === 48) {
      i--
      places--
    }
    if (places > scale) throw unrepresentableValue(column, `a number of more than ${scale} digits after the point`)
    return `"${bytes.toString('latin1', start + 1, scale === 0 ? i - 1 : i)}"`
  }
}

function skipDigits(bytes: Buffer, at: number): number {
  let i = at
  for (let c = bytes[i]!; c >= 48 && c <= 57; ) c = bytes[++i]!
  return i
}

function notDecimal(bytes: Buffer, start: number, end: number, column: string) {
  refusePlaceholder(bytes, start, end, STRING, column)
  const special = specialNumerics.get(bytes.toString('latin1', start + 1, end - 1))
  return special === undefined ? unexpectedValue(column, 'a decimal number in a string') : unrepresentableValue(column, special)
}

/** Debezium's words for what `numeric` has besides numbers, each with PostgreSQL's. */
const specialNumerics = new Map([
  ['NAN', 'NaN'],
  ['POSITIVE_INFINITY', 'Infinity'],
  ['NEGATIVE_INFINITY', '-Infinity'],
])

/** `numeric` as PostgreSQL prints it. With a declared `scale` there are that many places: a negative one comes with zeros behind the point. */
export function numericTextEncoder(scale: number | undefined): Encoder {
  const digits =
    scale === undefined ? /^-?\d+(\.\d+)?$/ : new RegExp(`^(-?\\d+${scale > 0 ? `\\.\\d{${scale}}` : ''})(?:${scale > 0 ? '' : '\\.'}0+)?$`)
  return (bytes, start, end, kind, column) => {
    if (kind !== STRING) throw unexpectedValue(column, 'a decimal number in a string')
    const text = bytes.toString('latin1', start + 1, end - 1)
    const special = specialNumerics.get(text)
    if (special !== undefined) return `"${special}"`
    const match = digits.exec(text)
    if (!match) {
      refusePlaceholder(bytes, start, end, kind, column)
      throw unexpectedValue(column, 'a decimal number in a string')
    }
    return scale === undefined || match[1] === text ? undefined : `"${match[1]}"`
  }
}
