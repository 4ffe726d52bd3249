import type { Relation } from '../../../local/source/catalog.ts'
import { parsePatterns } from '../../../local/source/patterns.ts'
import { selectTables } from '../../../local/source/select.ts'

const relation = (schema: string, name: string, change: Partial<Relation> = {}): Relation => ({
  oid: name,
  schema,
  name,
  kind: 'table',
  ofExtension: false,
  ...change,
})
const relations = [
  relation('public', 'orders'),
  relation('public', 'order_lines'),
  relation('public', 'Orders'),
  relation('public', 'a.b'),
  relation('public', 'spatial_ref_sys', { ofExtension: true }),
  relation('public', 'orders_v', { kind: 'view' }),
  relation('public', 'orders_p1', { kind: 'partition' }),
  relation('sales', 'orders'),
  relation('sales', 'x*y'),
]

const skipped = (patterns: string) => selectTables(relations, parsePatterns(patterns)).skipped.map(({ name }) => name)
const named = (patterns: string) => selectTables(relations, parsePatterns(patterns)).tables.map(({ schema, name }) => `${schema}.${name}`)

test.each([
  ['orders', ['public.orders']],
  ['PUBLIC.Orders', ['public.orders']],
  ['public."Orders"', ['public.Orders']],
  [' public.orders , sales.orders ', ['public.orders', 'sales.orders']],
  ['public.order*', ['public.orders', 'public.order_lines']],
  ['*.orders', ['public.orders', 'sales.orders']],
  ['public."a.b"', ['public.a.b']],
  ['sales."x*y"', ['sales.x*y']],
  ['public.*', ['public.orders', 'public.order_lines', 'public.Orders', 'public.a.b']],
  ['public.spatial_ref_sys', ['public.spatial_ref_sys']],
  ['public.orders,public.*r*s', ['public.orders', 'public.order_lines', 'public.Orders']],
])('%s', (patterns, tables) => {
  expect(named(patterns)).toEqual(tables)
})

test('what cannot be captured is skipped: views always with a reason, partitions where they are named', () => {
  expect(skipped('public.*')).toEqual(['orders_v'])
  expect(skipped('public.orders_p1')).toEqual(['orders_p1'])
})

test('every pattern that names nothing is told', () => {
  expect(() => named('public.orders,nope,x.*')).toThrow('No table of the source is named by:\n  nope\n  x.*')
})

test.each(['', 'a,', 'a.b.c', '.a', 'a.', 'a"b', '"a', '"a"b', 'public.""'])('refused: %j is no list of patterns', (patterns) => {
  expect(() => parsePatterns(patterns)).toThrow(/is not a table pattern/)
})
