import fc from 'fast-check'
import { Envelope, type Members, scanEnvelope } from '../../../../handlers/transform/scan/envelope.ts'
import { Shape } from '../../../../handlers/transform/scan/shape.ts'
import { PipelineError } from '../../../../pipeline/errors.ts'
import { jsonText, stringText, valueText } from './json-text.ts'

/** The bytes as the transform holds them: in a larger buffer, with a zero behind them and rubbish after it. */
function held(text: string | Uint8Array) {
  const content = Buffer.from(text)
  const bytes = Buffer.alloc(content.length + 64, 0x7b)
  content.copy(bytes)
  bytes[content.length] = 0
  return { bytes, length: content.length, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
}

function scanned(text: string | Uint8Array) {
  const { bytes, length, view } = held(text)
  const envelope = new Envelope()
  scanEnvelope(bytes, view, length, envelope)
  return { bytes, length, envelope }
}

/** What JSON.parse makes of the keys and values that the spans cut out; of equal keys the last. */
function cutOut(bytes: Buffer, { spans, count, kind }: Members): unknown {
  if (kind !== 7) return undefined
  const entries = Array.from({ length: count }, (_, k): [string, unknown] => {
    const [start = 0, keyEnd = 0, from = 0, to = 0] = spans.subarray(5 * k, 5 * k + 5)
    return [
      JSON.parse(bytes.toString('utf8', start - 1, (keyEnd < 0 ? ~keyEnd : keyEnd) + 1)),
      JSON.parse(bytes.toString('utf8', from, to)),
    ]
  })
  return Object.fromEntries(entries)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** What `act` gives, or undefined when it fails as InvalidJson. */
function refusedAsNoJson<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof PipelineError && error.name === 'InvalidJson') return undefined
    throw error
  }
}

const accepts = (text: string) => refusedAsNoJson(() => scanned(text)) !== undefined

test('any JSON text is accepted', () => {
  fc.assert(
    fc.property(jsonText, (text) => expect(accepts(text)).toBe(true)),
    { numRuns: 1000 },
  )
})

test('what JSON.parse refuses is refused, and nothing else', () => {
  const damaged = fc
    .tuple(jsonText, fc.nat(), fc.constantFrom('', '"', '\\', ',', '}', ']', '0', '-', '.', 'e', 'x', '\u0001', ' '))
    .map(([text, at, put]) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + put + text.slice(place + 1)
    })
  fc.assert(
    fc.property(damaged, (text) => {
      // A half of a surrogate pair becomes another character in UTF-8; both sides see the same.
      const encoded = Buffer.from(text).toString()
      expect(accepts(encoded)).toBe(isJson(encoded))
    }),
    { numRuns: 3000 },
  )
})

test.each([
  '',
  ' ',
  '01',
  '-',
  '1.',
  '.5',
  '1e',
  '+1',
  'nul',
  'truex',
  '"\t"',
  '"\\x"',
  '"\\u12g4"',
  '[1,]',
  '{"a":1,}',
  '{"a"}',
  '{a:1}',
  '[',
  ']',
  '[}',
  '{]',
  '"',
  '{"a":1}}',
  '1 2',
  '\uFEFF1',
  "'a'",
])('%j is no JSON', (text) => {
  expect(isJson(text)).toBe(false)
  expect(accepts(text)).toBe(false)
})

test('no control character stands in a string', () => {
  for (let code = 0; code < 32; code++) {
    for (const text of ['"x', '"\\n', '"ä', '{"k":"', '{"\\n']) expect(accepts(`${text}${String.fromCharCode(code)}"`)).toBe(false)
  }
  expect(accepts('"\\n\x7f"')).toBe(true)
})

test('depth costs no stack', () => {
  const depth = 200_000
  expect(accepts('['.repeat(depth) + ']'.repeat(depth))).toBe(true)
  expect(accepts('{"a":'.repeat(depth) + '1' + '}'.repeat(depth))).toBe(true)
  expect(accepts('['.repeat(depth))).toBe(false)
})

/** The code of a letter; for one that is not ASCII, that or "no letter". */
function possibleOps(op: unknown): number[] {
  if (op === undefined) return [0]
  if (typeof op !== 'string' || op.length !== 1) return [-1]
  return op < '\x80' ? [op.charCodeAt(0)] : [op.charCodeAt(0), -1]
}

const member = fc.tuple(
  fc.oneof(fc.constantFrom('"before"', '"after"', '"source"', '"op"', '"\\u0061fter"', '"ts_ms"'), stringText),
  valueText,
)
const envelopeText = fc.array(member, { maxLength: 10 }).map((members) => `{${members.map(([key, value]) => `${key}:${value}`).join(',')}}`)

test('the parts that are cut out are those that JSON.parse finds', () => {
  fc.assert(
    fc.property(envelopeText, (text) => {
      const { bytes, envelope } = scanned(text)
      const parsed: Record<string, unknown> = JSON.parse(text)
      for (const part of ['before', 'after', 'source'] as const) {
        const { kind, start, end } = envelope[part]
        const found = {
          isThere: kind !== -1,
          members: cutOut(bytes, envelope[part]),
          whole: kind === -1 ? undefined : JSON.parse(bytes.toString('utf8', start, end)),
        }
        const value = parsed[part]
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
        expect(found).toEqual({ isThere: Object.hasOwn(parsed, part), members: isObject ? value : undefined, whole: value })
      }
      expect(possibleOps(parsed.op)).toContain(envelope.op)
    }),
    { numRuns: 1000 },
  )
})

test('text is told from ASCII', () => {
  expect(scanned('{"a":"x\\u00e4"}').envelope.hasNonAscii).toBe(false)
  expect(scanned('{"a":"ä"}').envelope.hasNonAscii).toBe(true)
  expect(scanned('{"ä":1}').envelope.hasNonAscii).toBe(true)
  expect(scanned('{"a":["\\n","x",{"b":"漢\\n"}]}').envelope.hasNonAscii).toBe(true)
})

const textOf = ({ row: [a, b, c], op, lsn, before }: { row: string[]; op: string; lsn: bigint; before: string }) =>
  `{"before":${before},"after":{"a":${a},"bé":${b},"c\\n":${c}},"source":{"version":"3","snapshot":null,"sequence":"[\\"${lsn}\\",\\"${lsn + 1n}\\"]","ts_ms":${lsn},"schema":"public","table":"t"},"transaction":null,"op":"${op}","ts_ms":${lsn}}`

describe('a shape', () => {
  const row = fc.array(valueText, { minLength: 3, maxLength: 3 })
  const event = fc.record({
    row,
    op: fc.constantFrom('c', 'u', 'r'),
    lsn: fc.bigInt({ min: 1n, max: 2n ** 64n }),
    before: fc.constantFrom('null', '{"a":1}'),
  })

  test('finds in another event what a scan finds', () => {
    fc.assert(
      fc.property(event, event, (first, second) => {
        const learned = scanned(textOf(first))
        const shape = Shape.learn(learned.bytes, learned.length, learned.envelope, learned.envelope.after)
        const text = textOf(second)
        const { bytes, length, view } = held(text)
        const { after } = new Envelope()
        const matched = shape?.matches(bytes, view, length, after)
        expect(matched).toBe(first.before === second.before)
        fc.pre(matched === true)
        const whole = scanned(text).envelope
        expect([after.kind, after.start, after.end, after.count]).toEqual([7, whole.after.start, whole.after.end, whole.after.count])
        expect([...after.spans.subarray(0, 15)]).toEqual([...whole.after.spans.subarray(0, 15)])
        expect(shape?.op).toBe(second.op.charCodeAt(0))
        expect(shape?.hasNonAscii).toBe(whole.hasNonAscii)
      }),
      { numRuns: 1000 },
    )
  })

  test('accepts nothing that is not JSON', () => {
    const learned = scanned(textOf({ row: ['1', '"x"', 'null'], op: 'c', lsn: 77n, before: 'null' }))
    const shape = Shape.learn(learned.bytes, learned.length, learned.envelope, learned.envelope.after)
    const damage = fc.tuple(
      event,
      fc.nat(),
      fc.constantFrom('', '"', '\\', ',', '}', '0', '-', '.', 'x', '\u0001', ' ', '\\u', 'ä'),
      fc.nat({ max: 3 }),
    )
    fc.assert(
      fc.property(damage, ([one, at, put, removed]) => {
        const whole = textOf({ ...one, before: 'null' })
        const place = at % (whole.length + 1)
        const text = Buffer.from(whole.slice(0, place) + put + whole.slice(place + removed)).toString()
        const { bytes, length, view } = held(text)
        const matched = refusedAsNoJson(() => shape?.matches(bytes, view, length, new Envelope().after)) ?? false
        expect(matched && !isJson(text)).toBe(false)
      }),
      { numRuns: 5000 },
    )
  })

  test('does not take the digits of an escape for those of an LSN', () => {
    const text = textOf({ row: ['1', '2', '3'], op: 'c', lsn: 77n, before: 'null' }).replace('[\\"77', '[\\u0037')
    const learned = scanned(text)
    const shape = Shape.learn(learned.bytes, learned.length, learned.envelope, learned.envelope.after)
    const { bytes, length, view } = held(text.replace('0037', '7'))
    expect(accepts(text.replace('0037', '7'))).toBe(false)
    expect(shape?.matches(bytes, view, length, new Envelope().after)).toBe(false)
  })

  test('is not learned from an empty row', () => {
    const { bytes, length, envelope } = scanned('{"before":null,"after":{},"source":{"schema":"s","table":"t"},"op":"c"}')
    expect(Shape.learn(bytes, length, envelope, envelope.after)).toBeUndefined()
  })
})
