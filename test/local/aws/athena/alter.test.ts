import { parseAlteration } from '../../../../local/aws/athena/alter.ts'

test.each([
  [
    'ALTER TABLE `orders` ADD COLUMNS (`a` bigint, `b` decimal(12,2), `c` array<string>, d timestamp)',
    {
      table: 'orders',
      change: {
        add: [
          { name: 'a', type: 'long' },
          { name: 'b', type: 'decimal(12,2)' },
          { name: 'c', type: 'list<string>' },
          { name: 'd', type: 'timestamp' },
        ],
      },
    },
  ],
  ['ALTER TABLE orders CHANGE COLUMN `n` `n` decimal(14,2)', { table: 'orders', change: { widen: 'n', to: 'decimal(14,2)' } }],
])('%s', (sql, expected) => expect(parseAlteration(sql)).toEqual(expected))

test.each([
  ['ALTER TABLE `orders` ADD COLUMNS (`a` timestamptz)', 'Unsupported data type for an Iceberg table: timestamptz'],
  ['ALTER TABLE `orders` ADD COLUMNS (`a` uuid)', 'Unsupported data type'],
  ['ALTER TABLE `orders` ADD COLUMNS (`a`)', 'a column is a name and a type'],
  ['ALTER TABLE "s3tablescatalog/b"."ns"."orders" ADD COLUMNS (a int)', 'ParseException'],
  ['ALTER TABLE `orders` DROP COLUMN a', 'ParseException'],
  ['ALTER TABLE `orders` CHANGE COLUMN `a` `b` int', 'renames no columns'],
])('refused: %s', (sql, says) => expect(() => parseAlteration(sql)).toThrow(says))
