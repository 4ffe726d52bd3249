import { DeleteTopicCommand, DescribeTopicCommand, KafkaClient } from '@aws-sdk/client-kafka'
import { DeleteConnectorCommand, DescribeConnectorCommand, KafkaConnectClient, ListConnectorsCommand } from '@aws-sdk/client-kafkaconnect'
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data'
import { mockClient } from 'aws-sdk-client-mock'
import { ensureSlotForgotten } from '../../../handlers/provision/ensure-slot-forgotten.ts'
import { offsetsTopic } from '../../../pipeline/names.ts'
import { asked, clusterArn, place } from './asked.ts'
import { arn, described, summary } from './connector/connector-answers.ts'
import { serviceException } from './service-exception.ts'

const rdsData = mockClient(RDSDataClient)
const kafka = mockClient(KafkaClient)
const kafkaConnect = mockClient(KafkaConnectClient)

/** What there is. */
let slot: { active: string; wal_status: string } | undefined
let connector: 'RUNNING' | 'FAILED' | 'DELETING' | undefined
let topic: boolean
/** What was done, in order. */
let did: string[]
beforeEach(() => {
  slot = { active: 'false', wal_status: 'lost' }
  connector = 'FAILED'
  topic = true
  did = []
  for (const client of [rdsData, kafka, kafkaConnect]) client.reset()
  rdsData.on(ExecuteStatementCommand).callsFake(({ sql }: { sql: string }) => {
    if (sql.includes('pg_drop_replication_slot')) {
      did.push('drop the slot')
      slot = undefined
      return { formattedRecords: '[]' }
    }
    if (sql.includes('INSERT INTO')) {
      did.push('note the tables')
      return { numberOfRecordsUpdated: 2 }
    }
    return { formattedRecords: JSON.stringify(slot ? [{ ...slot, lag: '0', held: '0' }] : []) }
  })
  kafkaConnect.on(ListConnectorsCommand).callsFake(() => ({ connectors: connector ? [summary()] : [] }))
  kafkaConnect.on(DescribeConnectorCommand, { connectorArn: arn }).callsFake(() => described({ connectorState: connector }))
  kafkaConnect.on(DeleteConnectorCommand).callsFake(() => {
    did.push('delete the connector')
    connector = 'DELETING'
    return {}
  })
  kafka.on(DescribeTopicCommand, { ClusterArn: clusterArn, TopicName: offsetsTopic }).callsFake(() => {
    if (!topic) throw serviceException('NotFoundException', 'no topic', 404)
    return { TopicName: offsetsTopic, Status: 'ACTIVE', PartitionCount: 1, ReplicationFactor: 2 }
  })
  kafka.on(DeleteTopicCommand).callsFake(() => {
    did.push('delete the offsets')
    topic = false
    return {}
  })
})

test('the tables are noted first, then the connector goes, then the slot, then the offsets', async () => {
  const first = await ensureSlotForgotten(asked(), place)
  expect(first).toMatchObject({ ready: false, seen: expect.stringContaining('DELETING') })
  expect(did).toEqual(['note the tables', 'delete the connector'])
  const second = await ensureSlotForgotten(asked(first), place)
  expect(second.ready).toBe(false)
  expect(did).toHaveLength(2)
  connector = undefined
  const third = await ensureSlotForgotten(asked(second), place)
  expect(third.ready).toBe(false)
  expect(did.slice(2)).toEqual(['drop the slot', 'delete the offsets'])
  const last = await ensureSlotForgotten(asked(third), place)
  expect(last).toMatchObject({
    ready: true,
    did: [
      'noted that 2 tables lack changes',
      'dropped the replication slot debezium_slot',
      `deleted the connector ${place.plan.connector.name}`,
      `deleted the topic ${offsetsTopic}`,
    ],
  })
  expect(did).toHaveLength(4)
})

test('where all of it is gone already, the tables are noted', async () => {
  slot = undefined
  connector = undefined
  topic = false
  expect(await ensureSlotForgotten(asked(), place)).toMatchObject({ ready: true, did: ['noted that 2 tables lack changes'] })
})

test('a slot that is being read is not lost: nothing is touched', async () => {
  slot = { active: 'true', wal_status: 'extended' }
  connector = 'RUNNING'
  expect(await ensureSlotForgotten(asked(), place)).toMatchObject({
    ready: true,
    did: [],
    already: ['the slot debezium_slot is being read: nothing is lost'],
  })
  expect(did).toEqual([])
})

test('a slot that is still being read after the connector is gone is waited for', async () => {
  connector = undefined
  rdsData.on(ExecuteStatementCommand).callsFake(({ sql }: { sql: string }) => {
    if (sql.includes('pg_drop_replication_slot'))
      throw serviceException('DatabaseErrorException', 'ERROR: replication slot "debezium_slot" is active for PID 7; SQLState: 55006', 400)
    return sql.includes('INSERT INTO')
      ? { numberOfRecordsUpdated: 2 }
      : { formattedRecords: JSON.stringify([{ active: 'true', wal_status: 'lost', lag: '0', held: '0' }]) }
  })
  expect(await ensureSlotForgotten(asked(), place)).toMatchObject({ ready: false, seen: expect.stringContaining('it is still being read') })
  expect(did).toEqual([])
})
