import { Buffer } from 'node:buffer'
import { positional, textOf } from '../../pipeline/source-query.ts'
import { atomically, createPublicationStatements } from '../../pipeline/source-sql.ts'

test('parameters are numbered in their order, the same name by the same number', () => {
  expect(positional('SELECT :b::text, :a::int, :b::text', { a: 1, b: 2 })).toEqual({
    text: 'SELECT $1::text, $2::int, $1::text',
    names: ['b', 'a'],
  })
})

test.each([["':a'"], ["'it''s :a'"], ['":a"'], ['"x"":a"'], ['$$ :a $$'], ['$cdc$ DO :a $$ :a $cdc$'], ['a::text']])(
  'in %s there is no parameter',
  (sql) => {
    expect(positional(`SELECT ${sql}`, {})).toEqual({ text: `SELECT ${sql}`, names: [] })
  },
)

test('a parameter that is not given is an error, also by the name of what every object has', () => {
  expect(() => positional('SELECT :constructor', {})).toThrow('the parameter :constructor is not given')
})

test('a column that is null or not selected is an error', () => {
  expect(textOf({ a: '' }, 'a')).toBe('')
  for (const row of [{ a: null }, {}]) expect(() => textOf(row, 'a')).toThrow('the query answered no a')
})

test('statements made one are quoted by what none of them contains', () => {
  expect(atomically(['SELECT 1', 'SELECT 2'])).toBe(
    "DO $cdc$ BEGIN\n  PERFORM set_config('lock_timeout', '10s', true);\n  SELECT 1;\n  SELECT 2;\nEND $cdc$",
  )
  expect(atomically(['ALTER TABLE "$cdc$" …'])).toMatch(/^DO \$cdc_\$ BEGIN[\s\S]*END \$cdc_\$$/)
})

test('a publication of 400 tables with the longest names fits the 64 KiB of a statement of the Data API', () => {
  const tables = Array.from({ length: 402 }, (_, index) => ({ schema: 's'.repeat(63), name: `${index}`.padStart(63, 't') }))
  expect(Buffer.byteLength(atomically(createPublicationStatements(tables)))).toBeLessThan(65_536)
})
