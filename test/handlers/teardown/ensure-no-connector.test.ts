import {
  BadRequestException,
  ConflictException,
  DeleteConnectorCommand,
  DescribeConnectorCommand,
  type DescribeConnectorResponse,
  KafkaConnectClient,
  ListConnectorsCommand,
  NotFoundException,
} from '@aws-sdk/client-kafkaconnect'
import { mockClient } from 'aws-sdk-client-mock'
import { ensureNoConnector } from '../../../handlers/teardown/ensure-no-connector.ts'
import { asked, place, waitedFor } from '../provision/asked.ts'
import { arn, described, summary } from '../provision/connector/connector-answers.ts'

const kafkaConnect = mockClient(KafkaConnectClient)
const { name } = place.plan.connector
const refusal = (message: string) => ({ message, $metadata: { httpStatusCode: 400 } })

beforeEach(() => {
  kafkaConnect.reset()
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [] })
  kafkaConnect.on(DeleteConnectorCommand).resolves({ connectorArn: arn, connectorState: 'DELETING' })
})

function there(change: Partial<DescribeConnectorResponse> = {}): void {
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [summary(change)] })
  kafkaConnect.on(DescribeConnectorCommand).resolves(described(change))
}

const deletions = () => kafkaConnect.commandCalls(DeleteConnectorCommand).map(({ args: [{ input }] }) => input)

test('it is deleted once, and waited for until it is gone', async () => {
  there()
  const deleting = await ensureNoConnector(asked(), place)
  expect(deleting).toMatchObject({ ready: false, did: [`deleted the connector ${name}`], seen: expect.stringContaining('DELETING') })
  there({ connectorState: 'DELETING' })
  const waiting = await ensureNoConnector(asked(deleting), place)
  expect(waiting).toMatchObject({ ready: false, did: deleting.did })
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [] })
  expect(await ensureNoConnector(asked(waiting), place)).toMatchObject({ ready: true, did: deleting.did, already: [] })
  expect(deletions()).toEqual([{ connectorArn: arn, currentVersion: 'K3T4TT2Z381HKD' }])
})

test('one that is not there, or only by the beginning of its name, is no work', async () => {
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [{ ...summary(), connectorName: `${name}-2` }] })
  expect(await ensureNoConnector(asked(), place)).toMatchObject({ ready: true, did: [], already: [`there is no connector ${name}`] })
  expect(deletions()).toEqual([])
})

test.each([
  ['UPDATING', new BadRequestException(refusal('The connector is UPDATING.'))],
  ['RUNNING', new ConflictException(refusal('conflict'))],
  ['RUNNING', new NotFoundException(refusal('gone'))],
] as const)('one that is %s and refused is looked at again', async (connectorState, error) => {
  there({ connectorState })
  kafkaConnect.on(DeleteConnectorCommand).rejects(error)
  expect(await ensureNoConnector(asked(), place)).toMatchObject({ ready: false, did: [] })
})

test('any other refusal is told, and the wait has an end', async () => {
  there()
  kafkaConnect.on(DeleteConnectorCommand).rejects(new BadRequestException(refusal('The version is not the current one.')))
  await expect(ensureNoConnector(asked(), place)).rejects.toThrow('not the current one')
  there({ connectorState: 'DELETING' })
  await expect(ensureNoConnector(asked(waitedFor(61)), place)).rejects.toMatchObject({ name: 'NotInTime' })
})
