import { PipelineError } from '../../pipeline/errors.ts'

/**
 * A scanner of change events that cuts spans out of the bytes. One pass checks the whole text (RFC 8259, as `JSON.parse` does) and notes
 * where the members of `before`, `after` and `source` lie; no value is decoded.
 *
 *     envelope = "{" [ member *( "," member ) ] "}"          ; any order, the last of equal keys counts, any keys besides
 *     member   = "before" : null | row, "after" : null | row, "source" : object, "op" : string of one letter
 *     row      = "{" [ column *( "," column ) ] "}"          ; column = name : any JSON value
 */

/** What a JSON value is. `escaped` is a string with a backslash in it. */
export const valueKind = { null: 0, true: 1, false: 2, integer: 3, number: 4, string: 5, escaped: 6, object: 7, array: 8 } as const

/** The members of one JSON object, as positions in the bytes. A key with a backslash in it has `keyEnd` negated (`~keyEnd`). */
export class Members {
  /** -1: there was no such key. Otherwise a {@link valueKind}; only an object has members. */
  kind = -1
  start = 0
  end = 0
  count = 0
  /** Five numbers a member: start and end of the key (without quotes), start and end of the value, the value's kind. */
  spans = new Int32Array(5 * 32)

  reset(): void {
    this.kind = -1
    this.count = 0
  }

  grow(): void {
    const larger = new Int32Array(this.spans.length * 2)
    larger.set(this.spans)
    this.spans = larger
  }
}

/** Where the parts of a change event lie in the bytes. One object serves record after record. */
export class Envelope {
  readonly before = new Members()
  readonly after = new Members()
  readonly source = new Members()
  /** Character code of the operation's letter; 0: there was no `op`; -1: it is not a string of one letter. */
  op = 0
  /** False: the text is JSON, but no object. */
  isObject = false
  /** How many members are `ts_ms`, `ts_us` or `ts_ns`: a heartbeat has nothing else. */
  timestamps = 0
  /** How many members are none of those named here. */
  others = 0
  /** False: all bytes are ASCII, hence valid UTF-8. */
  hasNonAscii = false
}

/** Of the value that was passed last. Results in module variables keep the scanner free of allocations. */
let kind = 0
/** All bytes of all strings so far, or-ed: over 127 when one of them is not ASCII. */
let seen = 0
/** For each open container: 1 object, 0 array. */
let nesting = new Uint8Array(64)

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

/**
 * Scans `bytes[0…length)`. `bytes` must be longer than `length`: the byte after the text is set to 0, which no JSON text contains, so that
 * the scanner need not look for the end at every step.
 * @throws PipelineError `InvalidJson` with the position, never the text.
 */
export function scanEnvelope(bytes: Buffer, length: number, envelope: Envelope): void {
  bytes[length] = 0
  seen = 0
  envelope.before.reset()
  envelope.after.reset()
  envelope.source.reset()
  envelope.op = 0
  envelope.timestamps = 0
  envelope.others = 0
  let i = skipSpace(bytes, 0)
  envelope.isObject = bytes[i] === 123
  i = skipSpace(bytes, envelope.isObject ? scanTopLevel(bytes, i, envelope) : valueEnd(bytes, i))
  if (i !== length) throw invalid(i, 'the end')
  envelope.hasNonAscii = seen > 127
}

function scanTopLevel(b: Buffer, at: number, envelope: Envelope): number {
  let i = skipSpace(b, at + 1)
  if (b[i] === 125) return i + 1
  for (;;) {
    const keyStart = i + 1
    const keyEnd = keyEndAt(b, i)
    i = valueStart(b, (keyEnd < 0 ? ~keyEnd : keyEnd) + 1)
    switch (topLevelKey(b, keyStart, keyEnd)) {
      case 'before':
        i = scanMembers(b, i, envelope.before)
        break
      case 'after':
        i = scanMembers(b, i, envelope.after)
        break
      case 'source':
        i = scanMembers(b, i, envelope.source)
        break
      case 'op': {
        const start = i
        i = valueEnd(b, i)
        envelope.op = kind === STRING && i - start === 3 ? b[start + 1]! : kind === ESCAPED ? letter(b, start, i) : -1
        break
      }
      case 'ts_ms':
      case 'ts_us':
      case 'ts_ns':
        envelope.timestamps++
        i = valueEnd(b, i)
        break
      default:
        envelope.others++
        i = valueEnd(b, i)
    }
    i = skipSpace(b, i)
    if (b[i] === 125) return i + 1
    if (b[i] !== 44) throw invalid(i, '"," or "}"')
    i = skipSpace(b, i + 1)
  }
}

/** Notes the members of the value at `i` if it is an object. Returns the position after the value. */
function scanMembers(b: Buffer, at: number, members: Members): number {
  members.count = 0
  members.start = at
  if (b[at] !== 123) {
    members.end = valueEnd(b, at)
    members.kind = kind
    return members.end
  }
  members.kind = OBJECT
  let i = at + 1
  if (b[i]! <= 32) i = skipSpace(b, i)
  if (b[i] === 125) return (members.end = i + 1)
  let spans = members.spans
  let n = 0
  for (;;) {
    if (n === spans.length) {
      members.grow()
      spans = members.spans
    }
    const keyEnd = keyEndAt(b, i)
    spans[n] = i + 1
    spans[n + 1] = keyEnd
    i = (keyEnd < 0 ? ~keyEnd : keyEnd) + 1
    if (b[i] === 58 && b[i + 1]! > 32) i++
    else i = valueStart(b, i)
    spans[n + 2] = i
    i = valueEnd(b, i)
    spans[n + 3] = i
    spans[n + 4] = kind
    n += 5
    let c = b[i]!
    if (c <= 32) {
      i = skipSpace(b, i)
      c = b[i]!
    }
    if (c === 125) break
    if (c !== 44) throw invalid(i, '"," or "}"')
    i++
    if (b[i]! <= 32) i = skipSpace(b, i)
  }
  members.count = n / 5
  return (members.end = i + 1)
}

/** `i` is at the key's quote. */
function keyEndAt(b: Buffer, i: number): number {
  if (b[i] !== 34) throw invalid(i, 'a key in quotes')
  return stringEnd(b, i + 1)
}

/** From after a key's quote to its value. */
function valueStart(b: Buffer, at: number): number {
  const i = skipSpace(b, at)
  if (b[i] !== 58) throw invalid(i, '":"')
  return skipSpace(b, i + 1)
}

function skipSpace(b: Buffer, at: number): number {
  let i = at
  for (let c = b[i]!; c === 32 || c === 10 || c === 13 || c === 9; ) c = b[++i]!
  return i
}

/** Position after the value at `i`; its kind is left in `kind`. */
function valueEnd(b: Buffer, i: number): number {
  const c = b[i]!
  if (c === 34) {
    const end = stringEnd(b, i + 1)
    if (end < 0) {
      kind = ESCAPED
      return ~end + 1
    }
    kind = STRING
    return end + 1
  }
  if (c === 123 || c === 91) {
    const end = containerEnd(b, i)
    kind = c === 123 ? OBJECT : ARRAY
    return end
  }
  return scalarEnd(b, i, c)
}

function scalarEnd(b: Buffer, i: number, c: number): number {
  if (c === 110 && b[i + 1] === 117 && b[i + 2] === 108 && b[i + 3] === 108) {
    kind = NULL
    return i + 4
  }
  if (c === 116 && b[i + 1] === 114 && b[i + 2] === 117 && b[i + 3] === 101) {
    kind = TRUE
    return i + 4
  }
  if (c === 102 && b[i + 1] === 97 && b[i + 2] === 108 && b[i + 3] === 115 && b[i + 4] === 101) {
    kind = FALSE
    return i + 5
  }
  return numberEnd(b, i)
}

function numberEnd(b: Buffer, at: number): number {
  let i = at
  kind = INTEGER
  if (b[i] === 45) i++
  if (b[i] === 48) i++
  else i = digitsEnd(b, i)
  if (b[i] === 46) {
    kind = NUMBER
    i = digitsEnd(b, i + 1)
  }
  if (b[i] === 101 || b[i] === 69) {
    kind = NUMBER
    i++
    if (b[i] === 43 || b[i] === 45) i++
    i = digitsEnd(b, i)
  }
  return i
}

function digitsEnd(b: Buffer, at: number): number {
  let i = at
  for (let c = b[i]!; c >= 48 && c <= 57; ) c = b[++i]!
  if (i === at) throw invalid(i, 'a value')
  return i
}

/** Position of the quote that ends the string whose content starts at `at`; negated (`~`) when there is a backslash in it. */
function stringEnd(b: Buffer, at: number): number {
  let bits = 0
  for (let i = at; ; i++) {
    const c = b[i]!
    if (c === 34) {
      seen |= bits
      return i
    }
    if (c === 92 || c < 32) {
      seen |= bits
      return escapedStringEnd(b, i)
    }
    bits |= c
  }
}

function escapedStringEnd(b: Buffer, at: number): number {
  let bits = 0
  for (let i = at; ; i++) {
    const c = b[i]!
    if (c === 34) {
      seen |= bits
      return ~i
    }
    if (c < 32) throw invalid(i, 'a character of a string')
    bits |= c
    if (c === 92) {
      const e = b[++i]!
      if (e === 117) {
        for (let k = 0; k < 4; k++) if (!isHexDigit(b[++i]!)) throw invalid(i, 'a hexadecimal digit')
      } else if (e !== 34 && e !== 92 && e !== 47 && e !== 98 && e !== 102 && e !== 110 && e !== 114 && e !== 116) {
        throw invalid(i, 'a character that can be escaped')
      }
    }
  }
}

function isHexDigit(c: number): boolean {
  return (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 102)
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
      // "}" and "]" are two above "{" and "[".
      if (b[i] !== open + 2) throw invalid(i, open === 123 ? '"," or "}"' : '"," or "]"')
      i++
      depth--
    }
  }
}

/** Where the elements of the array at `at` lie, in bytes that {@link scanEnvelope} has passed. */
export function elementSpans(b: Buffer, at: number): { start: number; end: number; kind: number }[] {
  const spans: { start: number; end: number; kind: number }[] = []
  let i = skipSpace(b, at + 1)
  while (b[i] !== 93) {
    const end = valueEnd(b, i)
    spans.push({ start: i, end, kind })
    i = skipSpace(b, end)
    if (b[i] === 44) i = skipSpace(b, i + 1)
  }
  return spans
}

function memberValueStart(b: Buffer, i: number): number {
  const keyEnd = keyEndAt(b, i)
  return valueStart(b, (keyEnd < 0 ? ~keyEnd : keyEnd) + 1)
}

function invalid(at: number, expected: string): PipelineError {
  return new PipelineError('InvalidJson', `the value is not JSON: byte ${at} is not ${expected}`)
}

function topLevelKey(b: Buffer, start: number, keyEnd: number): string {
  const end = keyEnd < 0 ? ~keyEnd : keyEnd
  if (keyEnd < 0) return decodeKey(b, start, end)
  for (const key of topLevelKeys) if (isSame(b, start, end, key.bytes)) return key.name
  return ''
}

const topLevelKeys = ['before', 'after', 'source', 'op', 'ts_ms', 'ts_us', 'ts_ns'].map((name) => ({ name, bytes: Buffer.from(name) }))

/** Whether `b[start…end)` are these bytes. */
export function isSame(b: Buffer, start: number, end: number, bytes: Uint8Array): boolean {
  const length = bytes.length
  if (end - start !== length) return false
  for (let k = 0; k < length; k++) if (b[start + k] !== bytes[k]) return false
  return true
}

/** A key with escapes in it, as the text that it stands for. */
export function decodeKey(b: Buffer, start: number, end: number): string {
  return JSON.parse(b.toString('utf8', start - 1, end + 1)) as string
}

function letter(b: Buffer, start: number, end: number): number {
  const text = JSON.parse(b.toString('utf8', start, end)) as string
  return text.length === 1 ? text.charCodeAt(0) : -1
}
