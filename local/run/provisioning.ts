import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn'
import type { Deployment } from '../../pipeline/deployment.ts'
import { isErrorName, PipelineError } from '../../pipeline/errors.ts'
import { resourceNames } from '../../pipeline/resource-names.ts'
import { followExecution } from '../provision/follow.ts'
import { plainLines } from '../provision/lines.ts'
import { causeText } from '../provision/progress.ts'
import { currentLine } from '../provision/show.ts'
import type { LocalAws } from './local-aws.ts'

/** What is told of an execution while it runs. */
export interface ExecutionAudience {
  /** What it is at, as one line that takes the last one's place. */
  readonly say: (line: string) => void
  /** What is new, as lines that stay. */
  readonly tell?: ((line: string) => void) | undefined
}

const pollMs = 200

/** Starts an execution of the deployed state machine that does everything, and follows it to its end. Answers its output, JSON. @throws PipelineError under the name of what failed */
export async function provision(aws: LocalAws, deployment: Deployment, audience: ExecutionAudience, signal: AbortSignal): Promise<string> {
  const client = stepFunctionsClient(aws)
  try {
    const name = resourceNames(deployment).stateMachine
    const stateMachineArn = aws.account.arn('states', `stateMachine:${name}`)
    const { executionArn = '' } = await client.send(new StartExecutionCommand({ stateMachineArn, input: '{}' }))
    return await follow(client, executionArn, audience, signal)
  } finally {
    client.destroy()
  }
}

/** Tells of the executions that somebody else starts, such as the deployment, until the signal. */
export function watchExecutions(aws: LocalAws, audience: ExecutionAudience, signal: AbortSignal): void {
  const stop = aws.workflow.listen(({ executionArn, status }) => {
    if (status !== 'RUNNING') return
    const client = stepFunctionsClient(aws)
    // How it ends is told by whoever waits for it.
    follow(client, executionArn, audience, signal)
      .catch(() => {})
      .finally(() => client.destroy())
  })
  signal.addEventListener('abort', stop)
}

async function follow(client: SFNClient, executionArn: string, { say, tell }: ExecutionAudience, signal: AbortSignal): Promise<string> {
  const linesOf = plainLines()
  const { status, output, error, cause } = await followExecution({
    client,
    executionArn,
    pollMs,
    signal,
    onProgress(tasks) {
      const now = Date.now()
      const line = currentLine(tasks, now)
      if (line !== '') say(line)
      for (const text of linesOf(tasks, now)) tell?.(text)
    },
  })
  if (status === 'SUCCEEDED') return output ?? '{}'
  if (error !== undefined && isErrorName(error)) throw new PipelineError(error, causeText(cause ?? ''))
  throw new PipelineError(
    'ProvisioningFailed',
    `The execution ${executionArn} ended as ${status}${error === undefined ? '' : ` (${error}: ${causeText(cause ?? '')})`}.`,
  )
}

function stepFunctionsClient({ account, endpoint, place }: LocalAws): SFNClient {
  return new SFNClient({ endpoint: endpoint.uri, region: account.region, credentials: place.principals.administrator })
}
