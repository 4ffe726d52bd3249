import { everyType } from '../../../local/faults/column-values.ts'
import { seededRandom } from '../../../local/faults/random.ts'
import { workloadTables } from '../../../local/faults/tables.ts'
import { beginning, workload } from '../../../local/faults/workload.ts'
import type { Transaction } from '../../../local/faults/writer.ts'
import { typeRows } from '../../../pipeline/column-type-table.ts'

function transactions(seed: number, writer: number, count: number): Transaction[] {
  const drawn = workload(seed, writer)
  return Array.from({ length: count }, () => drawn.next().value)
}

const text = (written: readonly Transaction[]) => JSON.stringify(written)

test('the seed gives each writer its transactions again', () => {
  expect(text(transactions(5, 0, 200))).toBe(text(transactions(5, 0, 200)))
  expect(text(transactions(5, 0, 200))).not.toBe(text(transactions(6, 0, 200)))
  expect(text(transactions(5, 0, 200))).not.toBe(text(transactions(5, 1, 200)))
  expect(text([beginning(5)])).toBe(text([beginning(5)]))
})

test('every kind of change is written to every table, in transactions of every kind', () => {
  const written = transactions(1, 0, 2000)
  const statements = written.flat().map((statement) => statement.text)
  for (const table of workloadTables) {
    expect(statements.some((sql) => sql.startsWith(`INSERT INTO ${table} `))).toBe(true)
    expect(statements.some((sql) => sql.startsWith(`UPDATE ${table} SET`))).toBe(true)
    expect(statements.some((sql) => sql.startsWith(`UPDATE ${table} SET`) && sql.includes('NOT EXISTS'))).toBe(true)
    expect(statements.some((sql) => sql.startsWith(`DELETE FROM ${table} WHERE`))).toBe(true)
  }
  expect(statements.filter((sql) => sql.includes('generate_series')).length).toBeGreaterThan(5)
  expect(statements.some((sql) => sql === 'ROLLBACK TO half')).toBe(true)
  expect(written.filter((transaction) => transaction.at(-1)?.text === 'ROLLBACK').length).toBeGreaterThan(50)
})

test('several changes of one row come in one transaction', () => {
  const repeated = transactions(1, 0, 500).filter((transaction) => {
    const keys = transaction.map(({ values: [key] }) => String(key))
    return new Set(keys).size < keys.length
  })
  expect(repeated.length).toBeGreaterThan(10)
})

test('writers have rows of their own', () => {
  const keys = (writer: number) =>
    new Set(
      transactions(1, writer, 500)
        .flat()
        .map(({ values: [key] }) => key)
        .filter((key) => key !== undefined),
    )
  const others = keys(1)
  expect([...keys(0)].filter((key) => others.has(key))).toEqual([])
})

test('values that PostgreSQL stores out of line are written', () => {
  const longest = Math.max(
    ...transactions(1, 0, 500)
      .flat()
      .flatMap(({ values }) => values.map((value) => (typeof value === 'string' ? value.length : 0))),
  )
  expect(longest).toBeGreaterThan(8000)
})

/** Types of the type table of which no faithful value reaches Iceberg, or that `verify` cannot compare. */
const leftOut = ['bit varying', 'name', 'point', 'line', 'lseg', 'box', 'circle', 'path', 'polygon']
const aliases: Readonly<Record<string, string>> = {
  time: 'time without time zone',
  timetz: 'time with time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  char: 'character',
  varchar: 'character varying',
}

test('every type of the type table that arrives faithfully has a column', () => {
  const written = everyType.map(({ type }) => type.replace(/\(.*?\)|\[\]|^public\./g, '')).map((type) => aliases[type] ?? type)
  const faithful = Object.entries(typeRows)
    .filter(([, { warnings = [] }]) => !warnings.some((warning) => warning.startsWith('Debezium does not send')))
    .map(([type]) => type)
  expect(faithful.filter((type) => !written.includes(type)).toSorted()).toEqual(leftOut.toSorted())
})

test('arrays never hold nothing but NULL', () => {
  const random = seededRandom(2)
  for (const { draw, type } of everyType.filter((column) => column.type.endsWith('[]')))
    for (let time = 0; time < 100; time += 1) expect([type, draw(random)]).not.toEqual([type, expect.stringMatching(/^\{(NULL,?)+\}$/)])
})
