import {
  type ConnectorState,
  DescribeConnectorCommand,
  KafkaConnectClient,
  ListConnectorOperationsCommand,
  ListConnectorsCommand,
  RestartConnectorCommand,
} from '@aws-sdk/client-kafkaconnect'
import { mockClient } from 'aws-sdk-client-mock'
import { handler } from '../../../handlers/restart/restart-connector.ts'

const kafkaConnect = mockClient(KafkaConnectClient)
const connectorArn = 'arn:aws:kafkaconnect:us-east-1:111122223333:connector/cdc/0-1'
const rotation = { time: '2026-11-22T12:00:00Z', detail: { eventName: 'RotationSucceeded' } }

let logged: string[]
beforeEach(() => {
  // Compiled in by the bundler.
  Object.assign(globalThis, { CONNECTOR_NAME: 'cdc' })
  kafkaConnect.reset()
  kafkaConnect.on(ListConnectorsCommand).resolves({
    connectors: [
      { connectorArn: 'other', connectorName: 'cdc-2' },
      { connectorArn, connectorName: 'cdc' },
    ],
  })
  kafkaConnect.on(ListConnectorOperationsCommand).resolves({ connectorOperations: [] })
  kafkaConnect.on(RestartConnectorCommand).resolves({ connectorArn, connectorOperationArn: 'operation' })
  logged = []
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((line) => logged.push(String(line)) > 0)
})
afterEach(() => jest.restoreAllMocks())

const is = (connectorState: ConnectorState) => kafkaConnect.on(DescribeConnectorCommand, { connectorArn }).resolves({ connectorState })
const restarts = () => kafkaConnect.commandCalls(RestartConnectorCommand).map(({ args }) => args[0].input)

test('a connector that runs is restarted, all of it', async () => {
  is('RUNNING')
  await handler(rotation)
  expect(restarts()).toEqual([{ connectorArn }])
  expect(logged.join('')).toContain('restarted the connector')
})

test.each(['FAILED', 'PAUSED', 'PAUSING', 'DELETING'] as const)('one that is %s is left alone, and that is told', async (state) => {
  is(state)
  await handler(rotation)
  expect(restarts()).toEqual([])
  expect(logged.join('')).toContain(`the connector is ${state}: it is not restarted`)
})

test('where there is none nothing is done', async () => {
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [{ connectorArn: 'other', connectorName: 'cdc-2' }] })
  await handler(rotation)
  expect(restarts()).toEqual([])
  expect(logged.join('')).toContain('there is no connector to restart')
})

test.each(['CREATING', 'UPDATING', 'RESUMING'] as const)('while it is %s Lambda is to ask again', async (state) => {
  is(state)
  await expect(handler(rotation)).rejects.toThrow(`The connector cdc is ${state}, and cannot be restarted until that is over`)
  expect(restarts()).toEqual([])
})

const operation = (time: string, connectorOperationState: 'RESTART_IN_PROGRESS' | 'RESTART_FAILED', type = 'RESTART_CONNECTOR' as const) =>
  kafkaConnect.on(ListConnectorOperationsCommand).resolves({
    connectorOperations: [{ creationTime: new Date(time), connectorOperationState, connectorOperationType: type }],
  })

test('an event that comes twice restarts once', async () => {
  is('RESTARTING')
  operation('2026-11-22T12:00:01Z', 'RESTART_IN_PROGRESS')
  await handler(rotation)
  expect(restarts()).toEqual([])
})

test.each([
  ['before the rotation', '2026-11-22T11:59:59Z', 'RESTART_IN_PROGRESS'],
  ['that failed', '2026-11-22T12:00:01Z', 'RESTART_FAILED'],
] as const)('a restart %s does not count', async (_which, time, state) => {
  is('RUNNING')
  operation(time, state)
  await handler(rotation)
  expect(restarts()).toEqual([{ connectorArn }])
})
