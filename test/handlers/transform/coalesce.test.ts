import fc from 'fast-check'
import { answers } from '../../../handlers/transform/answer.ts'
import type { Change, Failure } from '../../../handlers/transform/change.ts'
import { declaredTables } from '../../../handlers/transform/declared-tables.ts'
import { transformPlan } from '../../../pipeline/transform-plan.ts'
import { declared, envelope, transformBatch } from './batch.ts'

const table = declared('t', { id: 'integer', n: 'integer' })
const change = (op: string, id: number, n = 0) =>
  op === 'd' ? envelope({ op, before: `{"id":${id},"n":null}` }) : envelope({ op, after: `{"id":${id},"n":${n}}` })

const resultsOf = (values: string[], settings: Parameters<typeof transformBatch>[2] = {}) =>
  transformBatch([table], values, settings).answers.map(({ result, operation }) => operation ?? result)

test.each([
  ['only the last change of a row is delivered', ['c1', 'u1', 'u1'], ['Dropped', 'Dropped', 'update']],
  ['rows do not touch each other', ['c1', 'c2', 'd1'], ['Dropped', 'insert', 'delete']],
  ['deleted and created again is an update', ['d1', 'c1'], ['Dropped', 'update']],
  ['created and deleted is a delete', ['c1', 'd1'], ['Dropped', 'delete']],
  ['created and updated is an update', ['c1', 'u1'], ['Dropped', 'update']],
  ['created twice is an update', ['c1', 'c1'], ['Dropped', 'update']],
  ['a created row by itself is an insert', ['c1'], ['insert']],
  ['a row that was read is an insert', ['r1'], ['insert']],
])('%s', (_what, changes, wanted) => {
  expect(
    resultsOf(
      changes.map((text, index) => change(text.slice(0, 1), Number(text.slice(1)), index)),
      { creates: 'insert' },
    ),
  ).toEqual(wanted)
})

test('an incremental snapshot reads rows that may be there already', () => {
  const read = envelope({ op: 'r', after: '{"id":1,"n":1}', snapshot: '"incremental"' })
  const initial = envelope({ op: 'r', after: '{"id":2,"n":1}', snapshot: '"first"' })
  expect(resultsOf([read, initial, read.replace('"id":1', '"id":3')], { creates: 'insert' })).toEqual(['update', 'insert', 'update'])
})

test("Kafka's offsets say what came last, not the places in the batch", () => {
  const { answers: answered } = transformBatch([table], [change('u', 1, 3), change('u', 1, 1), change('u', 1, 2)], { offsets: [12, 9, 10] })
  expect(answered.map(({ row }) => row)).toEqual(['{"id":1,"n":3}', undefined, undefined])
})

test('a change that fails supersedes nothing', () => {
  const { answers: answered } = transformBatch([table], [change('u', 1, 1), envelope({ op: 'u', after: '{"id":1,"n":"x"}' })])
  expect(answered.map(({ result }) => result)).toEqual(['Ok', 'ProcessingFailed'])
})

const keyed = (id: string) => envelope({ op: 'u', after: `{"id":${id},"n":null}` })

test('equal keys written differently are one row', () => {
  const numeric = declared(
    't',
    { id: 'numeric', n: 'integer' },
    {
      columns: [
        { name: 'id', type: 'numeric', nullable: false, iceberg: { type: 'decimal(38,5)' } },
        { name: 'n', type: 'text' },
      ],
    },
  )
  const text = declared('t', { id: 'text', n: 'integer' })
  const dropped = (captured: typeof numeric, ...ids: string[]) =>
    transformBatch([captured], ids.map(keyed)).answers.filter(({ result }) => result === 'Dropped').length
  expect(dropped(numeric, '"1.10"', '"1.1"', '"1.100"')).toBe(2)
  expect(dropped(numeric, '"10"', '"1"', '"100"')).toBe(0)
  expect(dropped(text, '"a"', '"\\u0061"')).toBe(1)
  expect(dropped(text, '"1"', '"1.0"')).toBe(0)
})

const composite = declared(
  't',
  { a: 'text', b: 'text' },
  {
    primaryKey: ['a', 'b'],
    columns: [
      { name: 'a', type: 'text', nullable: false },
      { name: 'b', type: 'text', nullable: false },
    ],
  },
)

test('the columns of a composite key stay apart', () => {
  const rows = ['{"a":"x","b":"y,z"}', '{"a":"x,y","b":"z"}', '{"a":"x\\",\\"y","b":"z"}']
  expect(
    transformBatch(
      [composite],
      rows.map((after) => envelope({ op: 'u', after })),
    ).answers.map(({ result }) => result),
  ).toEqual(['Ok', 'Ok', 'Ok'])
})

/** What Firehose would leave in the table, whatever the order in which it applies the batch. */
function applied(answered: readonly { operation: string | undefined; row: string | undefined }[], before: Map<number, number>) {
  const state = new Map(before)
  for (const { operation, row } of answered) {
    if (row === undefined) continue
    const { id, n }: { id: number; n: number } = JSON.parse(row)
    if (operation === 'insert' && state.has(id)) throw new Error('a duplicate')
    if (operation === 'delete') state.delete(id)
    else state.set(id, n)
  }
  return state
}

/** Histories as PostgreSQL allows them: a row is created only while it is not there, and changed only while it is. */
const history = fc.array(fc.record({ id: fc.integer({ min: 1, max: 4 }), remove: fc.boolean() }), { maxLength: 25 }).map((steps) => {
  const state = new Map([
    [1, 0],
    [2, 0],
  ])
  const before = new Map(state)
  const values = steps.map(({ id, remove }, index) => {
    const op = state.has(id) ? (remove ? 'd' : 'u') : 'c'
    if (op === 'd') state.delete(id)
    else state.set(id, index)
    return change(op, id, index)
  })
  return { before, after: state, values }
})

test.each(['update', 'insert'] as const)('a batch leaves the same rows in any order, with creates: %s', (creates) => {
  fc.assert(
    fc.property(
      history.chain((one) =>
        fc.record({ history: fc.constant(one), order: fc.shuffledSubarray([...one.values.keys()], { minLength: one.values.length }) }),
      ),
      ({ history: { before, after, values }, order }) => {
        const inOrder = transformBatch([table], values, { creates, offsets: [...values.keys()] }).answers
        const shuffled = transformBatch(
          [table],
          order.map((index) => values[index] ?? null),
          { creates, offsets: order },
        ).answers
        expect(applied(inOrder, before)).toEqual(after)
        expect(applied(shuffled, before)).toEqual(after)
        expect(applied(shuffled.toReversed(), before)).toEqual(after)
      },
    ),
    { numRuns: 150 },
  )
})

describe('a response that would be too long', () => {
  test('every record is still answered, and the response fits', () => {
    // Far more than 6 MB of rows that were escaped twice as long by the string that holds their JSON text.
    const wide = declared(
      't',
      { id: 'integer', n: 'text[]' },
      {
        columns: [
          { name: 'id', type: 'integer', nullable: false },
          { name: 'n', type: 'text[]', iceberg: { type: 'string' } },
        ],
      },
    )
    const values = Array.from({ length: 40 }, (_, id) =>
      envelope({ op: 'u', after: `{"id":${id % 39},"n":[${Array(20_000).fill('"","a"').join(',')}]}` }),
    )
    const { answers: answered, response, failures } = transformBatch([wide], values)
    expect(answered).toHaveLength(40)
    expect(JSON.stringify(response).length).toBeLessThanOrEqual(6_000_000)
    expect(answered.filter(({ result }) => result === 'Ok').length).toBeGreaterThan(5)
    expect(failures).toMatchObject([{ name: 'ResponseTooLarge' }])
  })

  test('the longest rows fail, and what they had superseded is delivered', () => {
    const captured = declaredTables(transformPlan([table], { namespace: 'n', creates: 'update', truncates: 'fail' })).find('public', 't')
    const delivery = (key: number, length: number): Change | Failure =>
      captured
        ? { result: 'Ok', table: captured, operation: 'update', base64: 'x'.repeat(length), key }
        : { result: 'Dropped', reason: 'NotCaptured', table: undefined }
    const outcomes = [delivery(1, 100), delivery(1, 5000), delivery(2, 200)]
    const records = outcomes.map((_, index) => ({ recordId: String(index), kafkaRecordValue: 'y'.repeat(9000) }))
    const result = answers(records, outcomes, 2000)
    expect(result.map((one) => one.result)).toEqual(['Ok', 'ProcessingFailed', 'Ok'])
    expect(result.map((one) => one.kafkaRecordValue.length)).toEqual([100, 0, 200])
    expect(outcomes[1]).toMatchObject({ error: { name: 'ResponseTooLarge' } })
  })
})
