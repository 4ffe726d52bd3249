import type { ExecuteStatementRequest, ExecuteStatementResponse } from '@aws-sdk/client-rds-data'
import type { SourceRow } from '../../../../pipeline/source-query.ts'
import { ownTables, publishedTables, type SourceTable } from '../../../../pipeline/source-sql.ts'
import { place } from '../../../handlers/provision/asked.ts'
import { start } from './row.ts'

const { plan } = place
const captured = plan.tables.filter(({ capture }) => capture)
const known: SourceTable[] = [...captured, ...ownTables]
const oid = ({ schema, name }: SourceTable) => String(1000 + known.findIndex((table) => table.schema === schema && table.name === name))

/** What the Data API answers of a source to which nothing is to be done, in the columns of each of the steps' queries. */
export function sourceAnswer({ sql = '', parameters = [] }: ExecuteStatementRequest): ExecuteStatementResponse {
  const given = Object.fromEntries(parameters.map(({ name, value }) => [name, value?.stringValue ?? '']))
  const answer = answers.find(([words]) => sql.includes(words))
  // Anything else is a statement; it changes a row.
  return answer ? { formattedRecords: JSON.stringify(answer[1](given)) } : { numberOfRecordsUpdated: 1 }
}

type Answer = (parameters: Readonly<Record<string, string>>) => readonly SourceRow[]

const answers: readonly (readonly [words: string, Answer])[] = [
  ['server_version_num', () => [server]],
  ['AS unreadable', () => [{ role: 'debezium', connects: 'true', replicates: 'true', unreadable: '[]' }]],
  ['AS role', () => [{ role: 'debezium' }]],
  ['AS identity_index', ({ tables = '[]' }) => namedTables(tables).map(tableRow)],
  ['AS generated', ({ tables = '[]' }) => columnRows(tables)],
  ['pg_publication p', () => [{ publishes_everything: 'true', ours: 'true', tables: JSON.stringify(publishedTables(captured)) }]],
  ['pg_roles r', () => [{ replication: 'false', rds: 'true', tables: 'false' }]],
  ["'pg_namespace') =", () => [{ ours: 'true' }]],
  [
    'wal_status',
    () => [
      {
        plugin: 'pgoutput',
        database: 'app',
        active: 'true',
        here: 'true',
        lost: 'false',
        reader: 'debezium',
        wal_status: 'reserved',
        lag: '0',
        held: '0',
      },
    ],
  ],
  ['AS any', () => [{ any: 'true' }]],
  ['AS readable', () => [{ readable: 'true' }]],
  ['AS there', () => [{ there: 'true', slot: 'true' }]],
  ['AS covers', ({ tables = '[]' }) => namedTables(tables).map(recordRow)],
  ['AS before', () => []],
  ['AS upto', () => [{ upto: null }]],
  ['AS count', () => [{ count: '0' }]],
  ['AS empty', () => [{ empty: 'false' }]],
  ['pg_current_wal_lsn', () => [{ lsn: '0/16B3748' }]],
  ['AS touched', () => []],
  ['AS confirmed', () => [{ active: 'true', confirmed: 'true' }]],
]

const server = {
  version: '160004',
  release: '16.4',
  rds: 'on',
  standby: 'false',
  wal_level: 'logical',
  max_slots: '20',
  other_slots: '0',
  max_senders: '20',
  other_senders: '0',
  role: 'cdc_owner',
  database: 'app',
  creates: 'true',
}

function namedTables(json: string): SourceTable[] {
  const named: SourceTable[] = JSON.parse(json)
  return named.filter((table) => known.some(({ schema, name }) => schema === table.schema && name === table.name))
}

function tableRow(table: SourceTable): SourceRow {
  const declared = captured.find(({ schema, name }) => schema === table.schema && name === table.name)
  return {
    oid: oid(table),
    schema: table.schema,
    name: table.name,
    partitioned: 'false',
    unlogged: 'false',
    primary_key: JSON.stringify(declared?.primaryKey ?? []),
    identity: 'd',
    identity_index: '[]',
    owned: 'true',
    selectable: 'true',
  }
}

/** Of a table that was snapshotted, and whose snapshot has arrived. */
function recordRow({ schema, name }: SourceTable): SourceRow {
  return {
    schema,
    name,
    reason: 'initial',
    signal: null,
    covers: 'true',
    same: 'true',
    same_table: 'true',
    requested: String(start.getTime() - 3_600_000),
    scanned: 'false',
    completed: 'true',
  }
}

function columnRows(oids: string): SourceRow[] {
  const wanted: string[] = JSON.parse(oids)
  return captured
    .filter((table) => wanted.includes(oid(table)))
    .flatMap((table) =>
      table.columns.map(({ name, type }, index) => ({
        table: oid(table),
        number: String(index + 1),
        name,
        type: type.text,
        kind: 'b',
        nullable: 'true',
        generated: 'false',
        base: null,
      })),
    )
}
