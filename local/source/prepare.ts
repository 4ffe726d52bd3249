import type { ClientBase } from 'pg'
import { PipelineError } from '../../pipeline/errors.ts'
import { replicationSlot } from '../../pipeline/names.ts'
import { type SourceAction, sourcePreparation } from '../../pipeline/source-preparation.ts'
import { slotQuery } from '../../pipeline/source-sql.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { errorCode } from '../engines/error-code.ts'
import { sourceQuery } from './query.ts'

/**
 * Creates at the source what capturing these tables needs: the schema `cdc`, replica identities where declared, the publication. Compares
 * first: prepared again, nothing happens. `role` is Debezium's, where it is another than the connected one. Announces everything before the first change, the slot included (Debezium creates that one).
 * @throws PipelineError `SourceNotReady`
 */
export async function prepareSource(
  client: ClientBase,
  tables: readonly CapturedTable[],
  { announce, role }: { announce: (sentence: string) => void; role?: string },
): Promise<readonly SourceAction[]> {
  const granted = role === undefined ? undefined : ({ role, on: 'everything' } as const)
  const { actions } = await sourcePreparation(sourceQuery(client), tables, granted)
  for (const { sentence } of actions) announce(sentence)
  const slot = await client.query(slotQuery)
  if (slot.rowCount === 0) announce(`let the connector create the replication slot ${replicationSlot}`)
  if (actions.length === 0) return []
  await client.query('BEGIN')
  try {
    // A table in use by a long transaction is reported, rather than every later query on it made to wait behind this one.
    await client.query("SET LOCAL lock_timeout = '10s'")
    for (const statement of actions.flatMap(({ statements }) => statements)) await client.query(statement)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw new PipelineError('SourceNotReady', preparationFault(error), { cause: error })
  }
  return actions
}

function preparationFault(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (errorCode(error) === '55P03') {
    return 'The source could not be prepared: a transaction held a table for more than 10 s (see pg_stat_activity). Nothing was changed; run this again'
  }
  return `The source could not be prepared: ${message}. Nothing was changed`
}
