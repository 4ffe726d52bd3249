import { CloudWatchLogsClient, FilterLogEventsCommand, ResourceNotFoundException } from '@aws-sdk/client-cloudwatch-logs'
import {
  DescribeConnectorCommand,
  DescribeConnectorOperationCommand,
  type DescribeConnectorResponse,
  KafkaConnectClient,
  ListConnectorOperationsCommand,
  ListConnectorsCommand,
} from '@aws-sdk/client-kafkaconnect'
import { mockClient } from 'aws-sdk-client-mock'
import { awaitConnector } from '../../../handlers/provision/await-connector.ts'
import { asked, minutesAgo, place, waitedFor } from './asked.ts'
import { arn, described, summary, wanted } from './connector/connector-answers.ts'

const kafkaConnect = mockClient(KafkaConnectClient)
const logs = mockClient(CloudWatchLogsClient)
const { name, logGroup } = place.plan.connector

beforeEach(() => {
  kafkaConnect.reset()
  logs.reset()
  kafkaConnect.on(ListConnectorOperationsCommand).resolves({ connectorOperations: [] })
  logs.on(FilterLogEventsCommand).resolves({ events: [] })
})

function there(change: Partial<DescribeConnectorResponse> = {}): void {
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [summary(change)] })
  kafkaConnect.on(DescribeConnectorCommand, { connectorArn: arn }).resolves(described(change))
}

function operations(
  ...states: [minutes: number, state: 'UPDATE_COMPLETE' | 'UPDATE_FAILED' | 'ROLLBACK_COMPLETE' | 'ROLLBACK_FAILED'][]
): void {
  kafkaConnect.on(ListConnectorOperationsCommand, { connectorArn: arn, maxResults: 100 }).resolves({
    connectorOperations: states.map(([minutes, connectorOperationState], index) => ({
      connectorOperationArn: `operation-${index}`,
      connectorOperationType: 'UPDATE_CONNECTOR_CONFIGURATION' as const,
      connectorOperationState,
      creationTime: minutesAgo(minutes),
    })),
  })
  for (const [index, [, connectorOperationState]] of states.entries()) {
    kafkaConnect.on(DescribeConnectorOperationCommand, { connectorOperationArn: `operation-${index}` }).resolves({
      connectorOperationState,
      errorInfo: { code: 'UnknownError', message: `operation ${index} failed` },
    })
  }
}

test('one that runs is there', async () => {
  there()
  expect(await awaitConnector(asked(), place)).toMatchObject({ ready: true, seen: `the connector ${name} is RUNNING`, connectorArn: arn })
})

test.each(['CREATING', 'UPDATING', 'RESTARTING', 'DELETING', 'RESUMING'] as const)(
  'one that is %s is waited for',
  async (connectorState) => {
    there({ connectorState })
    expect(await awaitConnector(asked(waitedFor(7)), place)).toMatchObject({
      ready: false,
      seen: `${connectorState} for 7 min; 5 to 15 min are usual`,
    })
  },
)

test('one that is not there is waited for too: another execution may be making it anew', async () => {
  kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [] })
  expect(await awaitConnector(asked(), place)).toMatchObject({ ready: false, seen: expect.stringContaining('no connector of this name') })
  await expect(awaitConnector(asked(waitedFor(61)), place)).rejects.toMatchObject({
    name: 'NotInTime',
    message: expect.stringContaining(logGroup),
  })
})

test.each(['UPDATE_FAILED', 'ROLLBACK_COMPLETE', 'ROLLBACK_FAILED'] as const)(
  'RUNNING after %s of this execution is a failure',
  async (state) => {
    there()
    operations([50, 'UPDATE_COMPLETE'], [5, state])
    await expect(awaitConnector(asked(), place)).rejects.toMatchObject({
      name: 'ConnectorUpdateFailed',
      message: expect.stringMatching(`${state}.*UnknownError: operation 1 failed.*${logGroup}`),
    })
  },
)

test('the last operation counts, in whatever order they are listed', async () => {
  there()
  operations([5, 'UPDATE_COMPLETE'], [50, 'UPDATE_FAILED'])
  expect(await awaitConnector(asked(), place)).toMatchObject({ ready: true, operationArn: 'operation-0' })
})

test('a failure of before the execution counts only while the configuration is still the former one', async () => {
  operations([70, 'UPDATE_FAILED'])
  there()
  expect(await awaitConnector(asked(), place)).toMatchObject({ ready: true })
  there({ connectorConfiguration: { ...wanted.connectorConfiguration, 'poll.interval.ms': '1' } })
  await expect(awaitConnector(asked(), place)).rejects.toMatchObject({ name: 'ConnectorUpdateFailed' })
})

test('a paused one is told how to be resumed', async () => {
  there({ connectorState: 'PAUSED' })
  await expect(awaitConnector(asked(), place)).rejects.toMatchObject({ name: 'ConnectorPaused' })
})

const failed = {
  connectorState: 'FAILED' as const,
  stateDescription: { code: 'UnknownError.UnknownFailed', message: 'The task failed.\nSecond line' },
}

test('a failed one comes with its reason and the last errors of its log', async () => {
  there(failed)
  const since = minutesAgo(30).getTime()
  logs
    .on(FilterLogEventsCommand, { logGroupName: logGroup, startTime: since })
    .resolves({
      events: [{ message: '[Worker-0a] [2026-11-22 11:59:00,000] ERROR First trouble (io.debezium.pipeline.ErrorHandler:52)' }],
      nextToken: 'next',
    })
    .on(FilterLogEventsCommand, { logGroupName: logGroup, startTime: since, nextToken: 'next' })
    .resolves({
      events: [{ message: 'Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "debezium"' }],
    })
  const error: unknown = await awaitConnector(asked(), place).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ name: 'ConnectorFailed' })
  const message = error instanceof Error ? error.message : ''
  expect(message).toContain('UnknownError.UnknownFailed: The task failed.')
  expect(message).not.toContain('Second line')
  expect(message).toContain('First trouble (io.debezium.pipeline.ErrorHandler:52)\n')
  expect(message).toContain('org.postgresql.util.PSQLException: FATAL: password authentication failed for user "debezium"')
  expect(message).toContain(`aws logs tail --region us-east-1 ${logGroup}`)
})

test('where the failure is no recent one, the log is searched since the connector was made', async () => {
  there(failed)
  logs.on(FilterLogEventsCommand, { startTime: minutesAgo(30).getTime() }).resolves({ events: [] })
  logs
    .on(FilterLogEventsCommand, { startTime: described().creationTime?.getTime() })
    .resolves({ events: [{ message: 'ERROR Early trouble' }] })
  await expect(awaitConnector(asked(), place)).rejects.toThrow('Early trouble')
})

test('a log that does not exist yet leaves the reason', async () => {
  there(failed)
  logs
    .on(FilterLogEventsCommand)
    .rejects(new ResourceNotFoundException({ message: 'The specified log group does not exist.', $metadata: {} }))
  await expect(awaitConnector(asked(), place)).rejects.toMatchObject({
    name: 'ConnectorFailed',
    message: expect.stringContaining('Its log holds no error.'),
  })
})
