import { Logger } from '@aws-lambda-powertools/logger'
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn'
import { clientSettings } from '../aws-clients.ts'
import { putMessage } from '../presigned-url.ts'
import { executionArn, gateExecutionName } from './execution.ts'

/** What CloudFormation sends. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requests.html */
export interface CustomResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete'
  /** A presigned URL: never logged. */
  readonly ResponseURL: string
  readonly StackId: string
  readonly RequestId: string
  readonly LogicalResourceId: string
  readonly PhysicalResourceId?: string
  /** Handle: the presigned URL of the wait condition that the execution is to signal. */
  readonly ResourceProperties: { readonly StateMachineArn?: string; readonly Handle?: string }
}

const stepFunctions = new SFNClient(clientSettings)
const log = new Logger({ serviceName: 'gate' })

/**
 * Opens the gate in front of the delivery stream: starts the execution that prepares everything and then signals the wait condition beside it. CloudFormation is answered
 * at once, whatever happens: it would wait an hour for an answer that never comes.
 */
export async function handler(event: CustomResourceEvent): Promise<void> {
  const about = { StackId: event.StackId, RequestId: event.RequestId, LogicalResourceId: event.LogicalResourceId }
  const { physicalId, act } = plan(event)
  let status: 'SUCCESS' | 'FAILED' = 'SUCCESS'
  let reason: string
  try {
    reason = await act()
  } catch (error) {
    status = 'FAILED'
    reason = error instanceof Error ? `${error.name}: ${error.message}` : 'an unknown error'
  }
  log[status === 'SUCCESS' ? 'info' : 'error'](reason, { ...about, request: event.RequestType, execution: physicalId })
  const answer = { Status: status, Reason: reason, PhysicalResourceId: physicalId, ...about }
  if ((await putPersistently(event.ResponseURL, answer)) === 'gone') log.warn('CloudFormation does not wait for an answer any more', about)
}

/** The physical id is the execution's ARN: where another handle makes another one, CloudFormation has the former deleted. */
function plan({ RequestType, PhysicalResourceId, ResourceProperties }: CustomResourceEvent): {
  physicalId: string
  act: () => Promise<string>
} {
  if (RequestType === 'Delete') {
    const physicalId = PhysicalResourceId ?? 'none'
    return { physicalId, act: () => stop(physicalId) }
  }
  const { StateMachineArn: machine = '', Handle: url = '' } = ResourceProperties
  return { physicalId: executionArn(machine, gateExecutionName(url)), act: () => start(machine, url) }
}

async function start(stateMachineArn: string, url: string): Promise<string> {
  const name = gateExecutionName(url)
  const input = JSON.stringify({ until: 'DeliveryReady', signal: { url } })
  try {
    await stepFunctions.send(new StartExecutionCommand({ stateMachineArn, name, input }))
    return `started the execution ${name}`
  } catch (error) {
    // An event that is delivered twice. What became of the execution, it has signalled or will.
    if (!(error instanceof Error) || error.name !== 'ExecutionAlreadyExists') throw error
    return `joined the execution ${name}`
  }
}

async function stop(physicalId: string): Promise<string> {
  if (!physicalId.includes(':execution:')) return 'there is no execution to stop'
  try {
    const { status } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn: physicalId }))
    // One that has failed may be redriven; that is the operator's.
    if (status !== 'RUNNING') return `the execution is ${status}`
    const cause = 'The stack CdcFirehose, or what waited in it for this execution, was deleted.'
    await stepFunctions.send(new StopExecutionCommand({ executionArn: physicalId, error: 'GateDeleted', cause }))
    return 'stopped the execution'
  } catch (error) {
    if (error instanceof Error && error.name === 'ExecutionDoesNotExist') return 'the execution was never started'
    throw error
  }
}

/** Tries again at once; where that is in vain, Lambda invokes the function again. */
async function putPersistently(url: string, answer: Parameters<typeof putMessage>[1]): Promise<'taken' | 'gone'> {
  for (let left = 3; ; left--) {
    try {
      return await putMessage(url, answer)
    } catch (error) {
      if (left === 0) throw error
      log.warn('answering CloudFormation once more', { error: String(error) })
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}
