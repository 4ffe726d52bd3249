import { resourceNames } from '../../pipeline/resource-names.ts'
import { applyRoleAcls } from '../aws/role-acls.ts'
import { workerNames } from '../engines/connect.ts'
import { restartFailed } from '../engines/connector.ts'
import { type EnginePlace, startWorker } from './engines.ts'
import type { LocalAws } from './local-aws.ts'

/** Kafka Connect's worker, which logs in to Kafka as the connector's role: it can start once that is deployed, now or by an earlier run. */
export interface ConnectWorker {
  canStart(): boolean
  /** Makes Kafka's ACLs those of the deployed roles. */
  applyAcls(): Promise<void>
  /** Resolves when it answers; however often this is called, it is started once. */
  start(): Promise<void>
}

export function connectWorker(place: EnginePlace, { account, endpoint, place: { principals, engines } }: LocalAws): ConnectWorker {
  const { connector, connectRole } = resourceNames(place.deployment)
  const role = () => account.find('AWS::IAM::Role').find(({ physicalId }) => physicalId === connectRole)
  let starting: Promise<void> | undefined

  const applyAcls = async () => {
    await applyRoleAcls(engines.kafkaBootstrap(), account, Object.values(workerNames(connector)))
  }
  const start = async () => {
    await applyAcls()
    // The id of a connector is random, and the worker is here before it.
    const sourceArn = account.arn('kafkaconnect', `connector/${connector}/local`)
    const credentials = principals.assume(role()?.arn ?? '', { service: 'kafkaconnect.amazonaws.com', sourceArn, session: connector })
    const { uri } = await startWorker(place, { endpoint: endpoint.uri, credentials })
    // It started the connector that it remembers at once, which may have been before the source was there.
    await restartFailed(uri, connector)
  }
  return {
    canStart: () => role() !== undefined && account.find('AWS::MSK::Cluster').length > 0,
    applyAcls,
    start: () => (starting ??= start()),
  }
}
