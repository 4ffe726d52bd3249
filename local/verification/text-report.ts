import { countOf, type TableVerification, type VerificationReport, verdictOf } from './verify-tables.ts'

const words = {
  missing: 'missing in Iceberg',
  extra: 'extra in Iceberg',
  stale: 'stale in Iceberg',
  duplicate: 'duplicate in Iceberg',
} as const
const differenceKinds = ['missing', 'stale', 'duplicate', 'extra'] as const

const verdicts = {
  equal: 'Equal: every row of every captured table is the same in PostgreSQL and in Iceberg',
  different: 'Different',
  undecided: 'Undecided: rows kept changing while they were compared. Run this again when there are fewer changes',
} as const

/** The report for a terminal: a line a table, then what differs. */
export function textReport(report: VerificationReport): string {
  const lines = report.tables.flatMap((table) => [...tableLines(table)])
  const verdict = verdicts[verdictOf(report)]
  return `${[...lines, '', `${verdict} (up to LSN ${report.lsn})`].join('\n')}\n`
}

function* tableLines(table: TableVerification): Iterable<string> {
  const { problem, sourceRows, icebergRows, unsettled } = table
  const name = `${table.table} → ${table.iceberg}`
  const kinds = differenceKinds.flatMap((kind) => {
    const count = table.differences[kind]
    return count > 0 ? [`${table.complete ? '' : 'at least '}${count} ${words[kind]}`] : []
  })
  if (unsettled > 0) kinds.push(`${unsettled} kept changing`)
  const verdict = problem ?? (kinds.length === 0 ? 'equal' : kinds.join(', '))
  yield `${problem === undefined && countOf(table) === 0 && unsettled === 0 ? '✓' : '✗'} ${name}: ${sourceRows} rows, ${icebergRows} in Iceberg: ${verdict}`
  for (const { kind, key, columns } of table.first) {
    const keyText = Object.entries(key)
      .map(([column, value]) => `${column} = ${value}`)
      .join(', ')
    yield `    ${words[kind]}: ${keyText}${columns.length > 0 ? ` (in ${columns.join(', ')})` : ''}`
  }
  if (table.likelyCause !== undefined) yield `    most likely: ${table.likelyCause}`
  for (const { column, why } of table.notCompared) yield `    not compared: ${column}, since ${why}`
}
