import Table from 'cli-table3'

/** A query's answer: every value as text, null for NULL. */
export interface Answer {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** The rows of two answers to one question, side by side; the first column tells which belong together. A row that differs is marked. */
export function besideEachOther(left: { title: string; answer: Answer }, right: { title: string; answer: Answer }): string {
  const width = left.answer.columns.length
  const table = new Table({
    head: [...left.answer.columns, '', ...right.answer.columns],
    style: { head: [], border: [], compact: true },
  })
  const rights = new Map(right.answer.rows.map((row) => [row[0], row]))
  const matched = new Set<string | null | undefined>()
  for (const row of left.answer.rows) {
    const other = rights.get(row[0])
    matched.add(row[0])
    table.push([...texts(row, width), isSame(row, other) ? '=' : '≠', ...texts(other, width)])
  }
  for (const row of right.answer.rows) if (!matched.has(row[0])) table.push([...texts(undefined, width), '≠', ...texts(row, width)])
  return `${left.title}, ${right.title}\n${table.toString()}`
}

/** Whether both answers hold the same rows in the same order. */
export function isSameAnswer(left: Answer, right: Answer): boolean {
  return left.rows.length === right.rows.length && left.rows.every((row, index) => isSame(row, right.rows[index]))
}

const isSame = (row: readonly (string | null)[], other: readonly (string | null)[] | undefined) =>
  other !== undefined && row.length === other.length && row.every((value, index) => value === other[index])

const texts = (row: readonly (string | null)[] | undefined, width: number): string[] =>
  row ? row.map((value) => value ?? 'NULL') : Array.from({ length: width }, () => '')
