import { assert, constantFrom, property, string } from 'fast-check'
import { identifierName, splitStatements, tokenize, withLowerCaseNames } from '../../../local/query/tokens.ts'

const kindsOf = (sql: string) =>
  tokenize(sql)
    .filter(({ kind }) => kind !== 'space')
    .map(({ kind, text }) => `${kind} ${text}`)

test('the tokens are the whole text, whatever it is', () => {
  assert(
    property(string({ unit: constantFrom("'", '"', '-', '/', '*', '\n', ';', 'a', '1', '.', '😀', ' ') }), (sql) => {
      expect(
        tokenize(sql)
          .map(({ text }) => text)
          .join(''),
      ).toBe(sql)
    }),
  )
})

test('strings, quoted names and comments are one token each', () => {
  expect(kindsOf(`SELECT 'it''s; -- no' /* ; */ , "a""b" -- '`)).toEqual([
    'word SELECT',
    "string 'it''s; -- no'",
    'symbol ,',
    'quoted "a""b"',
  ])
})

test('names are folded to lower case, in quotes too', () => {
  expect(tokenize('"Orders$Snapshots"').map(identifierName)).toEqual(['orders$snapshots'])
})

test('known names are put into lower case as identifiers, and nowhere else', () => {
  expect(withLowerCaseNames(`SELECT 'Orders', ORDERS.A FROM "Ns"."Orders" -- Orders`, new Set(['orders', 'ns']))).toBe(
    `SELECT 'Orders', orders.A FROM "ns"."orders" -- Orders`,
  )
})

test('statements end at semicolons that are neither in strings, names nor comments', () => {
  expect(splitStatements(`SELECT ';' ; SELECT ";" /* ; */ ;; -- ;\n SELECT 3`)).toEqual({
    statements: [`SELECT ';' `, ` SELECT ";" /* ; */ `],
    rest: ' -- ;\n SELECT 3',
  })
})
