import * as fc from 'fast-check'
import { type ExactJson, JsonNumber, parseExactJson } from '../../../../local/delivery/rows/exact-json.ts'

/** JSON text with every number as it stands in the parsed value: the same text again, if nothing was lost. */
function print(value: ExactJson): string {
  if (value instanceof JsonNumber) return value.text
  if (Array.isArray(value)) return `[${value.map(print).join(',')}]`
  if (value !== null && typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}:${print(item)}`)
      .join(',')}}`
  }
  return JSON.stringify(value)
}

const numberText = fc.oneof(
  fc.bigInt().map(String),
  fc
    .tuple(fc.bigInt(), fc.nat(), fc.integer({ min: -400, max: 400 }))
    .map(([whole, fraction, exponent]) => `${whole}.${fraction}e${exponent}`),
  fc.tuple(fc.bigInt(), fc.nat()).map(([whole, fraction]) => `${whole}.${fraction}`),
)
const text = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    numberText,
    fc.string({ unit: 'binary' }).map((one) => JSON.stringify(one)),
    fc.constantFrom('true', 'false', 'null', '"1e5"', '":1.5"', '"\\"n12"'),
    fc.array(tie('value')).map((items) => `[${items.join(',')}]`),
    fc.dictionary(fc.string(), tie('value')).map(
      (object) =>
        `{${Object.entries(object)
          .map(([key, item]) => `${JSON.stringify(key)}:${item}`)
          .join(',')}}`,
    ),
  ),
})).value

describe('exact JSON', () => {
  it('loses no digit of any number at any depth', () => {
    fc.assert(
      fc.property(text, (json) => {
        expect(print(parseExactJson(json))).toBe(json)
      }),
      { numRuns: 500 },
    )
  })

  it('keeps as JavaScript numbers only integers that they hold exactly', () => {
    expect(parseExactJson('{"a":9007199254740992,"b":9007199254740993,"c":1.0,"d":1E2,"e":-7}')).toEqual({
      a: new JsonNumber('9007199254740992'),
      b: new JsonNumber('9007199254740993'),
      c: new JsonNumber('1.0'),
      d: new JsonNumber('1E2'),
      e: -7,
    })
    expect(parseExactJson('{"micros":1700000000000000}')).toEqual({ micros: 1_700_000_000_000_000 })
  })

  it.each(['9007199254740993', '-9007199254740993', '12345678901234567', '0.1', '1e3'])(
    'keeps %s as its text, also where it is the only such number',
    (number) => {
      expect(parseExactJson(`{"a":${number}}`)).toEqual({ a: new JsonNumber(number) })
    },
  )

  it('has a key named __proto__ as a key', () => {
    expect(Object.entries(parseExactJson('{"__proto__":1.5}') ?? {})).toEqual([['__proto__', new JsonNumber('1.5')]])
  })

  it.each(['', '{', '{"a":01}', '{"a":NaN}', '{"a":1}{"b":2}', "{'a':1}", '{"a":1,}', '[1 2]'])('refuses %j', (json) => {
    expect(() => parseExactJson(json)).toThrow(SyntaxError)
  })
})
