import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { awaitQuery, startQuery } from '../../handlers/provision/athena.ts'
import type { DataApi } from '../../handlers/provision/data-api.ts'
import { canaryIcebergQuery } from '../../pipeline/athena-sql.ts'
import { walEndQuery, writeCanaryStatement } from '../../pipeline/canary-sql.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import { textOf } from '../../pipeline/source-query.ts'
import { canaryCapturedTable } from '../../pipeline/tables.ts'
import type { RepairPlace } from './bring-again.ts'

const now = () => new Date()

/** The canary's row of repairs. */
const canaryName = 'repair'

/**
 * Waits until what the source had committed is in Iceberg, as Athena sees it: a value written to the canary arrives after it. Answers the LSN.
 * @throws PipelineError `NotCaughtUp`, `QueryFailed`, those of `dataApi`
 */
export async function awaitArrival({ clients, plan }: RepairPlace, source: DataApi, deadline: number): Promise<string> {
  const value = String(BigInt(Date.now()) * 1000n + (process.hrtime.bigint() % 1000n))
  await source.execute(writeCanaryStatement, { name: canaryName, value })
  const [end] = await source.query(walEndQuery)
  if (!end) throw new Error('the source answered no LSN')
  const lsn = textOf(end, 'lsn')
  const sql = canaryIcebergQuery(plan, canaryCapturedTable.iceberg, canaryName)
  for (let pause = 500; ; pause = Math.min(pause * 2, 10_000)) {
    const look = await awaitQuery(clients.athena, await startQuery(clients.athena, plan, sql, randomUUID()), deadline, now)
    if (look.state === 'succeeded' && look.rows.some(([seen]) => seen !== undefined && BigInt(seen) >= BigInt(value))) return lsn
    if (Date.now() + pause > deadline) break
    await sleep(pause)
  }
  throw new PipelineError(
    'NotCaughtUp',
    `The rows were read again, and the canary written after them at LSN ${lsn} is not in Iceberg in the time given. Nothing is lost: npm run status names the hop that is behind.`,
  )
}
