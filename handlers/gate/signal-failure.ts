import { Logger } from '@aws-lambda-powertools/logger'
import { DescribeExecutionCommand, type DescribeExecutionCommandOutput, SFNClient } from '@aws-sdk/client-sfn'
import { clientSettings } from '../aws-clients.ts'
import { putMessage } from '../presigned-url.ts'

/** What a stack's event shows of it; all of it is in the execution. */
const shownCharacters = 2500

/** `Step Functions Execution Status Change`. https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
export interface ExecutionStatusChange {
  readonly detail: { readonly executionArn: string; readonly status: string }
}

const stepFunctions = new SFNClient(clientSettings)
const log = new Logger({ serviceName: 'signal-failure' })

/** Tells the wait condition that an execution signals that there will be no success, and why. Executions that nobody waits for are left alone. */
export async function handler({ detail: { executionArn, status } }: ExecutionStatusChange): Promise<void> {
  // Not from the event, which leaves a long input out.
  const execution = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }))
  const url = signalUrl(execution.input)
  if (url === undefined) return log.info('nobody waits for this execution', { executionArn, status })
  const outcome = await putMessage(url, failureSignal(execution, status))
  log.info(outcome === 'gone' ? 'CloudFormation does not wait any more' : 'CloudFormation was told', { executionArn, status })
}

/** What a wait condition is told. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html */
export function failureSignal(
  execution: Partial<Pick<DescribeExecutionCommandOutput, 'executionArn' | 'name' | 'error' | 'cause'>>,
  status: string,
) {
  const { executionArn = '', name = '', error, cause } = execution
  const whole = [error, messageOf(cause)].filter((part) => part !== undefined && part !== '').join(': ')
  const why = whole.length > shownCharacters ? `${whole.slice(0, shownCharacters)}…` : whole
  const ended = { FAILED: 'failed', TIMED_OUT: 'timed out', ABORTED: 'was stopped' }[status] ?? `is ${status}`
  const Reason = `${why === '' ? '' : `${why} `}(The execution ${name} ${ended}. Once it is repaired, deploy again: it goes on from what was done.)`
  return { Status: 'FAILURE', Reason, UniqueId: name, Data: executionArn } as const
}

/** The message of what a Lambda function threw, which Step Functions has as JSON; else the text as it is. */
function messageOf(cause: string | undefined): string | undefined {
  if (cause === undefined) return undefined
  try {
    const thrown: unknown = JSON.parse(cause)
    if (typeof thrown === 'object' && thrown !== null && 'errorMessage' in thrown) return String(thrown.errorMessage)
  } catch {
    // Not JSON: a person's own words, from StopExecution.
  }
  return cause
}

function signalUrl(input: string | undefined): string | undefined {
  const parsed: unknown = input === undefined ? undefined : JSON.parse(input)
  if (typeof parsed !== 'object' || parsed === null || !('signal' in parsed)) return undefined
  const { signal } = parsed
  return typeof signal === 'object' && signal !== null && 'url' in signal && typeof signal.url === 'string' ? signal.url : undefined
}
