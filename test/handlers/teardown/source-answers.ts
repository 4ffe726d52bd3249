import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data'
import { mockClient } from 'aws-sdk-client-mock'
import { serviceException } from '../provision/service-exception.ts'

/** What is at the source under the pipeline's names; nothing, unless given. */
export interface AtSource {
  schema?: 'ours' | 'another'
  publication?: 'ours' | 'another'
  slot?: Partial<Record<'plugin' | 'database' | 'active' | 'here' | 'lost', string>>
  strangers?: string[]
  drain?: Record<'active' | 'confirmed' | 'behind', string>
  /** SQLSTATE with which a statement that holds these words is refused, by user's secret or for all. */
  refuses?: { words: string; state: string; secret?: string }
}

export const rdsData = mockClient(RDSDataClient)

/** Statements other than queries, and queries that act, in order: the secret and the first words. */
export const acted = () =>
  rdsData.commandCalls(ExecuteStatementCommand).flatMap(({ args: [{ input }] }) => {
    const sql = (input.sql ?? '').replaceAll(/\s+/g, ' ').trim()
    return sql.startsWith('DO ') || sql.includes('pg_drop_replication_slot') ? [{ secret: input.secretArn, sql }] : []
  })

/** The Data API in front of a source with these things. */
export function source({ schema, publication, slot, strangers = [], drain, refuses }: AtSource): void {
  const answers: [words: string, rows: object[]][] = [
    ["'pg_namespace') =", schema ? [{ ours: String(schema === 'ours') }] : []],
    ['pg_publication p', publication ? [{ publishes_everything: 'true', ours: String(publication === 'ours'), tables: '[]' }] : []],
    ['relkind IN', strangers.map((name) => ({ name }))],
    ['AS behind', drain ? [drain] : []],
    ['pg_drop_replication_slot', [{ dropped: '' }]],
    [
      'wal_status',
      slot
        ? [{ plugin: 'pgoutput', database: 'shop', active: 'false', here: 'true', lost: 'false', confirmed: '0/1', reader: null, ...slot }]
        : [],
    ],
    ['pg_current_wal_lsn', [{ lsn: '0/16B3748' }]],
  ]
  rdsData.on(ExecuteStatementCommand).callsFake(({ sql = '', secretArn }: { sql?: string; secretArn?: string }) => {
    if (refuses && sql.includes(refuses.words) && (refuses.secret ?? secretArn) === secretArn)
      throw serviceException('DatabaseErrorException', `ERROR: refused; SQLState: ${refuses.state}`)
    const answer = answers.find(([words]) => sql.includes(words))
    return answer ? { formattedRecords: JSON.stringify(answer[1]) } : { numberOfRecordsUpdated: 0 }
  })
}
