import type { ClientBase } from 'pg'
import { replicationSlot } from '../../pipeline/names.ts'

/**
 * What keeps the replication slot from being created, as a sentence: PostgreSQL waits for every transaction that wrote something and was
 * open when the creation began. Undefined: nothing does.
 */
export async function slotObstacle(client: ClientBase): Promise<string | undefined> {
  const { rows } = await client.query<{ pid: string; whose: string }>(obstacleQuery)
  if (rows.length === 0) return undefined
  const sessions = rows.map(({ pid, whose }) => `${pid} (${whose})`).join(', ')
  return (
    `PostgreSQL creates the replication slot ${replicationSlot} once the transactions that were open have ended; it waits for the session ${sessions}. ` +
    `Commit there, or end it: SELECT pg_terminate_backend(${rows[0]?.pid})`
  )
}

// Of other roles' sessions an ordinary role sees no more than process and user.
const obstacleQuery = `
  SELECT holder.pid::text AS pid,
         concat_ws(', ', holder.usename, nullif(holder.application_name, ''),
                   'since ' || to_char(holder.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')) AS whose
    FROM pg_stat_activity waiting
    CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking(pid)
    JOIN pg_stat_activity holder ON holder.pid = blocking.pid
   WHERE waiting.query LIKE 'CREATE_REPLICATION_SLOT "${replicationSlot}"%'
   ORDER BY holder.xact_start NULLS LAST, holder.pid`
