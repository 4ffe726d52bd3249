import { isSame } from './bytes.ts'
import {
  decodeString,
  invalidJson,
  keyEndAt,
  lastKind,
  seenBits,
  skipSpace,
  startScan,
  valueEnd,
  valueKind,
  valueStart,
} from './json-scan.ts'

/**
 * Cuts a change event into spans. One pass checks the whole text and notes where the members of the envelope, of `before`, `after` and
 * `source` lie; no value is decoded.
 *
 *     envelope = "{" [ member *( "," member ) ] "}"          ; any order, the last of equal keys counts, any keys besides
 *     member   = "before" : null | row, "after" : null | row, "source" : object, "op" : string of one letter
 *     row      = "{" [ column *( "," column ) ] "}"          ; column = name : any JSON value
 */

/** The members of one JSON object, as positions in the bytes. */
export class Members {
  /** -1: there was no such key. Otherwise a {@link valueKind}; only an object has members. */
  kind = -1
  start = 0
  end = 0
  count = 0
  /** Five numbers a member: start and end of the key (without quotes; `~end` for a key with a backslash in it), start and end of the value, the value's kind. */
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
  /** The envelope itself; its kind is that of the whole text. */
  readonly top = new Members()
  readonly before = new Members()
  readonly after = new Members()
  readonly source = new Members()
  /** Character code of the operation's letter; 0: there was no `op`; -1: it is not a string of one letter. */
  op = 0
  /** False: all bytes are ASCII, hence valid UTF-8. */
  hasNonAscii = false
}

/**
 * Scans `bytes[0…length)`; `bytes[length]` is 0 and four more bytes follow. `view` shows the same bytes.
 * @throws PipelineError `InvalidJson`
 */
export function scanEnvelope(bytes: Buffer, view: DataView, length: number, envelope: Envelope): void {
  startScan(view)
  const { top, before, after, source } = envelope
  before.reset()
  after.reset()
  source.reset()
  envelope.op = 0
  let i = scanMembers(bytes, skipSpace(bytes, 0), top, envelope)
  i = skipSpace(bytes, i)
  if (i !== length) throw invalidJson(i, 'the end')
  envelope.hasNonAscii = seenBits > 127
}

/** Notes the members of the value at `at` if it is an object. `envelope`: it is the envelope itself. Returns the position after the value. */
function scanMembers(b: Buffer, at: number, members: Members, envelope?: Envelope): number {
  members.count = 0
  members.start = at
  if (b[at] !== 123) {
    members.end = valueEnd(b, at)
    members.kind = lastKind
    return members.end
  }
  members.kind = valueKind.object
  let i = skipSpace(b, at + 1)
  let n = 0
  while (b[i] !== 125 || n > 0) {
    if (n === members.spans.length) members.grow()
    const spans = members.spans
    const keyEnd = keyEndAt(b, i)
    spans[n] = i + 1
    spans[n + 1] = keyEnd
    i = valueStart(b, (keyEnd < 0 ? ~keyEnd : keyEnd) + 1)
    spans[n + 2] = i
    const name = envelope ? partName(b, spans[n]!, keyEnd) : ''
    const part = envelope && (name === 'before' || name === 'after' || name === 'source') ? envelope[name] : undefined
    i = part ? scanMembers(b, i, part) : valueEnd(b, i)
    spans[n + 3] = i
    spans[n + 4] = part ? part.kind : lastKind
    if (envelope && name === 'op') envelope.op = letterAt(b, spans[n + 2]!, i)
    n += 5
    i = skipSpace(b, i)
    if (b[i] === 125) break
    if (b[i] !== 44) throw invalidJson(i, '"," or "}"')
    i = skipSpace(b, i + 1)
  }
  members.count = n / 5
  members.end = i + 1
  return i + 1
}

const parts = ['before', 'after', 'source', 'op'].map((name) => ({ name, bytes: Buffer.from(name) }))

function partName(b: Buffer, start: number, keyEnd: number): string {
  if (keyEnd < 0) return decodeString(b, start, ~keyEnd)
  for (const { name, bytes } of parts) if (isSame(b, start, keyEnd, bytes)) return name
  return ''
}

/** The one character of the string that was passed last. */
function letterAt(b: Buffer, start: number, end: number): number {
  if (lastKind === valueKind.string) return end - start === 3 ? b[start + 1]! : -1
  if (lastKind !== valueKind.escaped) return -1
  const text = decodeString(b, start + 1, end - 1)
  return text.length === 1 ? text.charCodeAt(0) : -1
}

/** Whether the key of the member at `spans[n]` is this text. */
export function isKey(b: Buffer, { spans }: Members, n: number, key: Buffer): boolean {
  const start = spans[n]!
  const end = spans[n + 1]!
  return end < 0 ? decodeString(b, start, ~end) === key.toString() : isSame(b, start, end, key)
}

/** The text of the last member with this key, or undefined where there is none or it is no string. */
export function memberText(b: Buffer, members: Members, key: Buffer): string | undefined {
  const { spans } = members
  for (let n = 5 * (members.count - 1); n >= 0; n -= 5) {
    if (!isKey(b, members, n, key)) continue
    const kind = spans[n + 4]
    if (kind === valueKind.string) return b.toString('utf8', spans[n + 2]! + 1, spans[n + 3]! - 1)
    return kind === valueKind.escaped ? decodeString(b, spans[n + 2]! + 1, spans[n + 3]! - 1) : undefined
  }
  return undefined
}
