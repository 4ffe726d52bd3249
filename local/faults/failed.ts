import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { capturedTables } from '../../pipeline/tables.ts'
import { checkoutDirectory } from '../engines/paths.ts'
import { readBucket } from '../failed-records/error-objects.ts'
import { understanding } from '../failed-records/understand.ts'
import type { LocalRun } from '../run/local-run.ts'

/** The records that failed since then, and how many of each name. */
export interface FailedSince {
  readonly size: number
  readonly byName: Readonly<Record<string, number>>
}

export function failedSince(run: LocalRun, since: Date): FailedSince {
  const { creates, truncates, namespace } = run.deployment
  const understand = understanding(capturedTables(run.declared), { creates, truncates, namespace: namespace.name })
  const { lines, notUnderstood } = readBucket(run.state.failedRecords)
  if (notUnderstood.length > 0) throw new Error(`the error bucket holds what is no error object: ${notUnderstood.join('; ')}`)
  const names = lines.filter(({ arrivalMs }) => arrivalMs >= since.getTime()).map((line) => understand(line).name)
  const byName: Record<string, number> = {}
  for (const name of names) byName[name] = (byName[name] ?? 0) + 1
  return { size: names.length, byName }
}

/** What `npm run errors -- replay` does; that some records have no row to read again (1) is for the comparison to judge. @throws Error when it fails */
export function replayFailed(dataDirectory: string, since: Date): Promise<void> {
  const args = ['--import', 'tsx', join('local', 'errors.ts'), 'replay', '--data', dataDirectory, '--since', since.toISOString()]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: checkoutDirectory, maxBuffer: 16 * 2 ** 20 }, (error, _output, complaint) => {
      if (error && error.code !== 1) reject(new Error(`npm run errors -- replay failed: ${complaint.trim()}`))
      else resolve()
    })
  })
}
