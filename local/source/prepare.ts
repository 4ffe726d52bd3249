import type { ClientBase } from 'pg'
import { PipelineError } from '../../pipeline/errors.ts'
import { replicationSlot } from '../../pipeline/names.ts'
import { type GrantedRole, type SourceAction, sourcePreparation } from '../../pipeline/source-preparation.ts'
import { slotQuery } from '../../pipeline/source-sql.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { errorCode } from '../engines/error-code.ts'
import { sourceQuery } from './query.ts'

/**
 * Says what is missing at the source for these tables to be captured, before anything of it is created: the schema `cdc`, replica identities where
 * declared, the publication, and the replication slot, which Debezium creates. Changes nothing.
 */
export async function announcePreparation(
  client: ClientBase,
  tables: readonly CapturedTable[],
  { announce, granted }: { announce: (sentence: string) => void; granted?: GrantedRole | undefined },
): Promise<readonly SourceAction[]> {
  const { actions } = await sourcePreparation(sourceQuery(client), tables, granted)
  for (const { sentence } of actions) announce(sentence)
  const slot = await client.query(slotQuery)
  if (slot.rowCount === 0) announce(`let the connector create the replication slot ${replicationSlot}`)
  return actions
}

/**
 * Creates what is missing at the source, without the state machine that does so in the pipeline. Prepared again, nothing happens. `role` is
 * Debezium's, where it is another than the connected one.
 * @throws PipelineError `SourceNotReady`
 */
export async function prepareSource(
  client: ClientBase,
  tables: readonly CapturedTable[],
  { announce, role }: { announce: (sentence: string) => void; role?: string },
): Promise<readonly SourceAction[]> {
  const granted = role === undefined ? undefined : ({ role, on: 'everything' } as const)
  const actions = await announcePreparation(client, tables, { announce, granted })
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
