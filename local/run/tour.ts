import { setTimeout as sleep } from 'node:timers/promises'
import { duckdbExtensions } from '../engines/paths.ts'
import { type Lake, openLake } from '../iceberg/duckdb.ts'
import { openQuerySession, type QuerySession } from '../query/session.ts'
import { textReport } from '../verification/text-report.ts'
import { verifyTables } from '../verification/verify-tables.ts'
import type { LocalRun } from './local-run.ts'
import { withSource } from './source.ts'
import { doSteps, stepCount, stepsDone } from './walkthrough.ts'
import { showViews, sourceAnswers } from './walkthrough-view.ts'

/** The tables of a run, opened for questions. */
async function withLake<T>(run: LocalRun, use: (lake: Lake, session: QuerySession) => Promise<T>): Promise<T> {
  const { catalogUri, tableBucket: bucket, namespace } = run.state
  const lake = await openLake({ catalogUri, extensionDirectory: duckdbExtensions, bucket })
  try {
    const session = await openQuerySession({ lake, catalogUri, namespace })
    try {
      return await use(lake, session)
    } finally {
      session.close()
    }
  } finally {
    lake.close()
  }
}

/** How long the tables may take to catch up: what streams is there within seconds, an initial snapshot of a large table is not. */
const patienceMs = 30 * 60_000

/** Waits until the tables have caught up, compares all, and prints the result. */
async function areEqual(run: LocalRun, lake: Lake): Promise<boolean> {
  const { namespace, deliveryUri } = run.state
  const report = await verifyTables({ source: run.source.url, lake, namespace, tables: run.declared, timeoutMs: patienceMs, deliveryUri })
  console.log(`\n${textReport(report).trimEnd()}`)
  return report.equal
}

/** Snapshots are told apart by milliseconds: the moment that is travelled back to lies clearly between two batches. */
const betweenBatchesMs = 50

/**
 * The walkthrough: both sample tables before, the changes, both after, and both as they were before by time travel, each beside
 * PostgreSQL's own answer. What an earlier run did of it is not done again.
 * @returns whether every Iceberg table equals its source table and every answer shown was the same
 */
export async function showWalkthrough(run: LocalRun): Promise<boolean> {
  return withSource(run.source, (client) =>
    withLake(run, async (lake, session) => {
      let same = await areEqual(run, lake)
      const done = await stepsDone(client)
      if (done === stepCount) {
        console.log('\nThe walkthrough was done by an earlier run. Both tables now, by PostgreSQL and by Iceberg:')
        return (await showViews(session, await sourceAnswers(client))) && same
      }
      console.log(`\nBoth tables ${done === 0 ? 'after the initial snapshot' : 'where the last run left the walkthrough'}:`)
      const before = await sourceAnswers(client)
      same = (await showViews(session, before)) && same
      await sleep(betweenBatchesMs)
      const moment = new Date()
      await sleep(betweenBatchesMs)
      console.log('\nNow, at the source:')
      await doSteps(client, ({ title, sql }) => console.log(`  ${title}:  ${sql.split('\n')[0]}${sql.includes('\n') ? ' …' : ''}`))
      same = (await areEqual(run, lake)) && same
      console.log('\nBoth tables after the changes:')
      same = (await showViews(session, await sourceAnswers(client))) && same
      console.log('\nBoth tables as they were before, by time travel:')
      return (await showViews(session, before, moment)) && same
    }),
  )
}

/** With a database of one's own: waits until the tables have caught up, and compares them. */
export async function showTablesOnce(run: LocalRun): Promise<boolean> {
  return withLake(run, (lake) => areEqual(run, lake))
}
