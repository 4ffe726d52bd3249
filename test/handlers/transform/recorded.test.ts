import type { CapturedColumn, CapturedTable } from '../../../pipeline/tables.ts'
import { transformBatch, transformOf } from './batch.ts'
import { postgresText, rowOf } from './postgres-text.ts'
import { messagesWithoutRow, type RecordedMessage, recordedTables } from './recorded.ts'

/**
 * Every column of every recorded change event by itself, against PostgreSQL's own text: what the transform delivers prints as the source
 * prints it, or the record failed under a name, or Debezium had lost the value before, which is listed here.
 */

/** Failures that a value calls for, by the source's text. */
const deserved: readonly (readonly [name: string, column: RegExp, value: RegExp])[] = [
  ['UnrepresentableValue', /.*/, /^-?infinity$/i],
  ['UnrepresentableValue', /.*/, /^NaN$/],
  ['UnrepresentableValue', /\.timestamp/, /^29427[67]-/],
  ['UnrepresentableValue', /\.(reals|doubles)$/, /NaN|Infinity/],
  ['UnrepresentableValue', /\.(ints|texts)$/, /^\{(\{.*\}|NULL)\}$/],
  ['UnavailableValue', /\.toast_full\.text$/, /^__debezium_unavailable_value$/],
]

/** What Debezium loses: columns with another value than the source, and why. `type-table` warnings say the same to the user. */
const lost: readonly (readonly [column: RegExp, delivered: 'null' | 'other', why: string, onlyCreated?: true])[] = [
  [/\.defaults\.total$/, 'null', 'a generated column is not streamed'],
  [/\.altered\./, 'null', 'renamed or dropped since: the declaration is that of the end'],
  [/\.strings(_full)?\.name$/, 'null', 'name is null while streaming'],
  [/\.others(_full)?\.(own_range|pair|int4multirange|tsquery|pg_lsn|regclass|xid8|xid|tid|jsonpath|pg_snapshot)$/, 'null', 'not sent'],
  [/\.arrays(_full)?\.(positives|varbits|intervals|moneys|names|points)$/, 'null', 'not sent'],
  [/\.arrays(_full)?\.(bits|moods|decimals|numerics)$/, 'null', 'null for arrays that hold NaN, or NULL among enums, and for bits'],
  [
    /\.toast\.(\w+s|path|polygon)$/,
    'null',
    'an unchanged array, in the created row of a changed key: no header of it reaches the transform',
    true,
  ],
  [/\.arrays(_full)?\.times$/, 'other', 'cut to milliseconds'],
  [/\.arrays(_full)?\.ints$/, 'other', 'where the indexes start'],
  [/\.(timetzs?|timetz_0)$/, 'other', 'the offset: it comes in UTC'],
  [/\.times\.date$/, 'other', 'dates before Christ in the initial snapshot'],
  [/\.times(_full)?\.interval$/, 'other', 'an infinite interval'],
  [/\.others(_full)?\.(point|line|lseg|box|path|polygon|circle)$/, 'other', 'carried as the JSON text of what Debezium makes of it'],
  [/\.toast(_full)?\.(path|polygon)$/, 'other', 'the same'],
  [/\.(varbit|varbit_16|bits)$/, 'other', 'the number of bits'],
]

const nameOf = (table: CapturedTable, column: CapturedColumn) => `${table.schema}.${table.name}.${column.name}`

interface Verdict {
  readonly column: string
  readonly verdict: string
}

function verdictOf(
  transform: ReturnType<typeof transformOf>,
  table: CapturedTable,
  column: CapturedColumn,
  message: RecordedMessage,
): Verdict | undefined {
  const name = nameOf(table, column)
  const isKey = table.primaryKey.includes(column.name)
  const { answers, failures } = transform([message.value])
  const [answer] = answers
  if (answer?.row === undefined) {
    const error = String(failures[0]?.name)
    const value = message.truth?.after?.[column.name] ?? ''
    const fits = deserved.some(([wanted, columns, values]) => wanted === error && columns.test(name) && values.test(value))
    return fits ? undefined : { column: name, verdict: `failed as ${error}` }
  }
  const delivered = rowOf(answer.row)[column.iceberg.name] ?? null
  if (answer.operation === 'delete' && !isKey) return delivered === null ? undefined : { column: name, verdict: 'is not null in a delete' }
  const truth = (answer.operation === 'delete' ? message.truth?.before : message.truth?.after)?.[column.name] ?? null
  const text = postgresText(delivered, column.iceberg.type, column.type.text)
  if (text === truth) return undefined
  const rounded = column.iceberg.type === 'float' ? Math.fround : Number
  if (/^(float|double)$/.test(column.iceberg.type) && text !== null && rounded(Number(text)) === rounded(Number(truth))) return undefined
  const kind = delivered === null ? 'null' : 'other'
  const isCreated = message.truth?.before === null
  const isLost = lost.some(([columns, as, , onlyCreated]) => columns.test(name) && as === kind && (isCreated || !onlyCreated))
  return isLost ? undefined : { column: name, verdict: `differs (${kind})` }
}

/** Failures that belong to the table or the kind of event, whatever the value. */
const expected: Readonly<Record<string, RegExp>> = {
  TruncateRefused: /^public\.(empty|measurement|truncated)\./,
  NoPrimaryKey: /^public\.keyless_full\./,
  UnusableReplicaIdentity: /^public\.identity_(index|key_index)\./,
  // Nulls that may stand for values, and placeholders, under the default replica identity.
  UnavailableValue: /^public\.(toast|arrays|others|strings)\./,
  // Debezium sends an empty array for every value.
  UnexpectedValue: /^public\.others(_full)?\.int2vector$/,
}

test.each(recordedTables().map(({ table, messages }) => [`${table.schema}.${table.name}`, table, messages] as const))(
  '%s',
  (_name, table, messages) => {
    const verdicts = table.columns.flatMap((column) => {
      const columns = table.columns.filter((one) => one === column || table.primaryKey.includes(one.name))
      const transform = transformOf([{ ...table, columns }])
      return messages.flatMap((message) => verdictOf(transform, table, column, message) ?? [])
    })
    expect(
      verdicts.filter(({ column, verdict }) => {
        const error = /^failed as (\w+)$/.exec(verdict)?.[1]
        return error === undefined || !expected[error]?.test(column)
      }),
    ).toEqual([])
    expect(messages.length).toBeGreaterThan(0)
  },
)

test('a placeholder never reaches a table', () => {
  const rows = recordedTables().flatMap(({ table, messages }) =>
    transformBatch(
      [table],
      messages.map(({ value }) => value),
    ).answers.flatMap(({ row }) => row ?? []),
  )
  expect(rows.length).toBeGreaterThan(100)
  const longer = rows.filter((row) => row.includes('__debezium_unavailable_value'))
  // One text of the source holds it inside.
  for (const row of longer) expect(row).toMatch(/[^"]__debezium_unavailable_value|__debezium_unavailable_value[^"]/)
  expect(rows.filter((row) => row.includes('X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ'))).toEqual([])
})

test('messages that concern no row are dropped', () => {
  const { answers, lines } = transformBatch(
    [],
    messagesWithoutRow().map(({ value }) => value),
  )
  expect(new Set(answers.map(({ result }) => result))).toEqual(new Set(['Dropped']))
  const names = lines.flatMap((line) => (typeof line.Name === 'string' ? [line.Name] : []))
  expect(names).toEqual(expect.arrayContaining(['Heartbeat', 'LogicalMessage', 'SignalTable']))
})

test.each(recordedTables().map(({ table, messages }) => [`${table.schema}.${table.name}`, table, messages] as const))(
  'a batch of %s answers as each record by itself, but for what is superseded',
  (_name, table, messages) => {
    const values = messages.map(({ value }) => value)
    const apart = values.map((value) => transformBatch([table], [value]).answers[0])
    const together = transformBatch([table], values).answers.map((answer, index) => (answer.result === 'Dropped' ? apart[index] : answer))
    expect(together).toEqual(apart)
  },
)
