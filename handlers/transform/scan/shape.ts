import { byteClass, digitClass, isDigit, isFourDigits, isFourPlain, plainClass } from './bytes.ts'
import { type Envelope, isKey, type Members } from './envelope.ts'
import { digitsEnd, lastKind, seenBits, startScan, valueEnd, valueKind } from './json-scan.ts'

/** What fills a gap: a value, the operation's letter, or digits inside a string. From 0 on: the value of that member of the row image. */
const gapKind = { value: -1, letter: -2, digits: -3 } as const

/**
 * What the change events of one table and operation have in common: all the bytes between their values (keys, punctuation, and the strings
 * of `source`, which name the connector and the table). A shape is learned from an event that was scanned whole. An event with the same
 * stretches of bytes in the same order and a JSON value in each gap is well-formed too, and has its parts in the same places; comparing
 * eight bytes at a time costs a fraction of scanning them.
 *
 *     event = stretch *( value stretch )
 */
export class Shape {
  /** Length in bytes of each stretch. */
  readonly #lengths: Int32Array
  /**
   * The stretches in words of eight bytes, read as doubles (JavaScript has no other number of eight bytes to compare without allocating):
   * equal doubles are equal bytes, as no word is zero, and a NaN equals nothing. The last word of each stretch overlaps the one before, so as
   * to end with the stretch. Of a stretch of less than eight bytes: the bytes.
   */
  readonly #words: Float64Array
  /** Of each gap its member of the row image, or one of {@link gapKind}. */
  readonly #memberOf: Int32Array
  /** Of each member of the row image how far its key starts before its value, and how long the key is. */
  readonly #keyBack: Int32Array
  readonly #keyLength: Int32Array
  /** How far the image starts before its first value, and ends after its last. */
  readonly #startBack: number
  readonly #endAhead: number
  readonly #hasNonAscii: boolean
  /** Character code of the operation of the event that was compared last. */
  op = 0

  /** Learns from `bytes[0…length)`, which lie in `envelope` as it was scanned; `image` is the row image that matters. */
  static learn(bytes: Buffer, length: number, envelope: Envelope, image: Members): Shape | undefined {
    const gaps = gapsOf(bytes, envelope, image)
    const ends = [0, ...gaps.map(({ end }) => end)]
    const starts = [...gaps.map(({ start }) => start), length]
    const stretches = starts.map((start, index) => bytes.subarray(ends[index], start))
    return image.count === 0 ? undefined : new Shape(stretches, gaps, image, envelope.hasNonAscii)
  }

  private constructor(stretches: readonly Buffer[], gaps: readonly Gap[], image: Members, hasNonAscii: boolean) {
    this.#lengths = Int32Array.from(stretches, (stretch) => stretch.length)
    this.#words = Float64Array.from(stretches.flatMap(wordsOf))
    this.#memberOf = Int32Array.from(gaps, ({ member }) => member)
    const { spans, count } = image
    const members = Array.from({ length: count }, (_, k) => 5 * k)
    this.#keyBack = Int32Array.from(members, (n) => spans[n + 2]! - spans[n]!)
    // Negative for a key with a backslash, as in the spans.
    this.#keyLength = Int32Array.from(members, (n) => (spans[n + 1]! < 0 ? ~(~spans[n + 1]! - spans[n]!) : spans[n + 1]! - spans[n]!))
    this.#startBack = spans[2]! - image.start
    this.#endAhead = image.end - spans[5 * (count - 1) + 3]!
    this.#hasNonAscii = hasNonAscii
  }

  /**
   * Whether the event in `bytes[0…length)` has this shape; then the members of its row image are in `image`. False says nothing about it.
   * `view` shows the same bytes; `bytes[length]` is 0, and four more bytes follow. The operation's letter is then in `op`.
   * @throws PipelineError `InvalidJson`
   */
  matches(bytes: Buffer, view: DataView, length: number, image: Members): boolean {
    const lengths = this.#lengths
    const words = this.#words
    const memberOf = this.#memberOf
    const last = lengths.length - 1
    while (image.spans.length < 5 * this.#keyBack.length) image.grow()
    const spans = image.spans
    let at = 0
    let word = 0
    startScan(view)
    for (let s = 0; ; s++) {
      const end = at + lengths[s]!
      if (end > length) return false
      if (end - at < 8) for (; at < end; at++) if (bytes[at] !== words[word++]) return false
      for (; at + 8 <= end; at += 8) if (view.getFloat64(at, true) !== words[word++]) return false
      if (at < end) {
        if (view.getFloat64(end - 8, true) !== words[word++]) return false
        at = end
      }
      if (s === last) break
      const start = at
      const member = memberOf[s]!
      if (member === gapKind.letter) {
        this.op = bytes[at++]!
        if (this.op < 97 || this.op > 122) return false
        continue
      }
      if (member === gapKind.digits) {
        if (!isDigit(bytes[at]!)) return false
        at = digitsEnd(bytes, at)
        continue
      }
      // The three commonest values are passed here, where no call is needed; any other by the scanner.
      const c = bytes[at]!
      let kind = -1
      if (c >= 49 && c <= 57) {
        at++
        while (isFourDigits(view.getInt32(at, true))) at += 4
        while (byteClass[bytes[at]!] === digitClass) at++
        if (bytes[at] === 44 || bytes[at] === 125) kind = valueKind.integer
      } else if (c === 34) {
        at++
        while (isFourPlain(view.getInt32(at, true))) at += 4
        while (byteClass[bytes[at]!]! >= plainClass) at++
        if (bytes[at++] === 34) kind = valueKind.string
      } else if (c === 110 && view.getInt32(at, true) === nullWord) {
        at += 4
        kind = valueKind.null
      } else if (c <= 32) return false
      if (kind === -1) {
        at = valueEnd(bytes, start)
        kind = lastKind
      }
      if (member < 0) continue
      const n = 5 * member
      const keyStart = start - this.#keyBack[member]!
      const keyLength = this.#keyLength[member]!
      spans[n] = keyStart
      spans[n + 1] = keyLength < 0 ? ~(keyStart + ~keyLength) : keyStart + keyLength
      spans[n + 2] = start
      spans[n + 3] = at
      spans[n + 4] = kind
    }
    if (at !== length) return false
    image.kind = valueKind.object
    image.count = this.#keyBack.length
    image.start = spans[2]! - this.#startBack
    image.end = spans[5 * (image.count - 1) + 3]! + this.#endAhead
    return true
  }

  /** Whether the event that matched last holds bytes that are not ASCII. */
  get hasNonAscii(): boolean {
    return this.#hasNonAscii || seenBits > 127
  }
}

/** `null` as a little-endian word. */
const nullWord = 0x6c6c756e

interface Gap {
  readonly start: number
  readonly end: number
  readonly member: number
}

/** What differs from event to event, in the order of the bytes: rows, the numbers of `source` and of the envelope, LSNs, the operation. */
function gapsOf(bytes: Buffer, { top, before, after, source }: Envelope, image: Members): Gap[] {
  const gaps: Gap[] = []
  const add = (start: number, end: number, member: number) => gaps.push({ start, end, member })
  for (const members of [before, after, source, top]) {
    const { spans } = members
    for (let n = 0; n < 5 * members.count; n += 5) {
      const start = spans[n + 2]!
      const end = spans[n + 3]!
      const kind = spans[n + 4]!
      if (members === before || members === after) add(start, end, members === image ? n / 5 : gapKind.value)
      else if (kind === valueKind.integer || kind === valueKind.number) add(start, end, gapKind.value)
      else if (members === source && isKey(bytes, source, n, sequenceKey))
        digitRuns(bytes, start, end).forEach((run) => add(run.start, run.end, gapKind.digits))
      else if (members === top && kind === valueKind.string && isKey(bytes, top, n, opKey) && end - start === 3)
        add(start + 1, start + 2, gapKind.letter)
    }
  }
  return gaps.sort((a, b) => a.start - b.start)
}

/** LSNs in a string. */
const sequenceKey = Buffer.from('sequence')
const opKey = Buffer.from('op')

function digitRuns(bytes: Buffer, start: number, end: number): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = []
  // The digits of a \u escape are not to vary.
  if (bytes.subarray(start, end).includes('\\u')) return runs
  for (let i = start; i < end; i++) {
    if (!isDigit(bytes[i]!)) continue
    const runEnd = digitsEnd(bytes, i)
    runs.push({ start: i, end: runEnd })
    i = runEnd
  }
  return runs
}

function wordsOf(stretch: Buffer): number[] {
  if (stretch.length < 8) return [...stretch]
  const words: number[] = []
  let at = 0
  for (; at + 8 <= stretch.length; at += 8) words.push(stretch.readDoubleLE(at))
  if (at < stretch.length) words.push(stretch.readDoubleLE(stretch.length - 8))
  return words
}
