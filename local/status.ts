import { nameAwsError } from '../handlers/provision/aws-errors.ts'
import type { Deployment } from '../pipeline/deployment.ts'
import { PipelineError } from '../pipeline/errors.ts'
import { provisioningPlan } from '../pipeline/provisioning-plan.ts'
import { resourceNames } from '../pipeline/resource-names.ts'
import { capturedTables } from '../pipeline/tables.ts'
import { runCommand } from './command.ts'
import { dataPaths } from './run/data-folder.ts'
import { deliveryStatus } from './run/delivery.ts'
import { readDeployment } from './run/deployment-file.ts'
import { defaultDataDirectory, readRun } from './run/state.ts'
import { readTablesFile } from './source/tables-file.ts'
import { type AwsAddress, statusClients } from './status/clients.ts'
import { judge, verdictOf } from './status/judge.ts'
import { look } from './status/look.ts'
import { type StatusOptions, statusFlags, statusOptions, statusUsage } from './status/options.ts'
import { screen } from './status/screen.ts'

// The clients say at their first use until when they support this Node.js, which is the package's own business.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

await runCommand({
  help: statusUsage,
  options: statusFlags,
  async run({ values, positionals }) {
    const options = statusOptions(values, positionals)
    const { deployment, tablesFile, address, heading, provision, endOffsets } = place(options)
    const file = readTablesFile(tablesFile)
    if (!file)
      throw new PipelineError('InvalidTables', `There is no ${tablesFile}: name the declaration of the deployed tables with --tables.`)
    const { region, account } = deployment
    const plan = provisioningPlan(deployment, capturedTables(file.tables))
    const clients = statusClients(address)
    const now = new Date()
    try {
      const stateMachine = `arn:${plan.partition}:states:${region}:${account}:stateMachine:${resourceNames(deployment).stateMachine}`
      const facts = await look({ clients, plan, stateMachine, counts: options.counts, now, ...(endOffsets ? { endOffsets } : {}) })
      const hops = judge(facts, { bufferingSeconds: deployment.buffering.intervalSeconds, provision, region, now })
      const verdict = verdictOf(hops)
      const machines = { at: now.toISOString(), account, region, stateMachine, verdict, hops, facts }
      process.stdout.write(options.json ? `${JSON.stringify(machines, null, 2)}\n` : screen(`${heading}, ${now.toISOString()}`, hops))
      return verdict === 'green' ? 0 : 1
    } catch (error) {
      throw named(error)
    } finally {
      for (const client of Object.values(clients)) client.destroy()
    }
  },
})

interface Place {
  readonly deployment: Deployment
  readonly tablesFile: string
  readonly address: AwsAddress
  readonly heading: string
  /** The command that starts an execution. */
  readonly provision: string
  readonly endOffsets?: () => Promise<readonly string[]>
}

/** Whom to ask, and about what: AWS, or the local run's endpoint. */
function place({ dataDirectory, deploymentFile, tablesFile }: StatusOptions): Place {
  if (dataDirectory === undefined) {
    const deployment = readDeployment(deploymentFile)
    const { account, region } = deployment
    return { deployment, tablesFile, address: { region }, heading: `Pipeline of ${account} in ${region}`, provision: 'npm run provision' }
  }
  const run = readRun(dataDirectory)
  if (!run) throw new PipelineError('InvalidUsage', `No local run uses ${dataDirectory}: start one with npm start, or say --aws.`)
  const deployment = readDeployment(dataPaths(dataDirectory).deployment)
  const data = dataDirectory === defaultDataDirectory ? '' : ` --data ${dataDirectory}`
  return {
    deployment,
    tablesFile: run.tablesFile,
    address: { region: deployment.region, endpoint: run.awsEndpoint, credentials: run.awsCredentials },
    heading: `Local run of ${dataDirectory}`,
    provision: `npm run provision -- --local${data}`,
    endOffsets: async () => (await deliveryStatus(run.deliveryUri)).partitions.map(({ endOffset }) => endOffset),
  }
}

function named(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'CredentialsProviderError') return nameAwsError(error)
  return new PipelineError('AccessDenied', `There are no AWS credentials (${error.message}): log in as for the AWS CLI.`, { cause: error })
}
