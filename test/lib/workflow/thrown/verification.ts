import { GetQueryExecutionCommand } from '@aws-sdk/client-athena'
import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { ExecuteStatementCommand } from '@aws-sdk/client-rds-data'
import { slotLossFilter } from '../../../../pipeline/snapshot-log.ts'
import type { SourceRow } from '../../../../pipeline/source-query.ts'
import { place } from '../../../handlers/provision/asked.ts'
import { aws, connector, query, rows } from './aws.ts'
import { pass, start, type ThrownRow } from './row.ts'
import { sourceAnswer } from './source.ts'

/** The source answers otherwise to the query that has these words. */
function source(words: string, otherwise: (row: SourceRow) => SourceRow | undefined, seconds = 0): () => void {
  return () =>
    void aws.rdsData.on(ExecuteStatementCommand).callsFake((statement) => {
      pass(seconds)
      const answer = sourceAnswer(statement)
      if (!statement.sql.includes(words)) return answer
      const found: SourceRow[] = JSON.parse(answer.formattedRecords ?? '[]')
      return { formattedRecords: JSON.stringify(found.map(otherwise).filter((row) => row !== undefined)) }
    })
}

/** A table whose snapshot was asked for by a signal, an hour ago. */
const signalled = () => source('AS covers', (row) => ({ ...row, reason: 'added', signal: 'sent', completed: 'false' }))()
const scanned = (rest: string) => {
  const message = `[Worker-0] [2026-11-22 11:30:00,000] INFO [Notification Service]  {id='sent', aggregateType='Incremental Snapshot', type='TABLE_SCAN_COMPLETED', additionalData={connector_name=aurora.cdc, data_collections=, scanned_collection=public.orders, ${rest}}, timestamp=1} (io.debezium:1)`
  aws.logs.on(FilterLogEventsCommand).resolves({ events: [{ eventId: String(Date.now()), timestamp: Date.now(), message }] })
}

/** As Debezium 3.7.0 says it. */
const notThere =
  'The connector is trying to read change stream starting at PostgresOffsetContext [], but this is no longer available on the server.'

/** A table that is re-synced, and was read. */
const resynced = source('AS covers', (row) => ({ ...row, reason: 'resync', signal: 'sent', scanned: 'true', completed: 'false' }))

const notRead = source('wal_status', (row) => ({ ...row, active: 'false' }))
const running = () =>
  void aws.athena.on(GetQueryExecutionCommand).callsFake(() => {
    pass(10)
    return { QueryExecution: { Status: { State: 'RUNNING' } } }
  })
const failedQuery = () => query({ State: 'FAILED', StateChangeReason: 'TABLE_NOT_FOUND' })

/** The source, its snapshot, and the smoke test. */
export const verificationRows: readonly ThrownRow[] = [
  {
    step: 'check-source',
    error: 'SourceNotReady',
    says: '- wal_level is replica, not logical',
    arrange: source('server_version_num', (row) => ({ ...row, wal_level: 'replica' })),
  },
  {
    step: 'check-source',
    error: 'SlotLost',
    says: 'start an execution with the input {"recover": "lost-slot"}',
    arrange: source('wal_status', (row) => ({ ...row, lost: 'true' })),
  },
  {
    step: 'ensure-slot-forgotten',
    error: 'SnapshotImpossible',
    input: { recover: 'lost-slot' },
    says: 'public.orders has rows and no primary key: copied again',
    arrange() {
      const tables = place.plan.tables.map((table) => ({ ...table, primaryKey: [] }))
      Object.assign(globalThis, { PROVISIONING_PLAN: { ...place.plan, tables } })
      source('wal_status', () => undefined)()
    },
  },
  {
    step: 'ensure-slot-forgotten',
    error: 'NotInTime',
    input: { recover: 'lost-slot' },
    says: 'Deleting the connector',
    look: 2,
    minutes: 61,
    arrange() {
      source('wal_status', () => undefined)()
      connector({ connectorState: 'DELETING' })
    },
  },
  {
    step: 'check-source',
    error: 'SnapshotImpossible',
    says: 'public.orders has rows and no primary key: it cannot be snapshotted beside the stream',
    // Captured by now, and read by no initial snapshot.
    arrange() {
      const tables = place.plan.tables.map((table) => ({ ...table, primaryKey: [], replicaIdentity: 'full' }))
      Object.assign(globalThis, { PROVISIONING_PLAN: { ...place.plan, tables } })
      aws.rdsData.on(ExecuteStatementCommand).callsFake((statement) => {
        const answer = sourceAnswer(statement)
        const otherwise = [
          ['AS identity_index', { primary_key: '[]' }],
          ['AS covers', { reason: null }],
        ] as const
        const [, change] = otherwise.find(([words]) => statement.sql.includes(words)) ?? []
        if (!change) return answer
        const found: SourceRow[] = JSON.parse(answer.formattedRecords ?? '[]')
        return { formattedRecords: JSON.stringify(found.map((row) => ({ ...row, ...change }))) }
      })
    },
  },
  {
    step: 'check-source',
    error: 'InvalidTables',
    says: 'app."odd(type"',
    arrange: source('AS generated', (row) => ({ ...row, type: 'app."odd(type"' })),
  },
  {
    step: 'ensure-source',
    error: 'SourceNotReady',
    says: 'The role debezium does not exist',
    arrange: source('pg_roles r', () => undefined),
  },
  {
    step: 'ensure-source',
    error: 'NotInTime',
    says: 'changes are left to be made at the source',
    look: 2,
    minutes: 31,
    // So slowly that no call comes to the first change.
    arrange: source('pg_publication p', () => undefined, 5),
  },
  {
    step: 'await-snapshot',
    error: 'SnapshotFailed',
    says: 'failed in its initial snapshot',
    // Debezium would have begun again by then.
    look: 2,
    minutes: 2,
    arrange() {
      notRead()
      const message = '[Worker-0] [2026-11-22 11:30:00,000] ERROR Error during snapshot (io.debezium:1)'
      aws.logs.on(FilterLogEventsCommand).resolves({ events: [{ eventId: '1', timestamp: start.getTime(), message }] })
    },
  },
  {
    step: 'await-snapshot',
    error: 'SlotLost',
    says: 'another one was made under its name',
    look: 3,
    minutes: 1,
    arrange() {
      notRead()
      const message = `[Worker-0] ERROR ${notThere}`
      // Two days ago.
      const events = [{ eventId: '1', timestamp: start.getTime() - 2 * 86_400_000, message }]
      aws.logs.on(FilterLogEventsCommand, { filterPattern: slotLossFilter }).resolves({ events })
    },
  },
  { step: 'await-snapshot', error: 'NotInTime', says: 'is not being read yet', look: 2, minutes: 36 * 60 + 1, arrange: notRead },
  {
    step: 'ensure-snapshot-requests',
    error: 'SnapshotImpossible',
    says: 'public.orders has rows and no primary key',
    arrange() {
      const tables = place.plan.tables.map((table) => ({ ...table, primaryKey: [] }))
      Object.assign(globalThis, { PROVISIONING_PLAN: { ...place.plan, tables } })
      source('AS covers', (row) => ({ ...row, reason: null }))()
    },
  },
  {
    step: 'ensure-tables-scanned',
    error: 'SnapshotImpossible',
    says: 'public.orders has no primary key as Debezium sees it',
    arrange() {
      signalled()
      scanned('total_rows_scanned=0, total_rows=0, status=NO_PRIMARY_KEY')
    },
  },
  {
    step: 'ensure-tables-scanned',
    error: 'SnapshotFailed',
    says: 'Debezium read no row of public.orders (UNKNOWN_SCHEMA)',
    look: 6,
    minutes: 1,
    arrange() {
      signalled()
      scanned('total_rows_scanned=0, total_rows=0, status=UNKNOWN_SCHEMA')
    },
  },
  {
    step: 'ensure-tables-scanned',
    error: 'NotInTime',
    says: '0 of 2 tables, 0 rows',
    look: 2,
    minutes: 36 * 60 + 1,
    arrange: signalled,
  },
  {
    step: 'ensure-vanished-removed',
    error: 'QueryFailed',
    says: 'TABLE_NOT_FOUND',
    arrange() {
      resynced()
      failedQuery()
    },
  },
  {
    step: 'ensure-vanished-removed',
    error: 'NotInTime',
    says: "public.orders: Athena's query q is RUNNING",
    look: 2,
    minutes: 12 * 60 + 1,
    arrange() {
      resynced()
      running()
    },
  },
  {
    step: 'ensure-vanished-removed',
    error: 'SnapshotFailed',
    says: 'public.orders: 1 rows came back while others were removed',
    look: 10,
    minutes: 16,
    arrange: () =>
      void aws.rdsData.on(ExecuteStatementCommand).callsFake((statement) => {
        const answer = sourceAnswer(statement)
        const found: SourceRow[] = JSON.parse(answer.formattedRecords ?? '[]')
        if (statement.sql.includes('AS count')) return { formattedRecords: '[{"count":"1"}]' }
        if (!statement.sql.includes('AS covers')) return answer
        return { formattedRecords: JSON.stringify(found.map((row) => ({ ...row, reason: 'resync', scanned: 'true', completed: 'false' }))) }
      }),
  },
  {
    step: 'await-canary',
    error: 'CanaryLost',
    says: 'It was last seen in the topic aurora.cdc.all-tables',
    look: 2,
    minutes: 31,
    arrange() {
      rows(['0', '2026-11-22 11:00:00.000000 UTC'])
      aws.rdsData
        .on(ExecuteStatementCommand)
        .callsFake((statement) =>
          statement.sql.includes('AS touched') ? { formattedRecords: '[{"value":"1","touched":"0"}]' } : sourceAnswer(statement),
        )
    },
  },
  { step: 'await-canary', error: 'QueryFailed', says: 'TABLE_NOT_FOUND', arrange: failedQuery },
  { step: 'await-row-counts', error: 'QueryFailed', says: 'TABLE_NOT_FOUND', arrange: failedQuery },
  {
    step: 'await-row-counts',
    error: 'NotInTime',
    says: "last seen: Athena's query q is RUNNING",
    look: 2,
    minutes: 31,
    arrange: running,
  },
]
