import { columnDifferences, ddlType, evolvedTables, isWidening } from '../../pipeline/column-changes.ts'
import { parseTables } from '../../pipeline/tables.ts'

const orders = (...columns: object[]) => {
  const [table] = parseTables({
    tables: [{ schema: 'public', name: 'Orders', columns: [{ name: 'id', type: 'int' }, ...columns], primaryKey: ['id'] }],
  })
  if (!table) throw new Error('no table')
  return table
}
const id = { name: 'id', type: 'int' }

test.each([
  ['int', 'long', true],
  ['float', 'double', true],
  ['decimal(10,2)', 'decimal(12,2)', true],
  ['long', 'int', false],
  ['int', 'int', false],
  ['int', 'decimal(12,0)', false],
  ['decimal(10,2)', 'decimal(12,3)', false],
  ['decimal(12,2)', 'decimal(10,2)', false],
  ['date', 'timestamp', false],
  ['int', 'string', false],
])('%s to %s: %s', (from, to, expected) => expect(isWidening(from, to)).toBe(expected))

test.each([
  ['long', 'bigint'],
  ['decimal(12,2)', 'decimal(12,2)'],
  ['list<long>', 'array<bigint>'],
  ['timestamp', 'timestamp'],
  ['timestamptz', undefined],
  ['uuid', undefined],
  ['time', undefined],
  ['list<timestamptz>', undefined],
])('%s is %s in DDL', (type, expected) => expect(ddlType(type)).toBe(expected))

test('a table as it was created is not looked at, nor what came and went, nor one that is not captured', () => {
  const late = { name: 'late', type: 'text', added: true }
  const plain = orders({ name: 'note', type: 'text', dropped: true }, { ...late, name: 'gone', dropped: true })
  expect(evolvedTables([plain, { ...orders(late), capture: false }])).toEqual([])
  expect(evolvedTables([orders(late)])).toHaveLength(1)
  expect(evolvedTables([orders({ name: 'n', type: 'bigint', iceberg: { createdAs: 'int' } })])).toHaveLength(1)
})

test('missing columns are added in one statement, narrow ones are widened', () => {
  const table = orders(
    { name: 'total', type: 'numeric(14,2)', iceberg: { createdAs: 'decimal(12,2)' } },
    { name: 'Late', type: 'bigint', added: true },
    { name: 'tags', type: 'text[]', added: true },
    { name: 'there', type: 'text', added: true },
    { name: 'wide', type: 'bigint', added: true },
  )
  const current = [id, { name: 'total', type: 'decimal(12,2)' }, { name: 'there', type: 'string' }, { name: 'wide', type: 'int' }]
  expect(columnDifferences(table, current)).toEqual({
    impossible: [],
    changes: [
      {
        done: 'added public.Orders.Late (long), public.Orders.tags (list<string>)',
        iceberg: 'orders',
        sql: 'ALTER TABLE `orders` ADD COLUMNS (`late` bigint, `tags` array<string>)',
      },
      {
        done: 'widened public.Orders.total from decimal(12,2) to decimal(14,2)',
        iceberg: 'orders',
        sql: 'ALTER TABLE `orders` CHANGE COLUMN `total` `total` decimal(14,2)',
      },
      {
        done: 'widened public.Orders.wide from int to bigint',
        iceberg: 'orders',
        sql: 'ALTER TABLE `orders` CHANGE COLUMN `wide` `wide` bigint',
      },
    ],
  })
})

test('what is as declared needs nothing, whoever made it', () => {
  const table = orders(
    { name: 'n', type: 'bigint', iceberg: { createdAs: 'int' } },
    { name: 'late', type: 'text', added: true },
    { name: 'at', type: 'timestamptz', added: true },
  )
  const current = [id, { name: 'n', type: 'bigint' }, { name: 'late', type: 'string' }, { name: 'at', type: 'timestamp' }]
  expect(columnDifferences(table, current)).toEqual({ changes: [], impossible: [] })
})

test.each<[string, object, { name: string; type: string }[], RegExp]>([
  [
    'a type that Athena does not add',
    { name: 'at', type: 'timestamptz', added: true },
    [],
    /^public\.Orders\.at: Athena cannot add a column of the type timestamptz to orders: set its iceberg\.type to "string"; or .* \(Spark\).*another iceberg\.name/,
  ],
  [
    'a column of another type',
    { name: 'late', type: 'text', added: true },
    [{ name: 'late', type: 'int' }],
    /^public\.Orders\.late: the Iceberg column orders\.late is int, which cannot become string: declare the table under another iceberg\.name/,
  ],
  [
    'a column that is wider than declared',
    { name: 'late', type: 'int', added: true },
    [{ name: 'late', type: 'bigint' }],
    /late is bigint, which cannot become int/,
  ],
  [
    'a column of the creation that is not there',
    { name: 'n', type: 'bigint', iceberg: { createdAs: 'int' } },
    [],
    /^public\.Orders\.n: the Iceberg table orders has no column n, though it was created with it/,
  ],
])('impossible: %s', (_what, column, more, says) => {
  const { changes, impossible } = columnDifferences(orders(column), [id, ...more])
  expect(changes).toEqual([])
  expect(impossible).toHaveLength(1)
  expect(impossible[0]).toMatch(says)
})
