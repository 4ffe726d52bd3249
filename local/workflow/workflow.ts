import type { AwsService } from '../aws/endpoint.ts'
import type { AwsPlace } from '../aws/place.ts'
import { stepFunctionsService } from '../aws/step-functions.ts'
import { eventRules } from './event-rules.ts'
import type { Execution } from './execution.ts'
import { executionFiles } from './execution-files.ts'
import { type Executions, openExecutions } from './executions.ts'
import { type DeployedFunctions, deployedFunctions } from './functions.ts'

/** The account's state machines, functions and event rules at work. */
export interface Workflow {
  readonly executions: Executions
  readonly functions: DeployedFunctions
  /** Of the endpoint: under `states`. */
  readonly service: AwsService
  /** Told of every start and end of an execution, until the returned function is called. */
  listen(listener: (execution: Execution) => void): () => void
  /** Tells the event rules that a secret was rotated. */
  secretRotated(secretArn: string): void
  /** Stops what runs. */
  close(): Promise<void>
}

export interface WorkflowSettings {
  readonly place: AwsPlace
  readonly endpointUri: () => string
  /** Where executions are kept. */
  readonly directory: string
  /** Told what AWS would only count in a metric. */
  readonly onFailure: (sentence: string) => void
}

export function openWorkflow({ place, endpointUri, directory, onFailure }: WorkflowSettings): Workflow {
  const { account, timeScale, principals, access } = place
  const now = () => place.now()
  const functions = deployedFunctions({ account, principals, endpointUri, logsDirectory: place.engines.logsDirectory })
  const rules = eventRules({ account, functions, timeScale, now, onFailure })
  const listeners = new Set<(execution: Execution) => void>()
  const executions = openExecutions({
    account,
    timeScale,
    now,
    files: executionFiles(directory),
    taskPlace: (roleArn, executionName) => ({
      functions,
      authorizeInvocation: (functionArn) =>
        access.authorize(principals.caller(roleArn, executionName), 'lambda:InvokeFunction', functionArn),
    }),
    onStatus(execution) {
      rules.executionChanged(execution)
      for (const listener of listeners) listener(execution)
    },
  })
  return {
    executions,
    functions,
    service: stepFunctionsService(account, executions),
    secretRotated: (secretArn) => rules.secretRotated(secretArn),
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      // Who would be told that the executions end here ends, too.
      rules.close()
      await executions.close()
      await functions.close()
    },
  }
}
