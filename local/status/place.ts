import { nameAwsError } from '../../handlers/provision/aws-errors.ts'
import type { Deployment } from '../../pipeline/deployment.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import { dataPaths } from '../run/data-folder.ts'
import { readDeployment } from '../run/deployment-file.ts'
import { defaultDataDirectory, type RunState, readRun } from '../run/state.ts'
import type { AwsAddress } from './clients.ts'

/** What says whom to ask: the local run by its data folder, or AWS by the deployment's files. */
export interface PlaceOptions {
  /** Undefined: AWS. */
  readonly dataDirectory: string | undefined
  readonly deploymentFile: string
  readonly tablesFile: string
}

/** Whom to ask, and about what: AWS, or the local run's endpoint. */
export interface Place {
  readonly deployment: Deployment
  readonly tablesFile: string
  readonly address: AwsAddress
  readonly heading: string
  /** The command that starts an execution. */
  readonly provision: string
  /** The local run; undefined: AWS. */
  readonly run?: RunState
}

/** @throws PipelineError `InvalidUsage`, `InvalidDeployment` */
export function placeOf({ dataDirectory, deploymentFile, tablesFile }: PlaceOptions): Place {
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
    run,
  }
}

/** An error of a client under a name of the pipeline's; missing credentials, too. */
export function namedAwsError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'CredentialsProviderError') return nameAwsError(error)
  return new PipelineError('AccessDenied', `There are no AWS credentials (${error.message}): log in as for the AWS CLI.`, { cause: error })
}
