import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PipelineError } from '../../pipeline/errors.ts'
import { canaryCapturedTable, capturedTables, currentTables, parseTables, tablesJsonSchema } from '../../pipeline/tables.ts'
import { transformPlan } from '../../pipeline/transform-plan.ts'

const root = join(import.meta.dirname, '..', '..')
const id = { name: 'id', type: 'integer', nullable: false }

function table(change: Record<string, unknown> = {}) {
  return { schema: 'public', name: 't', columns: [id], primaryKey: ['id'], ...change }
}

function faults(...tables: unknown[]): string[] {
  try {
    parseTables({ tables })
  } catch (error) {
    if (!(error instanceof PipelineError) || error.name !== 'InvalidTables') throw error
    return error.message.split('\n  ').slice(1)
  }
  return []
}

test('the sample tables are those of the walkthrough', () => {
  const [orders, products, ...others] = parseTables(JSON.parse(readFileSync(join(root, 'tables.json'), 'utf8')))
  expect(others).toEqual([])
  expect(orders?.columns.map(({ iceberg }) => `${iceberg.name} ${iceberg.type}`)).toEqual([
    'order_id int',
    'customer_id int',
    'order_date string',
    'total_amount decimal(12,2)',
    'status string',
    'created_at timestamp',
    'updated_at timestamp',
  ])
  expect(products?.columns.map(({ iceberg }) => `${iceberg.name} ${iceberg.type}`)).toEqual([
    'product_id int',
    'product_name string',
    'category string',
    'price decimal(10,2)',
    'stock_quantity int',
    'created_at timestamp',
    'updated_at timestamp',
  ])
  expect(orders).toMatchObject({ iceberg: 'orders', primaryKey: ['order_id'], replicaIdentity: 'default', capture: true })
})

test('what is left out is derived', () => {
  const [parsed] = parseTables({
    tables: [
      table({
        schema: 'Sales Dept',
        name: 'Order Lines',
        columns: [
          { name: 'Line №', type: 'int8' },
          { name: 'note', type: 'text' },
        ],
        primaryKey: ['Line №'],
      }),
    ],
  })
  expect(parsed).toMatchObject({
    iceberg: 'sales_dept_order_lines',
    columns: [
      { name: 'Line №', nullable: false, iceberg: { name: 'line__', type: 'long' }, added: false, dropped: false },
      { name: 'note', nullable: true, iceberg: { name: 'note', type: 'string' } },
    ],
  })
})

test('overrides, added and dropped columns and tables no longer captured are kept', () => {
  const [parsed] = parseTables({
    tables: [
      table({
        columns: [
          id,
          { name: 'at', type: 'time', iceberg: { name: 'at_time', type: 'time' }, added: true },
          { name: 'gone', type: 'text', dropped: true },
        ],
        iceberg: { name: 'renamed' },
        capture: false,
        replicaIdentity: 'full',
      }),
    ],
  })
  expect(parsed).toMatchObject({ iceberg: 'renamed', capture: false, replicaIdentity: 'full' })
  expect(parsed?.columns[1]).toMatchObject({ iceberg: { name: 'at_time', type: 'time' }, added: true, dropped: false })
  expect(parsed?.columns[2]).toMatchObject({ added: false, dropped: true })
})

test('the canary comes last', () => {
  const declared = parseTables({ tables: [table()] })
  expect(capturedTables(declared).map(({ iceberg }) => iceberg)).toEqual(['t', 'cdc_canary'])
  expect(canaryCapturedTable.columns.map(({ iceberg }) => iceberg.type)).toEqual(['string', 'long', 'timestamptz'])
  expect(canaryCapturedTable.columns.map(({ nullable }) => nullable)).toEqual([false, true, true])
})

test('every fault of a file is reported at once, each with its path', () => {
  const found = faults(
    table({ columns: [{ ...id, nulable: false }], colour: 'red' }),
    table({ name: 'u', columns: [{ name: 'id', type: 'no such type' }] }),
    table({ schema: 'cdc', name: 'mine' }),
    table({ name: 'v', primaryKey: ['nowhere'] }),
    { schema: 'public' },
  )
  const paths = found.map((fault) => fault.slice(0, fault.indexOf(': ')))
  expect(paths).toEqual(
    expect.arrayContaining([
      'tables[0].columns[0].nulable',
      'tables[0].colour',
      'tables[1].columns[0].type',
      'tables[2].schema',
      'tables[3].primaryKey[0]',
      'tables[4].name',
      'tables[4].columns',
      'tables[4].primaryKey',
    ]),
  )
  expect(paths).toHaveLength(8)
})

test.each<[string, Record<string, unknown>, RegExp]>([
  [
    'two columns of one lower-case name',
    { columns: [id, { name: 'ID', type: 'text' }] },
    /^tables\[0\]\.columns\[1\]\.iceberg\.name: .*"id" and "ID"/,
  ],
  ['a column twice', { columns: [id, { name: 'id', type: 'text' }] }, /^tables\[0\]\.columns\[1\]\.name: "id" is declared twice/],
  [
    'an Iceberg type that does not fit',
    { columns: [{ ...id, iceberg: { type: 'string' } }] },
    /columns\[0\]\.iceberg\.type: integer cannot become "string": use int, long/,
  ],
  ['an upper-case Iceberg column', { columns: [{ ...id, iceberg: { name: 'Id' } }] }, /columns\[0\]\.iceberg\.name: .*lower-case/],
  [
    'a metadata column of Iceberg',
    { columns: [id, { name: '_file', type: 'text' }] },
    /columns\[1\]\.iceberg\.name: "_file" is a metadata column/,
  ],
  ['an Iceberg table name that S3 Tables refuses', { iceberg: { name: '_t' } }, /^tables\[0\]\.iceberg\.name: "_t"/],
  ['a nullable key column', { columns: [{ ...id, nullable: true }] }, /columns\[0\]\.nullable: "id" is in the primary key/],
  [
    'a key column added later',
    {
      columns: [
        { ...id, added: true },
        { name: 'a', type: 'text' },
      ],
    },
    /columns\[0\]\.added: "id" is in the primary key/,
  ],
  [
    'a key column dropped',
    {
      columns: [
        { ...id, dropped: true },
        { name: 'a', type: 'text' },
      ],
    },
    /columns\[0\]\.dropped/,
  ],
  [
    'a floating-point key',
    { columns: [{ name: 'id', type: 'real' }] },
    /columns\[0\]\.iceberg\.type: "id" is in the primary key, and Iceberg allows no float/,
  ],
  ['a key column twice', { primaryKey: ['id', 'id'] }, /^tables\[0\]\.primaryKey\[1\]: "id" is in the key twice/],
  ['no column at all', { columns: [] }, /^tables\[0\]\.columns: /],
  [
    'a widening that is none',
    { columns: [id, { name: 'n', type: 'bigint', iceberg: { createdAs: 'string' } }] },
    /^tables\[0\]\.columns\[1\]\.iceberg\.createdAs: Iceberg cannot make long of string/,
  ],
  [
    'a widening of an added column',
    { columns: [id, { name: 'n', type: 'bigint', added: true, iceberg: { createdAs: 'int' } }] },
    /^tables\[0\]\.columns\[1\]\.iceberg\.createdAs: "n" was added after the creation/,
  ],
  [
    'a column added to a table without key',
    {
      columns: [
        { name: 'a', type: 'text' },
        { name: 'b', type: 'text', added: true },
      ],
      primaryKey: [],
    },
    /^tables\[0\]\.columns\[1\]\.added: "b" came after the Iceberg table was created, and rows of a table without primary key cannot be read again/,
  ],
  [
    'a column widened in a table without key',
    { columns: [{ name: 'a', type: 'bigint', iceberg: { createdAs: 'int' } }], primaryKey: [] },
    /^tables\[0\]\.columns\[0\]\.iceberg: "a" was widened after the Iceberg table was created/,
  ],
  [
    'nothing but added columns',
    { columns: [{ name: 'a', type: 'text', added: true }], primaryKey: [], capture: false },
    /^tables\[0\]\.columns: all columns are "added"/,
  ],
  ['a domain without its base type', { columns: [id, { name: 'd', type: 'public.d', kind: 'domain' }] }, /columns\[1\]\.type: .*baseType/],
  ["a schema of PostgreSQL's", { schema: 'pg_catalog' }, /^tables\[0\]\.schema: .*PostgreSQL's own/],
])('refused: %s', (_what, change, expected) => {
  const found = faults(table(change))
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(expected)
})

test('refused: a table declared twice, and two tables or a table and the canary under one Iceberg name', () => {
  expect(faults(table(), table())).toEqual([
    expect.stringMatching(/^tables\[1\]\.name: public\.t is captured twice \(also by tables\[0\]\)/),
  ])
  expect(faults(table({ name: 'a_b' }), table({ schema: 'a', name: 'b' }))).toEqual([
    expect.stringMatching(/^tables\[1\]\.iceberg\.name: .*"a_b".*public\.a_b/),
  ])
  expect(faults(table({ name: 'cdc_canary' }))).toEqual([expect.stringMatching(/^tables\[0\]\.iceberg\.name: .*canary/)])
})

test('a new Iceberg table beside a former one is captured alone, wherever its entry stands', () => {
  const former = table({ capture: false })
  const beside = table({ iceberg: { name: 't_2' } })
  for (const entries of [
    [former, beside],
    [beside, former],
  ]) {
    const tables = parseTables({ tables: entries })
    expect(tables).toHaveLength(2)
    expect(currentTables(tables).map(({ iceberg }) => iceberg)).toEqual(['t_2'])
    const plan = transformPlan(tables, { namespace: 'n', creates: 'update', truncates: 'fail' })
    expect(plan.tables.map(({ iceberg }) => iceberg)).toEqual(['t_2'])
  }
  // One that nothing took the place of says that late changes are dropped.
  expect(currentTables(parseTables({ tables: [former] }))).toHaveLength(1)
})

test('refused: more captured tables than a deployment carries; those no longer captured do not count', () => {
  const many = (count: number, change = {}) => Array.from({ length: count }, (_, index) => table({ name: `t${index}`, ...change }))
  expect(faults(...many(400))).toEqual([])
  expect(faults(...many(401))).toEqual([expect.stringMatching(/^tables: 401 captured tables .*400/)])
  expect(faults(...many(400), table({ capture: false }))).toEqual([])
})

test.each([null, [], 'tables', {}, { tables: {} }])('refused: %j is no declaration', (json) => {
  expect(() => parseTables(json, 'my.json')).toThrow(/^my\.json has/)
})

test('tables.schema.json is the schema of what validates', () => {
  expect(JSON.parse(readFileSync(join(root, 'tables.schema.json'), 'utf8'))).toEqual(tablesJsonSchema())
})
