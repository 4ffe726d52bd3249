import { JsonNumber } from '../../../local/delivery/rows/exact-json.ts'
import { keyTexts } from '../../../local/repair/key-texts.ts'
import { parseTables } from '../../../pipeline/tables.ts'

function keyed(...types: string[]) {
  const columns = types.map((type, index) => ({ name: `K${index}`, type, nullable: false }))
  const [table] = parseTables({ tables: [{ schema: 'public', name: 'keys', columns, primaryKey: columns.map(({ name }) => name) }] })
  if (!table) throw new Error('no table')
  return table
}

it.each<[type: string, value: string | number | boolean | JsonNumber, texts: string[]]>([
  ['integer', -7, ['-7']],
  ['bigint', new JsonNumber('9007199254740993'), ['9007199254740993']],
  ['numeric(12,2)', '1.5', ['1.50']],
  ['numeric(12,2)', '-3', ['-3.00']],
  ['numeric(5,0)', '12', ['12']],
  ['boolean', true, ['true']],
  ['text', `o'"k\\`, [`o'"k\\`]],
  ['bytea', '3q2+7w==', ['DEADBEEF']],
  ['date', 20512, ['2026-02-28']],
  ['date', -1, ['1969-12-31']],
  ['timestamp', 1_772_282_096_123_450, ['2026-02-28 12:34:56.123450', '2026-02-28 12:34:56.12345']],
  ['timestamp', -1, ['1969-12-31 23:59:59.999999']],
  ['timestamptz', 1_772_282_096_000_000, ['2026-02-28 12:34:56.000000 UTC', '2026-02-28 12:34:56+00']],
])('a key of type %s is spelled as an engine casts it', (type, value, texts) => {
  expect(keyTexts(keyed(type), { k0: value })).toEqual(texts.map((text) => [text]))
})

it('has every spelling of every column of a key, in the order of the key', () => {
  expect(keyTexts(keyed('integer', 'timestamp', 'text'), { k0: 1, k1: 0, k2: 'a' })).toEqual([
    ['1', '1970-01-01 00:00:00.000000', 'a'],
    ['1', '1970-01-01 00:00:00', 'a'],
  ])
})

it.each<[string, string, string | number | null | undefined]>([
  ['a column that is missing', 'integer', undefined],
  ['null', 'integer', null],
  ['text for a number', 'integer', 'one'],
  ['a number for a text', 'text', 1],
  ['a fraction that the type does not have', 'numeric(12,2)', '1.555'],
  ['a year with more than four digits', 'timestamp', 300_000_000_000_000_000],
])('has no key where it would be %s', (_what, type, value) => {
  const row = value === undefined ? {} : { k0: value }
  expect(keyTexts(keyed(type), row)).toBeUndefined()
})

it('has no key where the table has none', () => {
  const [table] = parseTables({ tables: [{ schema: 'public', name: 'log', columns: [{ name: 'line', type: 'text' }], primaryKey: [] }] })
  expect(table && keyTexts(table, { line: 'x' })).toBeUndefined()
})
