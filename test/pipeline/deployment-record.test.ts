import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDeployment } from '../../pipeline/deployment.ts'
import { deploymentRecord, parseDeploymentRecord, refuseReplacements } from '../../pipeline/deployment-record.ts'
import { icebergSchema } from '../../pipeline/iceberg-schema.ts'
import { parseTables } from '../../pipeline/tables.ts'

const file = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'local', 'deployment.json'), 'utf8'))
const orders = {
  schema: 'public',
  name: 'orders',
  columns: [
    { name: 'id', type: 'integer' },
    { name: 'line', type: 'integer' },
    { name: 'note', type: 'text', nullable: false },
    { name: 'amount', type: 'numeric(12,2)' },
    { name: 'late', type: 'integer', added: true },
  ],
  primaryKey: ['id', 'line'],
}
type Table = typeof orders & Record<string, unknown>

const columnsOf = (change: Record<string, object | undefined>) =>
  orders.columns.flatMap((column) => {
    const changed = column.name in change ? change[column.name] : column
    return changed === undefined ? [] : [{ ...column, ...changed }]
  })
const tablesOf = (...tables: object[]) => parseTables({ tables })
const recordOf = (tables: ReturnType<typeof parseTables>, deployment: object = {}) =>
  deploymentRecord(parseDeployment({ ...file, ...deployment }), tables)

/** What is said about an edit after a synthesis; nothing where it is followed. */
function refusal(after: object[], deployment: object = {}): string {
  try {
    refuseReplacements(
      recordOf(tablesOf(orders)),
      recordOf(tablesOf(...after), deployment),
      parseDeployment({ ...file, ...deployment }),
      'my.lock.json',
    )
    return ''
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}
const edited = (change: Partial<Table> | Record<string, unknown>) => [{ ...orders, ...change }]

test.each([
  ['a table that is removed', [], 'orders: public.orders is not declared any more: keep its entry, with "capture": false'],
  [
    'a column that is removed',
    edited({ columns: columnsOf({ note: undefined }) }),
    'orders.note: it is not declared any more: keep the column and mark it with "dropped": true',
  ],
  [
    'an added column that is removed',
    edited({ columns: columnsOf({ late: undefined }) }),
    'orders.late: it is not declared any more: keep the column and mark it with "dropped": true',
  ],
  [
    'a column of another type',
    edited({ columns: columnsOf({ amount: { type: 'numeric(14,3)' } }) }),
    'orders.amount: its Iceberg type was decimal(12,2) and is decimal(14,3) now: keep it by "iceberg": { "type": "decimal(12,2)" } where that holds the values, or declare it under another iceberg.name',
  ],
  [
    'a wider column that does not say so',
    edited({ columns: columnsOf({ amount: { type: 'numeric(14,2)' } }) }),
    'orders.amount: its Iceberg type was decimal(12,2) and is decimal(14,2) now, which it can become in place: say so by "iceberg": { "createdAs": "decimal(12,2)" }',
  ],
  [
    'a wider column that was created as something else',
    edited({ columns: columnsOf({ amount: { type: 'numeric(14,2)', iceberg: { createdAs: 'decimal(10,2)' } } }) }),
    'orders.amount: its Iceberg type was decimal(12,2) and is decimal(10,2) now: keep it',
  ],
  [
    'an added column of another type',
    edited({ columns: columnsOf({ late: { type: 'text' } }) }),
    'orders.late: its Iceberg type was int and is string now',
  ],
  [
    'another key',
    edited({ primaryKey: ['id'] }),
    'orders: the primary key was (id, line) and is (id) now: declare it under another iceberg.name (orders_2)',
  ],
  ['the key in another order', edited({ primaryKey: ['line', 'id'] }), 'orders: the primary key was (id, line) and is (line, id) now'],
  [
    'a new column without its mark',
    edited({ columns: [...orders.columns, { name: 'new', type: 'text' }] }),
    'orders.new: it came after the table was created: mark the column with "added": true',
  ],
  [
    'a mark that is taken away',
    edited({ columns: columnsOf({ late: { added: false } }) }),
    'orders.late: it was added after the table was created: keep "added": true',
  ],
  [
    'a mark on a column of the creation',
    edited({ columns: columnsOf({ note: { added: true } }) }),
    'orders.note: the table was created with it: remove "added"',
  ],
  [
    'columns in another order',
    edited({ columns: orders.columns.toReversed() }),
    'orders: the columns of its creation stand in another order now: put them back into id, line, note, amount',
  ],
  [
    'a renamed Iceberg column',
    edited({ columns: columnsOf({ note: { iceberg: { name: 'remark' } } }) }),
    'orders.note: it is not declared any more',
  ],
  [
    'a name that goes to another table',
    [{ ...orders, name: 'orders_old', iceberg: { name: 'orders' } }],
    'orders: it was created for public.orders, not for public.orders_old',
  ],
])('%s is refused with what to do', (_what, after, advice) => {
  const said = refusal(after)
  expect(said).toMatch(/^InvalidTables: my\.lock\.json records Iceberg tables that cannot become what is declared now:\n/)
  expect(said).toContain(`\n  ${advice}`)
  expect(said).toContain('A table that was never deployed has nothing to lose: remove its entry from my.lock.json.')
})

test.each([
  ['nothing', [orders]],
  ['another table', [orders, { ...orders, name: 'more' }]],
  [
    'a wider column that says what it was created as',
    edited({ columns: columnsOf({ amount: { type: 'numeric(14,2)', iceberg: { createdAs: 'decimal(12,2)' } } }) }),
  ],
  ['an added column that is widened', edited({ columns: columnsOf({ late: { type: 'bigint' } }) })],
  ['a column that is marked as added', edited({ columns: [...orders.columns, { name: 'new', type: 'text', added: true }] })],
  ['a column that is marked as dropped', edited({ columns: columnsOf({ note: { dropped: true } }) })],
  ['a table that is no longer captured', edited({ capture: false })],
  ['a longer varchar, whose Iceberg type stays', edited({ columns: columnsOf({ note: { type: 'varchar(500)' } }) })],
  ['a wider type whose Iceberg type is kept', edited({ columns: columnsOf({ note: { type: 'uuid' } }) })],
])('%s is followed, and the schema of the creation stays', (_what, after) => {
  expect(refusal(after)).toBe('')
  const [before, now] = [tablesOf(orders), tablesOf(...after)].map(([table]) => table && icebergSchema(table))
  expect(now).toEqual(before)
})

test('all refused edits are told at once', () => {
  const said = refusal(edited({ primaryKey: ['id'], columns: columnsOf({ note: undefined, amount: { type: 'text' } }) }))
  expect(said.match(/^ {2}orders/gm)).toHaveLength(3)
})

test('tables stay in their bucket and namespace', () => {
  for (const change of [{ tableBucket: { name: 'elsewhere' } }, { namespace: { name: 'elsewhere' } }])
    expect(refusal([orders], change)).toMatch(
      /^InvalidDeployment: .*would be created empty in elsewhere: give the new place a deployment file and a prefix of its own$/s,
    )
})

test('with "creates": "insert" a stream that is replaced needs a start; upserts may be read again', () => {
  const replaced = { prefix: 'dev' }
  expect(refusal([orders], replaced)).toBe('')
  expect(refusal([orders], { ...replaced, creates: 'insert' })).toMatch(
    /^InvalidDeployment: .*readFrom: the delivery stream aurora-cdc-[0-9a-f]{8} would be replaced by dev-aurora-cdc-[0-9a-f]{8}, which reads the topic from its start/s,
  )
  expect(refusal([orders], { ...replaced, creates: 'insert', readFrom: '2026-01-31T12:00:00Z' })).toBe('')
  expect(refusal([orders], { creates: 'insert' })).toBe('')
})

test('a record is read back as it was written, and another file is refused', () => {
  const record = recordOf(tablesOf(orders))
  expect(parseDeploymentRecord(JSON.parse(JSON.stringify(record)), 'my.lock.json')).toEqual(record)
  expect(() => parseDeploymentRecord({ version: 2 }, 'my.lock.json')).toThrow(/my\.lock\.json is not what a synthesis wrote/)
})
