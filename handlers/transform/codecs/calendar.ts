/** The proleptic Gregorian calendar, in small integers. https://howardhinnant.github.io/date_algorithms.html */

/** `seconds` since 1970, rounded down, and the `microseconds` (0…999999) after it. */
export interface Instant {
  readonly seconds: number
  readonly microseconds: number
}

/** Days since 1970-01-01 of a date; `year` is astronomical (0 is 1 BC). */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The date of a day since 1970-01-01, as PostgreSQL prints it: four digits of year or more, and an era for years before 1. */
export function civilDate(days: number): { year: string; month: string; day: string; era: '' | ' BC' } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return { year: pad(year > 0 ? year : 1 - year, 4), month: pad(month, 2), day: pad(day, 2), era: year > 0 ? '' : ' BC' }
}

/**
 * An instant from ISO 8601 in UTC, as Java prints it, or undefined:
 *
 *     instant = [ "+" | "-" ] 4*9DIGIT "-" 2DIGIT "-" 2DIGIT "T" 2DIGIT ":" 2DIGIT [ ":" 2DIGIT [ "." 1*9DIGIT ] ] "Z"
 */
export function parseInstant(b: Buffer, start: number, end: number): Instant | undefined {
  let i = start
  const sign = b[i]
  if (sign === 43 || sign === 45) i++
  let year = 0
  const yearStart = i
  for (let c = b[i]!; c >= 48 && c <= 57; c = b[i]!) {
    year = year * 10 + c - 48
    i++
  }
  if (i - yearStart < 4 || i - yearStart > 9) return undefined
  if (b[i] !== 45 || b[i + 3] !== 45 || b[i + 6] !== 84 || b[i + 9] !== 58) return undefined
  const month = twoDigitsAt(b, i + 1)
  const day = twoDigitsAt(b, i + 4)
  const hour = twoDigitsAt(b, i + 7)
  const minute = twoDigitsAt(b, i + 10)
  i += 12
  let second = 0
  let microseconds = 0
  if (b[i] === 58) {
    second = twoDigitsAt(b, i + 1)
    i += 3
    if (b[i] === 46) {
      let scale = 100_000
      const fractionStart = ++i
      for (let c = b[i]!; c >= 48 && c <= 57; c = b[++i]!) {
        if (scale >= 1) microseconds += (c - 48) * scale
        // A digit beyond the microsecond would be lost.
        else if (c !== 48) return undefined
        scale = scale > 1 ? scale / 10 : 0
      }
      if (i === fractionStart || i > fractionStart + 9) return undefined
    }
  }
  if (b[i] !== 90 || i + 1 !== end) return undefined
  const astronomical = sign === 45 ? -year : year
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysOfMonth(astronomical, month))) return undefined
  if (!(hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59)) return undefined
  return { seconds: daysOf(astronomical, month, day) * 86_400 + hour * 3600 + minute * 60 + second, microseconds }
}

const pad = (n: number, width: number) => String(n).padStart(width, '0')

/** Two digits as a number, or NaN. */
function twoDigitsAt(b: Buffer, i: number): number {
  const tens = b[i]! - 48
  const ones = b[i + 1]! - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
