import { array, assert, asyncProperty, constantFrom, record } from 'fast-check'
import { compareAll, compareGroups, type TwoSides } from '../../../local/verification/compare-table.ts'
import type { ComparedColumn } from '../../../local/verification/forms.ts'

type Row = readonly (string | null)[]

const column = (name: string, isKey: boolean): ComparedColumn => ({
  name,
  isKey,
  source: name,
  iceberg: name,
  normalize: (text) => text.trim(),
  inSql: undefined,
})
const keyed = [column('id', true), column('a', false), column('b', false)]
const keyless = [column('a', false), column('b', false)]

async function* streamed(rows: readonly Row[]) {
  yield* rows
}

function sides(columns: readonly ComparedColumn[], source: readonly Row[], iceberg: readonly Row[]): TwoSides {
  return { columns, source: () => streamed(source), iceberg: () => streamed(iceberg) }
}

async function differences(two: TwoSides): Promise<string[]> {
  const { groups } = await compareAll(two)
  const found = await compareGroups(two, groups)
  return [...found].map(([key, { kind, columns, count }]) => `${key} ${kind} ${count} ${columns.join(',')}`.trim()).toSorted()
}

test('rows in any order and values in any form that normalizes alike are equal', async () => {
  const { groups, sourceRows, icebergRows } = await compareAll(
    sides(
      keyed,
      [
        ['1', ' x', null],
        ['2', 'y', ''],
      ],
      [
        ['2', 'y', ''],
        ['1', 'x ', null],
      ],
    ),
  )
  expect([groups.size, sourceRows, icebergRows]).toEqual([0, 2, 2])
})

test('missing, extra, stale and duplicate rows are told apart, with the columns that differ', async () => {
  const source: Row[] = [
    ['1', 'x', null],
    ['2', 'x', 'y'],
    ['3', 'x', 'y'],
    ['4', 'x', 'y'],
  ]
  const iceberg: Row[] = [
    ['1', 'x', ''],
    ['2', 'x', 'y'],
    ['2', 'x', 'y'],
    ['2', 'old', 'y'],
    ['4', 'x', 'y'],
    ['5', null, null],
  ]
  expect(await differences(sides(keyed, source, iceberg))).toEqual([
    '["1"] stale 1 b',
    '["2"] duplicate 2',
    '["3"] missing 1',
    '["5"] extra 1',
  ])
})

test('rows of a table without key are counted', async () => {
  const source: Row[] = [
    ['x', null],
    ['x', null],
    ['y', null],
  ]
  const iceberg: Row[] = [
    ['x', null],
    ['z', null],
    ['y', null],
    ['y', null],
  ]
  expect(await differences(sides(keyless, source, iceberg))).toEqual([
    '["x",null] missing 1',
    '["y",null] duplicate 1',
    '["z",null] extra 1',
  ])
})

test('null, the empty text and the text null are three values, also side by side', async () => {
  const texts = [null, '', 'null', 'x', ',', '"'] as const
  const row = record({ a: constantFrom(...texts), b: constantFrom(...texts) })
  await assert(
    asyncProperty(row, row, async (one, other) => {
      const { groups } = await compareAll(sides(keyed, [['1', one.a, one.b]], [['1', other.a, other.b]]))
      expect(groups.size === 0).toBe(one.a === other.a && one.b === other.b)
    }),
  )
})

test('tables without a key are equal exactly if they hold the same rows equally often', async () => {
  const rows = array(constantFrom<Row>(['a', null], ['b', '1'], ['b', '2']), { maxLength: 6 })
  const sorted = (list: readonly Row[]) => list.map((row) => JSON.stringify(row)).toSorted()
  await assert(
    asyncProperty(rows, rows, async (source, iceberg) => {
      const { groups } = await compareAll(sides(keyless, source, iceberg))
      expect(groups.size === 0).toBe(JSON.stringify(sorted(source)) === JSON.stringify(sorted(iceberg)))
    }),
  )
})
