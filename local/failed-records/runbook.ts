import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrorName } from '../../pipeline/errors.ts'
import { checkoutDirectory } from '../engines/paths.ts'

/** Headings of the runbook for Firehose's own codes, which are many and open-ended: by how they begin. */
const headingsOfCodes = [
  ['Lambda.RecordTooLarge', 'failed-validation'],
  ['Lambda.', 'transform-errors'],
  ['Iceberg.', 'rows-failed'],
] as const

/** The runbook's heading for the name of a failed record. */
export function headingOf(name: string): string {
  if (isErrorName(name)) return name
  return headingsOfCodes.find(([start]) => name.startsWith(start))?.[1] ?? 'error-bucket'
}

/** What the runbook says under a heading, without it; undefined: it has no such heading. */
export function runbookSection(heading: string): string | undefined {
  const text = readFileSync(join(checkoutDirectory, 'docs', 'runbook.md'), 'utf8')
  const lines = text.split('\n')
  const at = lines.indexOf(`### ${heading}`)
  if (at === -1) return undefined
  const end = lines.findIndex((line, index) => index > at && /^#{1,3} /.test(line))
  return lines
    .slice(at + 1, end === -1 ? undefined : end)
    .join('\n')
    .trim()
}
