import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import * as fc from 'fast-check'
import { applyOperations } from '../../../../local/delivery/commit/operations.ts'
import { type Operation, operations, StagedRows } from '../../../../local/delivery/commit/staged-rows.ts'

const columns = [
  { name: 'a', required: false, type: { kind: 'int' } },
  { name: 'b', required: false, type: { kind: 'string' } },
  { name: 'value', required: false, type: { kind: 'int' } },
] as const
const keys = ['a', 'b']

interface Change {
  readonly operation: Operation
  readonly a: number | null
  readonly b: string | null
  readonly value: number
}

/** Firehose's operations one by one, on a list of rows. */
function model(rows: readonly Change[], changes: readonly Change[]): Change[] {
  let result = [...rows]
  for (const change of changes) {
    if (change.operation !== 'insert') result = result.filter(({ a, b }) => a !== change.a || b !== change.b)
    if (change.operation !== 'delete') result.push(change)
  }
  return result
}

const sorted = (rows: readonly Change[]) => rows.map(({ a, b, value }) => JSON.stringify([a, b, value])).sort()

let instance: DuckDBInstance
let connection: DuckDBConnection
let tables = 0

beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:')
  connection = await instance.connect()
})
afterAll(() => {
  connection.closeSync()
  instance.closeSync()
})

async function stage(changes: readonly Change[]): Promise<StagedRows> {
  const rows = await StagedRows.create(connection, `staged ${tables++}`, columns)
  for (const [index, { operation, a, b, value }] of changes.entries()) {
    rows.add({ values: [a, b, value], operation, partition: 0, offset: BigInt(index), arrivalMs: 0, record: Buffer.from('x') })
  }
  rows.finish()
  return rows
}

async function apply(target: string, changes: readonly Change[]): Promise<void> {
  const { name, hasKeyOperations } = await stage(changes)
  await applyOperations(connection, target, { stagedName: name, columns, keys, hasKeyOperations })
}

const change = (operation: fc.Arbitrary<Operation>): fc.Arbitrary<Change> =>
  fc.record({ operation, a: fc.constantFrom(1, 2, null), b: fc.constantFrom('x', null), value: fc.integer({ min: 0, max: 1000 }) })

describe('a batch of operations', () => {
  it('leaves what its operations leave one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(change(fc.constant('insert' as const)), { maxLength: 8 }),
        fc.array(fc.array(change(fc.constantFrom(...operations)), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 }),
        async (before, batches) => {
          const target = `target_${tables++}`
          await connection.run(`CREATE TABLE ${target} (a INTEGER, b VARCHAR, value INTEGER)`)
          let expected = [...before]
          for (const batch of before.length > 0 ? [before, ...batches] : batches) {
            await apply(target, batch)
            if (batch !== before) expected = model(expected, batch)
          }
          const rows = (await connection.runAndReadAll(`SELECT a, b, value FROM ${target}`)).getRowsJson()
          expect(rows.map((row) => JSON.stringify(row)).sort()).toEqual(sorted(expected))
        },
      ),
      { numRuns: 100 },
    )
  }, 60_000)

  it('keeps the duplicates of inserts', async () => {
    await connection.run('CREATE TABLE twice (a INTEGER, b VARCHAR, value INTEGER)')
    const row = { operation: 'insert', a: 1, b: 'x', value: 1 } as const
    await apply('twice', [row, row])
    await apply('twice', [row])
    expect((await connection.runAndReadAll('SELECT * FROM twice')).currentRowCount).toBe(3)
  })

  it('stages more rows than one of DuckDB’s chunks holds', async () => {
    const rows = await stage(Array.from({ length: 5000 }, (_, value) => ({ operation: 'update', a: value, b: 'x', value })))
    const reader = await connection.runAndReadAll(`SELECT count(*)::INTEGER, max(_ordinal)::INTEGER, sum(c2)::INTEGER FROM "${rows.name}"`)
    expect(reader.getRowsJson()).toEqual([[5000, 4999, 12_497_500]])
  })
})
