import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data'
import { mockClient } from 'aws-sdk-client-mock'
import { checkSource, findingsText } from '../../../handlers/provision/check-source.ts'
import { outOfLineTables } from '../../../pipeline/source-check.ts'
import { parseTables } from '../../../pipeline/tables.ts'
import { asked, place } from './asked.ts'

const rdsData = mockClient(RDSDataClient)
beforeEach(() => rdsData.reset())

const aurora = {
  version: '160004',
  release: '16.4',
  rds: 'off',
  standby: 'false',
  wal_level: 'replica',
  max_slots: '20',
  other_slots: '20',
  max_senders: '20',
  other_senders: '20',
  role: 'cdc_owner',
  database: 'app',
  creates: 'true',
}

/** Aurora with its parameter group as it comes, and no table. */
function answer({ sql, secretArn }: { sql: string; secretArn: string }) {
  const role = secretArn === place.plan.source.debeziumSecret ? 'debezium' : 'cdc_owner'
  if (sql.includes('rds.logical_replication')) return { formattedRecords: JSON.stringify([aurora]) }
  const rights = { role, connects: 'true', replicates: 'false', unreadable: '[]' }
  return { formattedRecords: sql.includes('AS unreadable') ? JSON.stringify([rights]) : '[]' }
}

test('on Aurora the repairs are its parameter group’s and its role’s', async () => {
  rdsData.on(ExecuteStatementCommand).callsFake(answer)
  const { name, message } = await checkSource(asked(), place).then(
    () => new Error('nothing was found'),
    (error: Error) => error,
  )
  expect(name).toBe('SourceNotReady')
  expect(message).toContain(
    "- wal_level is replica, not logical (rds.logical_replication is off)\n    Set rds.logical_replication to 1 in the cluster's parameter group and reboot the writer",
  )
  expect(message).toContain(
    "(max_replication_slots)\n    Set max_replication_slots to 25 in the cluster's parameter group and reboot the writer",
  )
  expect(message).toContain('- debezium may not replicate\n    As an administrator: GRANT rds_replication TO "debezium"')
  expect(message).toContain('- public.orders does not exist')
})

test('more findings than the console shows are counted', () => {
  const text = findingsText(
    Array.from({ length: 400 }, (_, index) => ({ problem: `problem ${index} ${'x'.repeat(50)}`, repair: 'y'.repeat(50) })),
  )
  expect(text.length).toBeLessThan(25_000)
  expect(text).toMatch(/^The source cannot be captured yet; 400 things are to be repaired:\n- problem 0 /)
  expect(text).toMatch(/\n… and \d+ more: see the log of this step$/)
})

test('tables whose updates may lack a large value are named, unless their replica identity is full', () => {
  const table = (name: string, more: object) => ({
    schema: 'public',
    name,
    columns: [
      { name: 'id', type: 'text' },
      { name: 'n', type: 'integer' },
    ],
    primaryKey: ['id'],
    ...more,
  })
  const wide = {
    columns: [
      { name: 'id', type: 'integer' },
      { name: 'note', type: 'text' },
    ],
  }
  const tables = parseTables({ tables: [table('narrow', {}), table('wide', wide), table('whole', { ...wide, replicaIdentity: 'full' })] })
  expect(outOfLineTables(tables)).toEqual(['public.wide'])
})
