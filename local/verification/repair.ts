import type { CapturedTable } from '../../pipeline/tables.ts'
import type { FailedRecord } from '../failed-records/understand.ts'
import { canBeBrought, type DoubtedRows } from '../repair/bring-again.ts'
import { spelledKey } from './doubted-rows.ts'
import { likelyCause } from './likely-cause.ts'
import { type VerificationReport } from './verify-tables.ts'

/** A table with the keys of all its rows that differ, as verification gives them. */
export interface DifferingKeys {
  readonly table: CapturedTable
  readonly keys: readonly Readonly<Record<string, string>>[]
}

const nameOf = ({ schema, name }: CapturedTable) => `${schema}.${name}`

/** What differs and can be brought again through the source; and what cannot, each as a sentence. */
export function repairable(report: VerificationReport, differing: readonly DifferingKeys[]): { rows: DoubtedRows[]; left: string[] } {
  const rows: DoubtedRows[] = []
  const left: string[] = []
  for (const { table, keys } of differing) {
    const spelled = canBeBrought(table) ? keys.flatMap((key) => [spelledKey(table, key) ?? []]).filter(({ length }) => length > 0) : []
    if (spelled.length > 0) rows.push({ table, keys: spelled })
    if (spelled.length < keys.length)
      left.push(`${nameOf(table)}: ${keys.length - spelled.length} rows cannot be selected by their keys: ${resync(nameOf(table))}`)
  }
  for (const { table, problem, differences, complete } of report.tables) {
    const differ = Object.values(differences).some((count) => count > 0)
    if (problem !== undefined) left.push(`${table}: ${problem}`)
    else if (differ && !differing.some((one) => nameOf(one.table) === table))
      left.push(`${table} has no primary key, so that its rows cannot be told apart`)
    else if (!complete) left.push(`${table}: more rows differ than were looked at. Run it again, or ${resync(table)}`)
  }
  return { rows, left }
}

const resync = (table: string) => `re-sync the table: npm run provision -- --input '{"resync": ["${table}"]}'`

/** The report, with what most likely happened to each table that differs. `failed`: the records of the error bucket. */
export function withCauses(
  report: VerificationReport,
  differing: readonly DifferingKeys[],
  failed: readonly FailedRecord[],
  appends: boolean,
): VerificationReport {
  const tables = report.tables.map((table) => {
    const found = differing.find((one) => nameOf(one.table) === table.table)
    const keys = new Set(found?.keys.map((key) => JSON.stringify(spelledKey(found.table, key)?.[0])))
    const names = new Map<string, Set<string>>()
    for (const record of failed) {
      const key = JSON.stringify(record.key?.[0])
      if (record.key && record.table === table.table && keys.has(key))
        names.set(record.name, (names.get(record.name) ?? new Set()).add(key))
    }
    const cause = likelyCause({ ...table, appends, failed: new Map([...names].map(([name, rows]) => [name, rows.size])) })
    return cause === undefined ? table : { ...table, likelyCause: cause }
  })
  return { ...report, tables }
}
