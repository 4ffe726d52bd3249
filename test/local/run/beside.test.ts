import { besideEachOther, isSameAnswer } from '../../../local/run/beside.ts'

const columns = ['id', 'status']
const left = {
  columns,
  rows: [
    ['1', 'NEW'],
    ['2', null],
    ['3', 'GONE'],
  ],
}

test('rows of one key stand beside each other, and those that differ are marked', () => {
  const right = {
    columns,
    rows: [
      ['1', 'NEW'],
      ['2', ''],
      ['4', 'EXTRA'],
    ],
  }
  const lines = besideEachOther({ title: 'a', answer: left }, { title: 'b', answer: right }).split('\n')
  const marks = lines.flatMap((line) => /│ (\d?) *│[^│]*│ ([=≠]) │ (\d?) *│/.exec(line)?.slice(1).join('') ?? [])
  expect(marks).toEqual(['1=1', '2≠2', '3≠', '≠4'])
  expect(isSameAnswer(left, right)).toBe(false)
})

test('answers are the same only with the same rows in the same order', () => {
  expect(isSameAnswer(left, { columns, rows: left.rows.map((row) => [...row]) })).toBe(true)
  expect(isSameAnswer(left, { columns, rows: left.rows.toReversed() })).toBe(false)
  expect(isSameAnswer(left, { columns, rows: [...left.rows, ['3', 'GONE']] })).toBe(false)
})

test('where the terminal is too narrow for both, they stand one below the other, with the same marks', () => {
  const right = {
    columns,
    rows: [
      ['1', 'NEW'],
      ['2', ''],
      ['4', 'EXTRA'],
    ],
  }
  const wide = besideEachOther({ title: 'a', answer: left }, { title: 'b', answer: right })
  const width = Math.max(...wide.split('\n').map((line) => line.length))
  expect(besideEachOther({ title: 'a', answer: left }, { title: 'b', answer: right }, width)).toBe(wide)
  const below = besideEachOther({ title: 'a', answer: left }, { title: 'b', answer: right }, width - 1).split('\n')
  expect(Math.max(...below.map((line) => line.length))).toBeLessThan(width)
  expect(below.filter((line) => /^[ab]/.test(line))).toEqual(['a', 'b'])
  const ofRight = below.slice(below.indexOf('b'))
  expect(ofRight.flatMap((line) => /│ (\d) *│[^│]*│ ([=≠]) │/.exec(line)?.slice(1).join('') ?? [])).toEqual(['1=', '2≠', '4≠'])
  // The row that only the other side has is marked there.
  expect(below.flatMap((line) => /│ (3) *│[^│]*│ ([=≠]) │/.exec(line)?.slice(1).join('') ?? [])).toEqual(['3≠'])
})
