import { join } from 'node:path'
import { z } from 'zod'
import type { Deployment } from '../../pipeline/deployment.ts'
import { athenaService } from '../aws/athena.ts'
import { cloudWatchService } from '../aws/cloudwatch.ts'
import { cloudWatchLogsService } from '../aws/cloudwatch-logs.ts'
import { type AwsEndpoint, type AwsService, serveAws } from '../aws/endpoint.ts'
import { firehoseService } from '../aws/firehose.ts'
import { glueService } from '../aws/glue.ts'
import { lakeFormationService } from '../aws/lake-formation.ts'
import { mskService } from '../aws/msk.ts'
import { mskConnectService } from '../aws/msk-connect.ts'
import { type AwsPlace, type EngineAddresses, openAwsPlace } from '../aws/place.ts'
import { rdsDataService } from '../aws/rds-data.ts'
import { type Secret, secretsManager } from '../aws/secrets-manager.ts'
import { type LocalAccount, openAccount } from '../cloudformation/account.ts'
import type { Json } from '../cloudformation/json.ts'
import { icebergCatalog } from '../iceberg/catalog.ts'
import { openWorkflow, type Workflow } from '../workflow/workflow.ts'
import type { DataPaths } from './data-folder.ts'
import { timeScale } from './time-scale.ts'

/** AWS on this machine: the account, what stands in for its services, and one endpoint for all. */
export interface LocalAws {
  readonly account: LocalAccount
  readonly place: AwsPlace
  readonly workflow: Workflow
  readonly endpoint: AwsEndpoint
  /** Stops executions and functions, then the endpoint. */
  close(): Promise<void>
}

export interface LocalAwsSettings {
  readonly paths: DataPaths
  readonly deployment: Deployment
  /** Of the endpoint. */
  readonly port: number
  readonly engines: EngineAddresses
  readonly secrets: readonly Secret[]
  /** Told what AWS would only count in a metric. */
  readonly onFailure: (sentence: string) => void
}

export async function openLocalAws({ paths, deployment, port, engines, secrets, onFailure }: LocalAwsSettings): Promise<LocalAws> {
  let endpoint: AwsEndpoint | undefined
  const serving = (): AwsEndpoint => {
    if (!endpoint) throw new Error('the AWS endpoint is not there yet')
    return endpoint
  }
  let workflow: Workflow | undefined
  const running = (): Workflow => {
    if (!workflow) throw new Error('functions cannot be invoked yet')
    return workflow
  }
  const account = openAccount({
    id: deployment.account,
    region: deployment.region,
    directory: paths.aws,
    bucketsDirectory: paths.buckets,
    catalog: icebergCatalog(engines.catalogUri()),
    effects: {
      invoke: (functionArn, event) => running().functions.invoke(functionArn, jsonValue.parse(event)),
      callback: () => serving().callback(),
    },
  })
  const place = await openAwsPlace({ account, timeScale, engines, secrets, decisionsFile: join(paths.logs, 'authorization.jsonl') })
  const opened = openWorkflow({ place, endpointUri: () => serving().uri, directory: join(paths.aws, 'executions'), onFailure })
  workflow = opened
  endpoint = await serveAws(services(place, opened, deployment), { access: place.access, port })
  return {
    account,
    place,
    workflow: opened,
    endpoint,
    async close() {
      await opened.close()
      await serving().close()
    },
  }
}

const jsonValue = z.custom<Json>((value) => value !== undefined)

/** By signing name. */
function services(place: AwsPlace, workflow: Workflow, { aurora }: Deployment): Readonly<Record<string, AwsService>> {
  const clusterArn = place.account.arn('rds', `cluster:${aurora.clusterIdentifier}`)
  return {
    secretsmanager: secretsManager(place.secrets),
    states: workflow.service,
    kafka: mskService(place),
    kafkaconnect: mskConnectService(place),
    athena: athenaService(place),
    logs: cloudWatchLogsService(place),
    monitoring: cloudWatchService(place),
    firehose: firehoseService(place),
    glue: glueService(place),
    lakeformation: lakeFormationService(place),
    'rds-data': rdsDataService(place, { clusterArn }),
  }
}
