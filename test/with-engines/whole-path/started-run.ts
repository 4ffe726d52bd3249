import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import type { DeliveryStatus } from '../../../local/delivery/status.ts'
import { duckdbExtensions } from '../../../local/engines/paths.ts'
import type { Supervised } from '../../../local/engines/supervisor.ts'
import { type Lake, openLake } from '../../../local/iceberg/duckdb.ts'
import { quoteIdentifier } from '../../../local/iceberg/iceberg-type.ts'
import { deliveryStatus } from '../../../local/run/delivery.ts'
import { LocalRun } from '../../../local/run/local-run.ts'
import type { RunOptions } from '../../../local/run/run-options.ts'
import { withSource } from '../../../local/run/source.ts'
import { runStages, type Stage } from '../../../local/run/stages.ts'
import { catchUp } from '../../../local/verification/catch-up.ts'
import { type VerificationReport, verifyTables } from '../../../local/verification/verify-tables.ts'

/** A run that streams, in this process, and what tests ask of it. */
export interface StartedRun {
  readonly run: LocalRun
  readonly lake: Lake
  /** Compares every captured table once all has arrived. */
  verify(): Promise<VerificationReport>
  /** Waits until what is committed at the source now is in Iceberg. */
  awaitCaughtUp(timeoutMs: number): Promise<void>
  /** Does something at the source on a connection of its own. */
  atSource<T>(act: (client: Client) => Promise<T>): Promise<T>
  /** Rows of a query over the Iceberg tables, every value as text; `$` stands for the namespace. */
  query(sql: string): Promise<unknown[][]>
  engine(name: string): Supervised
  delivery(): Promise<DeliveryStatus>
  stop(): Promise<void>
}

const patienceMs = 240_000

/**
 * Starts a run in a throw-away folder; when it cannot be started, nothing of it is left.
 * @param before done once everything runs that the last execution needs
 */
export async function startRun(
  dataDirectory: string,
  options: Partial<RunOptions> = {},
  before?: (run: LocalRun) => Promise<void>,
): Promise<StartedRun> {
  const run = await LocalRun.open({ dataDirectory, explicitData: true, reset: false, ...options })
  try {
    await runStages(before ? withBefore(run, before) : run.stages(), {})
    const { catalogUri, tableBucket: bucket, namespace, deliveryUri } = run.state
    const lake = await openLake({ catalogUri, extensionDirectory: duckdbExtensions, bucket, memoryLimit: '400MB' })
    const quotedNamespace = `${quoteIdentifier(lake.catalogName)}.${quoteIdentifier(namespace)}`
    const atSource: StartedRun['atSource'] = (act) => withSource(run.source, act)
    return {
      run,
      lake,
      atSource,
      verify: () => verifyTables({ source: run.source.url, lake, namespace, tables: run.declared, timeoutMs: patienceMs, deliveryUri }),
      async awaitCaughtUp(timeoutMs) {
        const connection = await lake.connect()
        try {
          await atSource((client) => catchUp({ client, connection, namespace: quotedNamespace, timeoutMs, deliveryUri }))
        } finally {
          connection.closeSync()
        }
      },
      async query(sql) {
        const connection = await lake.connect()
        try {
          return (await connection.runAndReadAll(sql.replaceAll('$', quotedNamespace))).getRowsJson()
        } finally {
          connection.closeSync()
        }
      },
      engine(name) {
        const found = run.processes.running.find((process) => process.name === name)
        if (!found) throw new Error(`no ${name} was started`)
        return found
      },
      delivery: () => deliveryStatus(deliveryUri),
      async stop() {
        lake.close()
        await run.stop()
      },
    }
  } catch (error) {
    await run.stop()
    throw error
  }
}

/** The stages of a run, with something done between its engines and its last execution. */
function withBefore(run: LocalRun, before: (run: LocalRun) => Promise<void>): Stage<object>[] {
  const stages = run.stages()
  const parallel = stages.at(-1)?.parallel ?? []
  const engines = { title: 'What delivers', parallel: parallel.slice(0, -1) }
  return [...stages.slice(0, -1), engines, { title: 'Before', run: () => before(run) }, ...parallel.slice(-1)]
}

/** Looks until something is there. */
export async function eventually<T>(look: () => Promise<T | undefined> | T | undefined, timeoutMs: number, what: string): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`${what}: not after ${timeoutMs / 1000} s`)
    await sleep(50)
  }
}
