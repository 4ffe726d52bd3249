import { isErrorName } from '../../pipeline/errors.ts'
import type { VerificationReport } from '../verification/verify-tables.ts'

/** What a round came to. */
export interface Judgement {
  readonly passed: boolean
  /** In the words of the table of results. */
  readonly verdict: string
}

export interface Seen {
  readonly report: VerificationReport
  /** Records that failed in the round, by name. */
  readonly failed: Readonly<Record<string, number>>
  /** Those that had to fail; undefined: records may fail, as many as do. */
  readonly expected: Readonly<Record<string, number>> | undefined
  /** Transactions that the writers committed while the fault was there. */
  readonly committed: number
  /** Tables after the failed rows were read again; undefined: there was nothing to replay. */
  readonly afterReplay: VerificationReport | undefined
}

/** A name of the pipeline's, or a code of Firehose's. */
const isNamed = (name: string) => isErrorName(name) || /^(Lambda|Iceberg|DataFormatConversion)\.[A-Z][A-Za-z]+$/.test(name)

/** Equal, and everything that is not applied is in the error bucket under its name: where rows failed, the tables are equal once just those were read again. */
export function judge({ report, failed, expected, committed, afterReplay }: Seen): Judgement {
  const lines: string[] = []
  if (committed === 0) lines.push('nothing was written')
  const nameless = Object.keys(failed).filter((name) => !isNamed(name))
  if (nameless.length > 0) lines.push(`failed without a name of ours: ${nameless.join(', ')}`)
  if (expected && !sameCounts(failed, expected)) lines.push(`failed: ${countsText(failed)}, not ${countsText(expected)}`)
  const last = afterReplay ?? report
  if (!last.equal) lines.push(...differences(last))
  if (lines.length > 0) return { passed: false, verdict: lines.join('; ') }
  const names = Object.keys(failed).length > 0 ? `; in the error bucket: ${countsText(failed)}` : ''
  return { passed: true, verdict: `${afterReplay && !report.equal ? 'equal once the failed rows were replayed' : 'equal'}${names}` }
}

/** `name 3, other 1`; `nothing` */
export function countsText(counts: Readonly<Record<string, number>>): string {
  const names = Object.entries(counts).toSorted(([one], [other]) => one.localeCompare(other))
  return names.length === 0 ? 'nothing' : names.map(([name, count]) => `${name} ${count}`).join(', ')
}

const sameCounts = (one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>) => countsText(one) === countsText(other)

function differences({ tables }: VerificationReport): string[] {
  return tables.flatMap(({ table, differences: counts, problem, unsettled, first }) => {
    if (problem !== undefined) return [`${table}: ${problem}`]
    const kinds = Object.entries(counts).filter(([, count]) => count > 0)
    if (unsettled > 0) kinds.push(['unsettled', unsettled])
    if (kinds.length === 0) return []
    const keys = first
      .slice(0, 3)
      .map(({ kind, key, columns }) => `${kind} ${JSON.stringify(key)}${columns.length > 0 ? ` in ${columns.join(', ')}` : ''}`)
    return [`${table}: ${kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')} (${keys.join('; ')})`]
  })
}
