import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { PipelineError } from '../../pipeline/errors.ts'
import { replicationSlot } from '../../pipeline/names.ts'
import { type Finding, sourceFindings as findingsOf } from '../../pipeline/source-check.ts'
import { slotQuery } from '../../pipeline/source-sql.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { sourceQuery } from './query.ts'

/**
 * Checks a database before anything is created in it; changes nothing.
 * @throws PipelineError `SourceNotReady` with all findings, each with its repair
 */
export async function checkSource(client: ClientBase, tables: readonly CapturedTable[]): Promise<void> {
  const findings = await sourceFindings(client, tables)
  if (findings.length === 0) return
  const lines = findings.map(({ problem, repair }) => `- ${problem}\n    ${repair}`)
  throw new PipelineError('SourceNotReady', `The source cannot be captured yet:\n  ${lines.join('\n  ')}`)
}

/**
 * Sees to it that nothing reads the slot before this run's connector does: a second reader would wait for ever, and take tables out of the
 * publication that the first one captures. The connector of a run that ended a moment ago is waited for.
 * @throws PipelineError `SourceNotReady`
 */
export async function refuseOtherReader(client: ClientBase, patienceMs = 10_000): Promise<void> {
  const deadline = Date.now() + patienceMs
  while ((await client.query<{ active: string }>(slotQuery)).rows[0]?.active === 'true') {
    if (Date.now() > deadline) {
      throw new PipelineError(
        'SourceNotReady',
        `The replication slot ${replicationSlot} is being read already: another run, or a deployed connector, captures this database. Stop that one first`,
      )
    }
    await sleep(200)
  }
}

/** All that keeps these tables from being captured; empty: nothing. */
export function sourceFindings(client: ClientBase, tables: readonly CapturedTable[]): Promise<Finding[]> {
  return findingsOf(sourceQuery(client), tables)
}
