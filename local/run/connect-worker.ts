import { PipelineError } from '../../pipeline/errors.ts'
import { resourceNames } from '../../pipeline/resource-names.ts'
import type { ConnectWorkers } from '../aws/place.ts'
import { applyRoleAcls } from '../aws/role-acls.ts'
import { workerNames } from '../engines/connect.ts'
import { restartFailed } from '../engines/connector.ts'
import type { Supervised } from '../engines/supervisor.ts'
import { type EnginePlace, startWorker } from './engines.ts'
import type { LocalAws } from './local-aws.ts'
import { unpackedPlugin, workerContent } from './worker-content.ts'

/** Kafka Connect's worker, which logs in to Kafka as the connector's role: it can start once that is deployed, now or by an earlier run. */
export interface ConnectWorker {
  canStart(): boolean
  /** Makes Kafka's ACLs those of the deployed roles. */
  applyAcls(): Promise<void>
  /** Resolves when it answers; however often this is called, it is started once. */
  start(): Promise<void>
  /** As MSK Connect's stand-in starts and stops it. */
  readonly workers: ConnectWorkers
}

/** @param onFailure told why it could not be started or stopped where nobody waits for it */
export function connectWorker(
  place: EnginePlace,
  { account, endpoint, place: { principals, engines } }: LocalAws,
  onFailure: (sentence: string) => void,
): ConnectWorker {
  const { connector, connectRole } = resourceNames(place.deployment)
  const role = () => account.find('AWS::IAM::Role').find(({ physicalId }) => physicalId === connectRole)
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined
  let process: Supervised | undefined
  /** Id of what it runs. */
  let runs: string | undefined

  const applyAcls = async () => {
    await applyRoleAcls(engines.kafkaBootstrap(), account, Object.values(workerNames(connector)))
  }
  const start = async () => {
    const content = workerContent(account, place)
    if (!content) throw new Error('there is no plugin or no worker configuration for the worker')
    runs = content.id
    await applyAcls()
    // The id of a connector is random, and the worker is here before it.
    const sourceArn = account.arn('kafkaconnect', `connector/${connector}/local`)
    const credentials = principals.assume(role()?.arn ?? '', { service: 'kafkaconnect.amazonaws.com', sourceArn, session: connector })
    const worker = await startWorker(
      place,
      { endpoint: endpoint.uri, credentials },
      { pluginPath: unpackedPlugin(content, place), properties: content.properties },
    )
    const { uri } = worker
    process = worker
    // It started the connector that it remembers at once, which may have been before the source was there.
    await restartFailed(uri, connector)
  }
  const stop = async () => {
    await starting
    if (process) await place.processes.end(process)
    process = undefined
    starting = undefined
    stopping = undefined
  }
  const stopSoon = () => {
    if (starting) stopping ??= stop().catch(failed('be stopped'))
    return starting === undefined
  }
  const failed = (what: string) => (error: unknown) => {
    // The next time that it is asked it is tried again.
    starting = stopping = undefined
    if (!(error instanceof PipelineError && error.name === 'RunStopped')) onFailure(`Kafka Connect could not ${what}: ${String(error)}`)
  }
  return {
    canStart: () => role() !== undefined && account.find('AWS::MSK::Cluster').length > 0 && workerContent(account, place) !== undefined,
    applyAcls,
    start: () => (starting ??= start()),
    workers: {
      start() {
        // It was here before the connector, which has come to be made with something else.
        if (starting && runs !== workerContent(account, place)?.id) return stopSoon() && false
        if (!stopping) starting ??= start().catch(failed('be started'))
        return process !== undefined && !stopping
      },
      stop: stopSoon,
    },
  }
}
