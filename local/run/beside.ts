import Table from 'cli-table3'

/** A query's answer: every value as text, null for NULL. */
export interface Answer {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
}

interface Titled {
  readonly title: string
  readonly answer: Answer
}

/**
 * The rows of two answers to one question, side by side; the first column tells which belong together. A row that differs is marked.
 * @param available columns of the terminal; where that is too few, one stands below the other
 */
export function besideEachOther(left: Titled, right: Titled, available = Number.POSITIVE_INFINITY): string {
  const width = left.answer.columns.length
  const table = new Table({
    head: [...left.answer.columns, '', ...right.answer.columns],
    style: { head: [], border: [], compact: true },
  })
  const rights = rowsByKey(right.answer)
  const lefts = rowsByKey(left.answer)
  for (const row of left.answer.rows) {
    const other = rights.get(row[0])
    table.push([...texts(row, width), isSame(row, other) ? '=' : '≠', ...texts(other, width)])
  }
  for (const row of right.answer.rows) if (!lefts.has(row[0])) table.push([...texts(undefined, width), '≠', ...texts(row, width)])
  const text = `${left.title} (left), ${right.title} (right)\n${table.toString()}`
  if (text.split('\n').every((line) => line.length <= available)) return text
  return `${marked(left, rights)}\n${marked(right, lefts)}`
}

/** One answer, its rows marked by whether the other has the same. */
function marked({ title, answer }: Titled, others: ReadonlyMap<string | null | undefined, readonly (string | null)[]>): string {
  const table = new Table({ head: [...answer.columns, ''], style: { head: [], border: [], compact: true } })
  for (const row of answer.rows) table.push([...texts(row, answer.columns.length), isSame(row, others.get(row[0])) ? '=' : '≠'])
  return `${title}\n${table.toString()}`
}

const rowsByKey = ({ rows }: Answer) => new Map(rows.map((row) => [row[0], row]))

/** Whether both answers hold the same rows in the same order. */
export function isSameAnswer(left: Answer, right: Answer): boolean {
  return left.rows.length === right.rows.length && left.rows.every((row, index) => isSame(row, right.rows[index]))
}

const isSame = (row: readonly (string | null)[], other: readonly (string | null)[] | undefined) =>
  other !== undefined && row.length === other.length && row.every((value, index) => value === other[index])

const texts = (row: readonly (string | null)[] | undefined, width: number): string[] =>
  row ? row.map((value) => value ?? 'NULL') : Array.from({ length: width }, () => '')
