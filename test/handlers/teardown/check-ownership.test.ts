import {
  DescribeConnectorCommand,
  type DescribeConnectorResponse,
  KafkaConnectClient,
  ListConnectorsCommand,
} from '@aws-sdk/client-kafkaconnect'
import { mockClient } from 'aws-sdk-client-mock'
import { checkOwnership } from '../../../handlers/teardown/check-ownership.ts'
import { asked, place } from '../provision/asked.ts'
import { described, summary } from '../provision/connector/connector-answers.ts'
import { type AtSource, acted, rdsData, source } from './source-answers.ts'

const kafkaConnect = mockClient(KafkaConnectClient)
const { name } = place.plan.connector
const ours: AtSource = { schema: 'ours', publication: 'ours', slot: { active: 'true' } }

beforeEach(() => {
  rdsData.reset()
  kafkaConnect.reset()
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [] })
})

function connector(change: Partial<DescribeConnectorResponse> = {}): void {
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [summary(change)] })
  kafkaConnect.on(DescribeConnectorCommand).resolves(described(change))
}

/** Asks the step, which must change nothing whatever it says. */
async function check(drain = true) {
  const asking = checkOwnership({ ...asked(), previous: null, request: { tearDown: name, drain } }, place)
  await asking.catch(() => undefined)
  expect(acted()).toEqual([])
  return await asking
}

test('of a running pipeline all is its own, and what was committed is waited for', async () => {
  source(ours)
  connector()
  expect(await check()).toMatchObject({
    ready: true,
    drains: true,
    undelivered: null,
    lsn: '0/16B3748',
    seen: `found the connector ${name}, the schema, the publication, the slot`,
  })
})

test('where nothing is left, nothing is waited for, and nothing is missing', async () => {
  source({})
  expect(await check()).toMatchObject({
    drains: false,
    undelivered: null,
    seen: 'nothing of the pipeline is at the source, and there is no connector',
  })
})

test.each<[string, AtSource, string]>([
  ['a schema without the mark', { schema: 'another' }, 'the schema cdc was not created by this pipeline'],
  ['a publication without the mark', { schema: 'ours', publication: 'another' }, 'the publication dbz_publication was not created'],
  ['a slot with nothing marked beside it', { slot: {} }, 'the replication slot debezium_slot of the database shop cannot be told'],
  ['a slot of another database', { ...ours, slot: { here: 'false', database: 'other' } }, 'of the database other cannot be told'],
  ['a slot of another plugin', { ...ours, slot: { plugin: 'wal2json' } }, "SELECT pg_drop_replication_slot('debezium_slot')"],
  [
    "somebody's table in the schema",
    { ...ours, strangers: ['report', 'totals'] },
    "the schema cdc holds what is not the pipeline's: report, totals",
  ],
])('%s is refused before anything is changed', async (_what, there, says) => {
  source(there)
  connector()
  await expect(check()).rejects.toMatchObject({ name: 'NotOurs', message: expect.stringContaining(says) })
})

test('a connector of that name with another role is refused', async () => {
  source(ours)
  connector({ serviceExecutionRoleArn: 'arn:aws:iam::111122223333:role/somebody' })
  await expect(check()).rejects.toMatchObject({
    name: 'NotOurs',
    message: expect.stringContaining('role/somebody, which is not this deployment'),
  })
})

test('everything that is not ours is told at once', async () => {
  source({ schema: 'another', publication: 'another', slot: {} })
  await expect(check()).rejects.toThrow(/the schema cdc [^]+the publication dbz_publication [^]+the replication slot debezium_slot /)
})

test.each(['FAILED', 'PAUSED'] as const)('a connector that is %s is not waited for in vain', async (connectorState) => {
  source(ours)
  connector({ connectorState })
  await expect(check()).rejects.toMatchObject({
    name: 'NotDrained',
    message: expect.stringMatching(new RegExp(`is ${connectorState}: .+ with the input \\{"tearDown":"${name}","drain":false\\}$`)),
  })
  expect(await check(false)).toMatchObject({ drains: false, undelivered: expect.stringContaining('asked not to wait') })
})

test('after a connector that is gone already, what may be missing is told', async () => {
  source(ours)
  expect(await check()).toMatchObject({ drains: false, undelivered: expect.stringContaining('had been deleted before') })
  connector({ connectorState: 'DELETING' })
  expect(await check()).toMatchObject({ drains: false, undelivered: expect.stringContaining('had been deleted before') })
})

test('a slot whose WAL is lost cannot be drained, and that is told', async () => {
  source({ ...ours, slot: { lost: 'true' } })
  connector()
  expect(await check()).toMatchObject({ drains: false, undelivered: expect.stringContaining('changes since then are missing') })
})
