import {
  DescribeExecutionCommand,
  type ExecutionListItem,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn'
import { isServiceException } from '../../handlers/provision/aws-errors.ts'
import { taskProgress } from '../provision/progress.ts'
import type { ExecutionFacts, MachineFacts } from './facts.ts'

/** The newest executions of a state machine; null where there is no machine. */
export async function executionsOf(stepFunctions: SFNClient, stateMachineArn: string): Promise<MachineFacts | null> {
  try {
    // The newest come first.
    const { executions = [] } = await stepFunctions.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 100 }))
    const last = executions.find(({ status }) => status !== 'RUNNING')
    return {
      running: await Promise.all(executions.filter(({ status }) => status === 'RUNNING').map((one) => running(stepFunctions, one))),
      last: last ? await ended(stepFunctions, last) : null,
    }
  } catch (error) {
    if (isServiceException(error) && error.name === 'StateMachineDoesNotExist') return null
    throw error
  }
}

/** What it is at is seen at the end of its history. */
async function running(stepFunctions: SFNClient, execution: ExecutionListItem): Promise<ExecutionFacts> {
  const { executionArn } = execution
  const { events = [] } = await stepFunctions.send(new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 1000 }))
  const going = taskProgress(events.toReversed(), true).filter(({ state }) => state === 'running' || state === 'waiting')
  return { ...factsOf(execution), at: going.map(({ name, seen }) => (seen === undefined ? name : `${name}: ${seen}`)) }
}

async function ended(stepFunctions: SFNClient, execution: ExecutionListItem): Promise<ExecutionFacts> {
  const { executionArn, status } = execution
  if (status === 'SUCCEEDED') return factsOf(execution)
  const { error } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }))
  return { ...factsOf(execution), error: error ?? null }
}

function factsOf({ executionArn = '', name = '', status = 'RUNNING', startDate, stopDate }: ExecutionListItem): ExecutionFacts {
  return {
    arn: executionArn,
    name,
    status,
    startedAt: (startDate ?? new Date(0)).toISOString(),
    stoppedAt: stopDate?.toISOString() ?? null,
    at: [],
    error: null,
  }
}
