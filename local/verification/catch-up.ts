import { setTimeout as sleep } from 'node:timers/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { ClientBase } from 'pg'
import { PipelineError } from '../../pipeline/errors.ts'
import { canaryTable, replicationSlot } from '../../pipeline/names.ts'
import { touchCanaryStatement } from '../../pipeline/source-sql.ts'
import { canaryCapturedTable } from '../../pipeline/tables.ts'
import { errorCode } from '../engines/error-code.ts'
import { quoteIdentifier } from '../iceberg/iceberg-type.ts'
import { deliveryStatus } from '../run/delivery.ts'

export interface CatchUp {
  readonly client: ClientBase
  readonly connection: DuckDBConnection
  /** `"catalog"."namespace"`, quoted. */
  readonly namespace: string
  readonly timeoutMs: number
  /** Tells, when waiting is in vain, what the delivery says. */
  readonly deliveryUri?: string
}

/** The canary's row that verification touches. */
const canaryName = 'verify'

/**
 * Waits until everything that the source had committed is in the Iceberg tables, but for other tables of the very batch that brought the
 * canary: a value is written to the canary at the source and awaited in Iceberg, and the topic is one partition in the WAL's order.
 * Answers the LSN that was waited for.
 * @throws PipelineError `NotCaughtUp` with the hop at which it is known to be missing, `SourceNotReady` where the canary is gone
 */
export async function catchUp(settings: CatchUp): Promise<string> {
  const { client, connection, timeoutMs } = settings
  // Microseconds, so that two touches are never the same.
  const value = BigInt(Date.now()) * 1000n + (process.hrtime.bigint() % 1000n)
  await touchCanary(client, String(value))
  const { rows } = await client.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn')
  const lsn = rows[0]?.lsn ?? ''
  const deadline = Date.now() + timeoutMs
  let seen: bigint | undefined
  let unreadable: string | undefined
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 1.5, 1000)) {
    try {
      seen = await canaryValue(connection, settings.namespace)
      unreadable = undefined
    } catch (error) {
      unreadable = unansweredBy(error)
    }
    if (seen !== undefined && seen >= value) return lsn
    if (Date.now() + pauseMs > deadline) break
    await sleep(pauseMs)
  }
  const reason = unreadable === undefined ? '' : ` The Iceberg catalog cannot be read: ${unreadable}.`
  throw new PipelineError('NotCaughtUp', `${await whereItStopped(settings, lsn, seen)}${reason}`)
}

/** PostgreSQL's codes for a table and for a schema that does not exist. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const missing = new Set(['42P01', '3F000'])

async function touchCanary(client: ClientBase, value: string): Promise<void> {
  try {
    await client.query(touchCanaryStatement, [canaryName, value])
  } catch (cause) {
    if (!missing.has(String(errorCode(cause)))) throw cause
    throw new PipelineError(
      'SourceNotReady',
      `The table ${canaryTable.schema}.${canaryTable.name} is not there any more: what the pipeline had created at the source was removed, as npm start -- --detach does, perhaps from another data folder. ` +
        'Its replication slot went with it, so no change arrives from then on. Stop the run (Ctrl-C) and begin again with a new initial snapshot: npm start -- --reset, with the options of the run.',
      { cause },
    )
  }
}

/** A catalog that was killed is back in a moment; any other failure is thrown. */
function unansweredBy(error: unknown): string {
  const [, what] = /\bIO Error: ([^\n]+)/.exec(String(error)) ?? []
  if (what === undefined) throw error
  return what
}

async function canaryValue(connection: DuckDBConnection, namespace: string): Promise<bigint | undefined> {
  const table = `${namespace}.${quoteIdentifier(canaryCapturedTable.iceberg)}`
  const reader = await connection.runAndReadAll(`SELECT max(value) FROM ${table} WHERE name = '${canaryName}'`)
  const value = reader.getRows()[0]?.[0]
  return typeof value === 'bigint' ? value : undefined
}

async function whereItStopped({ client, deliveryUri, timeoutMs }: CatchUp, lsn: string, seen: bigint | undefined): Promise<string> {
  const { rows } = await client.query<{ active: string; read: string }>(
    `SELECT active::text AS active, (confirmed_flush_lsn >= $2::pg_lsn)::text AS read FROM pg_replication_slots WHERE slot_name = $1`,
    [replicationSlot, lsn],
  )
  const slot = rows[0]
  const last =
    seen === undefined
      ? 'no earlier one arrived either'
      : `the last one that arrived was written ${new Date(Number(seen / 1000n)).toISOString()}`
  const parts = [`The canary written at LSN ${lsn} is not in Iceberg after ${timeoutMs / 1000} s (${last}).`]
  if (!slot)
    parts.push(
      `There is no replication slot ${replicationSlot}: the connector does not run, or the source was detached (npm start -- --detach).`,
    )
  else if (slot.active !== 'true')
    parts.push(`Nothing reads the replication slot ${replicationSlot}: the connector does not run, or is still in its initial snapshot.`)
  else if (slot.read !== 'true')
    parts.push('The connector reads the slot and has not confirmed that LSN: it is behind, or idle between two confirmations.')
  else parts.push('The connector has confirmed that LSN: it is in the topic, and the delivery is behind.')
  if (deliveryUri !== undefined) parts.push(await deliveryState(deliveryUri))
  return parts.join(' ')
}

async function deliveryState(uri: string): Promise<string> {
  try {
    const { buffered, lastError, partitions } = await deliveryStatus(uri)
    const offsets = partitions.map(({ deliveredOffset, endOffset }) => `${deliveredOffset} of ${endOffset}`).join(', ')
    return `The delivery has delivered up to offset ${offsets} (${buffered} records buffered)${lastError ? `; its last error: ${lastError.message}` : ''}.`
  } catch (error) {
    return `The delivery does not answer (${error instanceof Error ? error.message : String(error)}).`
  }
}
