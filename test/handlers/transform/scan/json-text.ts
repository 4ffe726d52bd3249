import fc from 'fast-check'

/** JSON texts as any printer might write them: white space, escapes of every kind, raw UTF-8, numbers of every form, equal keys. */

const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n  ')

const character = fc.oneof(
  { weight: 8, arbitrary: fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }).map((text) => JSON.stringify(text).slice(1, -1)) },
  fc.constantFrom(
    '\\"',
    '\\\\',
    '\\/',
    '\\b',
    '\\f',
    '\\n',
    '\\r',
    '\\t',
    '\\u0061',
    '\\uD83D\\uDE00',
    '\\ud800',
    '\\u0000',
    'ä',
    '漢',
    '😀',
    '"'.replace('"', "'"),
    '{',
    '}',
    '[',
    ',',
    ':',
  ),
)

export const stringText = fc.array(character, { maxLength: 12 }).map((characters) => `"${characters.join('')}"`)

const digits = fc.string({ unit: fc.constantFrom('0', '1', '2', '5', '9'), minLength: 1, maxLength: 25 })
export const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      fc.constant('0'),
      digits.map((text) => `7${text}`),
    ),
    fc.option(digits),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'E-'), digits)),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : exponent.join('')}`,
  )

const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false'),
    numberText,
    stringText,
    fc
      .tuple(space, fc.array(fc.tuple(space, tie('value'), space), { maxLength: 4 }))
      .map(([inside, elements]) => `[${elements.length === 0 ? inside : elements.map((parts) => parts.join('')).join(',')}]`),
    fc
      .tuple(space, fc.array(fc.tuple(space, stringText, space, space, tie('value'), space), { maxLength: 4 }))
      .map(
        ([inside, members]) =>
          `{${members.length === 0 ? inside : members.map(([a, key, b, c, one, d]) => `${a}${key}${b}:${c}${one}${d}`).join(',')}}`,
      ),
  ),
}))

/** Any JSON text. */
export const jsonText = fc.tuple(space, value, space).map((parts) => parts.join(''))
/** Any JSON value, without white space around it. */
export const valueText = value
