import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn'
import { nameAwsError } from '../handlers/provision/aws-errors.ts'
import { PipelineError } from '../pipeline/errors.ts'
import { partitionOf } from '../pipeline/provisioning-plan.ts'
import { resourceNames } from '../pipeline/resource-names.ts'
import { teardownInput } from '../pipeline/teardown.ts'
import { runCommand } from './command.ts'
import { followExecution } from './provision/follow.ts'
import { outcomeLines } from './provision/lines.ts'
import { type ProvisionOptions, provisionFlags, provisionOptions, provisionUsage } from './provision/options.ts'
import { progressDisplay } from './provision/show.ts'
import { dataPaths } from './run/data-folder.ts'
import { readDeployment } from './run/deployment-file.ts'
import { readRun } from './run/state.ts'

/** Conventional exit code of a program that Ctrl-C ended. */
const interruptedCode = 130

/** At AWS a look costs two requests; on this machine nothing. */
const pollMs = { aws: 3000, local: 250 }

// The clients say at their first use until when they support this Node.js, which is the package's own business.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

await runCommand({
  help: provisionUsage,
  options: provisionFlags,
  async run({ values, positionals }) {
    const options = provisionOptions(values, positionals)
    try {
      return await watch(options)
    } catch (error) {
      throw named(error)
    }
  },
})

/** Starts an execution unless there is one to join, and follows it to its end. */
async function watch(options: ProvisionOptions): Promise<number> {
  const { client, stateMachineArn, input } = place(options)
  const executionArn = options.watch ?? (await start(client, stateMachineArn(), input()))
  console.log(executionArn)
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const display = progressDisplay(process.stdout)
  try {
    const ended = await followExecution({
      client,
      executionArn,
      pollMs: options.dataDirectory === undefined ? pollMs.aws : pollMs.local,
      signal: stop.signal,
      onProgress: (tasks) => display.show(tasks),
    })
    console.log(`\n${outcomeLines(ended).join('\n')}`)
    return ended.status === 'SUCCEEDED' ? 0 : 1
  } catch (error) {
    if (!stop.signal.aborted) throw error
    const local = options.dataDirectory === undefined ? '' : ' --local'
    console.log(`\nWatching ended; the execution goes on. To watch it again: npm run provision --${local} --watch ${executionArn}`)
    return interruptedCode
  } finally {
    display.end()
    client.destroy()
  }
}

async function start(client: SFNClient, stateMachineArn: string, input: string): Promise<string> {
  const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn, input }))
  if (executionArn === undefined) throw new Error('Step Functions answered without the ARN of the execution')
  return executionArn
}

/** Whom to ask: AWS, or the local run's endpoint; and what to start there. */
function place(options: ProvisionOptions): {
  readonly client: SFNClient
  readonly stateMachineArn: () => string
  readonly input: () => string
} {
  const { dataDirectory, watch: watched, stateMachine, input } = options
  const ofDeployment = (file: string) => ({
    stateMachineArn: () => stateMachine ?? deployedMachine(file, input === undefined),
    input: () => input ?? teardownInput(resourceNames(readDeployment(file)).connector),
  })
  if (dataDirectory === undefined) {
    const arn = watched ?? stateMachine
    const region = arn === undefined ? readDeployment(options.deploymentFile).region : arn.split(':')[3]
    return {
      client: new SFNClient(region === undefined ? {} : { region }),
      ...ofDeployment(options.deploymentFile),
    }
  }
  const run = readRun(dataDirectory)
  if (!run) {
    throw new PipelineError('InvalidUsage', `No local run uses ${dataDirectory}: start one with npm start, and leave it running.`)
  }
  const deploymentFile = dataPaths(dataDirectory).deployment
  const { region } = readDeployment(deploymentFile)
  const client = new SFNClient({ endpoint: run.awsEndpoint, region, credentials: run.awsCredentials })
  return { client, ...ofDeployment(deploymentFile) }
}

/** A state machine of a deployment: its name is fixed at synthesis. */
function deployedMachine(deploymentFile: string, tearsDown: boolean): string {
  const deployment = readDeployment(deploymentFile)
  const { account, region } = deployment
  const { stateMachine, teardownStateMachine } = resourceNames(deployment)
  return `arn:${partitionOf(region)}:states:${region}:${account}:stateMachine:${tearsDown ? teardownStateMachine : stateMachine}`
}

/** AWS's refusals as the named errors that the runbook explains. */
function named(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (error.name === 'CredentialsProviderError')
    return new PipelineError(
      'AccessDenied',
      `There are no AWS credentials (${error.message}): log in as for the AWS CLI, or say --local.`,
      { cause: error },
    )
  if (error.name === 'StateMachineDoesNotExist')
    return new PipelineError(
      'RequestRefused',
      `${error.message}: deploy the stacks first (npx cdk deploy --all), or name another with --state-machine.`,
      { cause: error },
    )
  return nameAwsError(error)
}
