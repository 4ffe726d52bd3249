import { PipelineError } from '../../../pipeline/errors.ts'
import { byteClass, isFourDigits, isFourPlain, isHexDigit, plainClass } from './bytes.ts'

/**
 * Passes over JSON text in bytes without decoding it, checking all of RFC 8259's grammar, as `JSON.parse` does. The text is followed by a
 * byte 0, which no JSON text contains outside of a fault, so that no step looks for the end. Each function takes a position and returns the
 * position after what it passed; further results are in variables of the module, which keeps the scanner free of allocations.
 *
 * @throws PipelineError `InvalidJson` with the position, never the text.
 */

/** What a JSON value is. `escaped` is a string with a backslash in it. */
export const valueKind = { null: 0, true: 1, false: 2, integer: 3, number: 4, string: 5, escaped: 6, object: 7, array: 8 } as const

const {
  null: NULL,
  true: TRUE,
  false: FALSE,
  integer: INTEGER,
  number: NUMBER,
  string: STRING,
  escaped: ESCAPED,
  object: OBJECT,
  array: ARRAY,
} = valueKind

/** The {@link valueKind} of the value that {@link valueEnd} passed last. */
export let lastKind = 0

/** All bytes of all strings since {@link startScan}, or-ed: over 127 when one of them is not ASCII. */
export let seenBits = 0

/** For each open container its first character. */
let nesting = new Uint8Array(64)

/** Shows the text that is scanned, for reading four bytes at once. */
let view: DataView = new DataView(new ArrayBuffer(0))

/** Begins a text in the bytes that `text` shows; at least four more follow the byte 0 behind it. */
export function startScan(text: DataView): void {
  view = text
  seenBits = 0
}

/** Passes the value at `i`. */
export function valueEnd(b: Buffer, i: number): number {
  const c = b[i]!
  if (c === 34) {
    const end = stringEnd(b, i + 1)
    if (end < 0) {
      lastKind = ESCAPED
      return ~end + 1
    }
    lastKind = STRING
    return end + 1
  }
  if (c <= 57) return numberEnd(b, i)
  if (c === 123 || c === 91) {
    const end = containerEnd(b, i)
    lastKind = c === 123 ? OBJECT : ARRAY
    return end
  }
  return literalEnd(b, i, c)
}

function literalEnd(b: Buffer, i: number, c: number): number {
  if (c === 110 && b[i + 1] === 117 && b[i + 2] === 108 && b[i + 3] === 108) {
    lastKind = NULL
    return i + 4
  }
  if (c === 116 && b[i + 1] === 114 && b[i + 2] === 117 && b[i + 3] === 101) {
    lastKind = TRUE
    return i + 4
  }
  if (c === 102 && b[i + 1] === 97 && b[i + 2] === 108 && b[i + 3] === 115 && b[i + 4] === 101) {
    lastKind = FALSE
    return i + 5
  }
  throw invalidJson(i, 'a value')
}

function numberEnd(b: Buffer, at: number): number {
  let i = at
  let kind: number = INTEGER
  if (b[i] === 45) i++
  if (b[i] === 48) i++
  else i = digitsEnd(b, i)
  if (b[i] === 46) {
    kind = NUMBER
    i = digitsEnd(b, i + 1)
  }
  if ((b[i]! | 32) === 101) {
    kind = NUMBER
    i++
    if (b[i] === 43 || b[i] === 45) i++
    i = digitsEnd(b, i)
  }
  lastKind = kind
  return i
}

/** Passes one digit or more. */
export function digitsEnd(b: Buffer, at: number): number {
  let i = at
  while (isFourDigits(view.getInt32(i, true))) i += 4
  for (let c = b[i]!; c >= 48 && c <= 57; ) c = b[++i]!
  if (i === at) throw invalidJson(i, 'a value')
  return i
}

/** Position of the quote that ends the string whose content starts at `at`; negated (`~`) when there is a backslash in it. */
export function stringEnd(b: Buffer, at: number): number {
  let i = at
  while (isFourPlain(view.getInt32(i, true))) i += 4
  while (byteClass[b[i]!]! >= plainClass) i++
  if (b[i] === 34) return i
  if (b[i]! > 127) {
    seenBits |= 128
    while (byteClass[b[i]!] !== 0) i++
    if (b[i] === 34) return i
  }
  return escapedStringEnd(b, i)
}

function escapedStringEnd(b: Buffer, at: number): number {
  let bits = 0
  for (let i = at; ; i++) {
    const c = b[i]!
    if (c === 34) {
      seenBits |= bits
      return ~i
    }
    if (c < 32) throw invalidJson(i, 'a character of a string')
    bits |= c
    if (c === 92) {
      const e = b[++i]!
      if (e === 117) {
        for (let k = 0; k < 4; k++) if (!isHexDigit(b[++i]!)) throw invalidJson(i, 'a hexadecimal digit')
      } else if (e !== 34 && e !== 92 && e !== 47 && e !== 98 && e !== 102 && e !== 110 && e !== 114 && e !== 116) {
        throw invalidJson(i, 'a character that can be escaped')
      }
    }
  }
}

/** Passes an object or array of any depth without recursion: a record may be all brackets. */
function containerEnd(b: Buffer, at: number): number {
  let i = at
  let depth = 0
  for (;;) {
    const c = b[i]!
    if (c === 123 || c === 91) {
      if (depth === nesting.length) nesting = Buffer.concat([nesting, nesting])
      nesting[depth++] = c
      i = skipSpace(b, i + 1)
      // "}" and "]" are two above "{" and "[".
      if (b[i] !== c + 2) {
        if (c === 123) i = memberValueStart(b, i)
        continue
      }
      i++
      depth--
    } else i = valueEnd(b, i)
    for (;;) {
      if (depth === 0) return i
      i = skipSpace(b, i)
      const open = nesting[depth - 1]!
      if (b[i] === 44) {
        i = skipSpace(b, i + 1)
        if (open === 123) i = memberValueStart(b, i)
        break
      }
      if (b[i] !== open + 2) throw invalidJson(i, open === 123 ? '"," or "}"' : '"," or "]"')
      i++
      depth--
    }
  }
}

function memberValueStart(b: Buffer, i: number): number {
  const keyEnd = keyEndAt(b, i)
  return valueStart(b, (keyEnd < 0 ? ~keyEnd : keyEnd) + 1)
}

/** Passes the key at `i` up to the quote that ends it; negated (`~`) when there is a backslash in it. */
export function keyEndAt(b: Buffer, i: number): number {
  if (b[i] !== 34) throw invalidJson(i, 'a key in quotes')
  return stringEnd(b, i + 1)
}

/** From after a key's quote to its value. */
export function valueStart(b: Buffer, at: number): number {
  const i = skipSpace(b, at)
  if (b[i] !== 58) throw invalidJson(i, '":"')
  return skipSpace(b, i + 1)
}

export function skipSpace(b: Buffer, at: number): number {
  let i = at
  for (let c = b[i]!; c === 32 || c === 10 || c === 13 || c === 9; ) c = b[++i]!
  return i
}

export interface ElementSpan {
  readonly start: number
  readonly end: number
  readonly kind: number
}

/** Where the elements of the array at `at` lie, in bytes that were passed before. */
export function elementSpans(b: Buffer, at: number): ElementSpan[] {
  const spans: ElementSpan[] = []
  let i = skipSpace(b, at + 1)
  while (b[i] !== 93) {
    const end = valueEnd(b, i)
    spans.push({ start: i, end, kind: lastKind })
    i = skipSpace(b, end)
    if (b[i] === 44) i = skipSpace(b, i + 1)
  }
  return spans
}

/** The text of the string whose content is `b[start…end)`. */
export function decodeString(b: Buffer, start: number, end: number): string {
  return String(JSON.parse(b.toString('utf8', start - 1, end + 1)))
}

export function invalidJson(at: number, expected: string): PipelineError {
  return new PipelineError('InvalidJson', `the value is not JSON: byte ${at} is not ${expected}`)
}
