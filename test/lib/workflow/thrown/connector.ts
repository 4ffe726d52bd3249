import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { GetBootstrapBrokersCommand } from '@aws-sdk/client-kafka'
import { DescribeConnectorOperationCommand, ListConnectorOperationsCommand, UpdateConnectorCommand } from '@aws-sdk/client-kafkaconnect'
import { place } from '../../../handlers/provision/asked.ts'
import { arn, wanted } from '../../../handlers/provision/connector/connector-answers.ts'
import { aws, connector } from './aws.ts'
import { start, type ThrownRow } from './row.ts'

const { name } = place.plan.connector
const operationArn = `arn:aws:kafkaconnect:us-east-1:111122223333:connector-operation/${name}/0a/0b`
const undone = () =>
  void aws.kafkaConnect.on(DescribeConnectorOperationCommand, { connectorOperationArn: operationArn }).resolves({
    connectorOperationState: 'UPDATE_FAILED',
    errorInfo: { code: 'InvalidInput', message: 'the worker did not start' },
  })
const slow = { says: 'last seen: DELETING', look: 2, minutes: 61 } as const

/** The connector. */
export const connectorRows: readonly ThrownRow[] = [
  {
    step: 'ensure-connector',
    error: 'BrokersUnknown',
    says: 'names no bootstrap brokers for IAM authentication',
    arrange: () => void aws.kafka.on(GetBootstrapBrokersCommand).resolves({ BootstrapBrokerStringTls: 'b-1:9094' }),
  },
  {
    step: 'ensure-connector',
    error: 'ConnectorPaused',
    says: `aws kafkaconnect resume-connector --region us-east-1 --connector-arn ${arn}`,
    arrange: () => connector({ connectorState: 'PAUSED' }),
  },
  {
    step: 'ensure-connector',
    error: 'ConnectorUpdateFailed',
    says: 'InvalidInput: the worker did not start',
    // Properties and capacity differ: the second is changed once the change of the first has ended.
    look: 2,
    arrange() {
      connector({ connectorConfiguration: { ...wanted.connectorConfiguration, 'poll.interval.ms': '1' }, capacity: {} })
      aws.kafkaConnect.on(UpdateConnectorCommand).resolves({ connectorArn: arn, connectorOperationArn: operationArn })
      undone()
    },
  },
  { step: 'ensure-connector', error: 'NotInTime', ...slow, arrange: () => connector({ connectorState: 'DELETING' }) },
  {
    step: 'await-connector',
    error: 'ConnectorFailed',
    says: 'UnknownError.OutOfMemory: it is gone.',
    arrange() {
      connector({ connectorState: 'FAILED', stateDescription: { code: 'UnknownError.OutOfMemory', message: 'it is gone' } })
      aws.logs.on(FilterLogEventsCommand).resolves({ events: [] })
    },
  },
  {
    step: 'await-connector',
    error: 'SlotLost',
    says: 'start an execution with the input {"recover": "lost-slot"}',
    arrange() {
      connector({ connectorState: 'FAILED', stateDescription: { code: 'UnknownError.Failed', message: 'its task failed' } })
      const message =
        '[Worker-0] ERROR The connector is trying to read change stream starting at X, but this is no longer available on the server.'
      aws.logs.on(FilterLogEventsCommand).resolves({ events: [{ eventId: '1', timestamp: start.getTime(), message }] })
    },
  },
  {
    step: 'await-connector',
    error: 'ConnectorPaused',
    says: 'Resume it, then redrive',
    arrange: () => connector({ connectorState: 'PAUSED' }),
  },
  {
    step: 'await-connector',
    error: 'ConnectorUpdateFailed',
    says: 'It runs as it was before',
    arrange() {
      aws.kafkaConnect.on(ListConnectorOperationsCommand).resolves({
        connectorOperations: [{ connectorOperationArn: operationArn, connectorOperationState: 'UPDATE_FAILED', creationTime: start }],
      })
      undone()
    },
  },
  { step: 'await-connector', error: 'NotInTime', ...slow, arrange: () => connector({ connectorState: 'DELETING' }) },
]
