import { createHash } from 'node:crypto'
import type { Deployment } from './deployment.ts'
import { changeEventTopic, connectorName } from './names.ts'

/** Prefix of every physical name, after the deployment's own. */
const product = 'aurora-cdc'

/**
 * The physical names that stacks and steps agree on: fixed at synthesis, so that no stack exports what another one imports
 * (CloudFormation refuses to change an export that is in use).
 */
export function resourceNames({ prefix, account, region }: Pick<Deployment, 'prefix' | 'account' | 'region'>) {
  const own = ownName(prefix)
  return {
    /** Name of a stack: `CdcFirehose`, or `dev-CdcFirehose` with the prefix `dev`. */
    stack: (name: string) => (prefix === '' ? name : `${prefix}-${name}`),
    cluster: own,
    clusterLogGroup: `/aws/msk/${own}`,
    /** Unique in an account and Region; MSK Connect names the connector's internal topics and group after it. */
    connector: prefix === '' ? connectorName : `${prefix}-${connectorName}`,
    connectRole: `${own}-connect-${region}`,
    connectLogGroup: `/aws/msk-connect/${own}`,
    /** Names carry what they are made of, because neither can be changed: new content is a new one beside the old. */
    pluginPrefix: `${own}-debezium-`,
    plugin: (hash: string) => `${own}-debezium-${shortHash(hash)}`,
    workerConfigurationPrefix: `${own}-worker-`,
    workerConfiguration: (content: string) => `${own}-worker-${shortHash(content)}`,
    transformFunction: `${own}-transform`,
    transformLogGroup: `/aws/lambda/${own}-transform`,
    firehoseRole: `${own}-firehose-${region}`,
    firehoseLogGroup: `/aws/kinesisfirehose/${own}`,
    firehoseLogStream: 'delivery',
    errorLogStream: 'errors',
    errorBucket: `${own}-errors-${account}-${region}`,
    readerPolicy: `${own}-reader-${region}`,
    stateMachine: `${own}-provisioning`,
    stateMachineRole: `${own}-provisioning-${region}`,
    /** Vended logs: their groups share the account's resource policy by this prefix. */
    stateMachineLogGroup: `/aws/vendedlogs/states/${own}-provisioning`,
    failureRule: `${own}-provisioning-failed`,
    rotationRule: `${own}-secret-rotated`,
    teardownStateMachine: `${own}-teardown`,
    teardownStateMachineRole: `${own}-teardown-${region}`,
    teardownStateMachineLogGroup: `/aws/vendedlogs/states/${own}-teardown`,
    /** Of a step of the state machine: the function, its log group, and its role (64 characters at most, in the longest Region). */
    stepFunction: (step: string) => `${own}-${step}`,
    stepLogGroup: (step: string) => `/aws/lambda/${own}-${step}`,
    stepRole: (step: string) => `${own}-${step}-${region}`,
    workgroup: `${own}-checks`,
    queryResultsBucket: `${own}-queries-${account}-${region}`,
    alarmTopic: `${own}-alarms`,
    alarm: (name: string) => `${own}-${name}`,
    dashboard: `${own}-${region}`,
    // SSM parameters for what only exists after a deployment: ARNs and ids that AWS draws at random.
    clusterArnParameter: `/${own}/msk-cluster-arn`,
    workerSecurityGroupParameter: `/${own}/connect-security-group`,
    pluginArnParameter: `/${own}/connect-plugin-arn`,
    workerConfigurationArnParameter: `/${own}/connect-worker-configuration-arn`,
  } as const
}

export type ResourceNames = ReturnType<typeof resourceNames>

/** What CloudFormation replaces a delivery stream for. */
export interface DeliveryStreamIdentity {
  readonly cluster: string
  readonly topic: string
  readonly role: string
  readonly connectivity: 'PRIVATE'
  readonly readFromTimestamp: string
  readonly tableBucket: string
}

/** The earliest message: by default Firehose would begin with what is produced after the stream became active. */
const earliest = '1970-01-01T00:00:00Z'

type StreamSettings = Pick<Deployment, 'prefix' | 'account' | 'region' | 'readFrom'> & { readonly tableBucket: { readonly name: string } }

export function deliveryStreamIdentity(deployment: StreamSettings): DeliveryStreamIdentity {
  const names = resourceNames(deployment)
  return {
    cluster: names.cluster,
    topic: changeEventTopic,
    role: names.firehoseRole,
    connectivity: 'PRIVATE',
    readFromTimestamp: deployment.readFrom ?? earliest,
    tableBucket: deployment.tableBucket.name,
  }
}

/**
 * The delivery stream's name, at most 64 characters. It carries a hash of the properties whose change replaces the stream: a replacement is created before the old
 * one is deleted, so both exist for a while and a fixed name would clash.
 */
export function deliveryStreamName({ prefix }: Pick<Deployment, 'prefix'>, identity: DeliveryStreamIdentity): string {
  return `${ownName(prefix)}-${shortHash(JSON.stringify(identity, Object.keys(identity).sort()))}`
}

/** The name of every delivery stream that a deployment ever had begins like this. */
export function deliveryStreamPrefix({ prefix }: Pick<Deployment, 'prefix'>): string {
  return `${ownName(prefix)}-`
}

function ownName(prefix: string): string {
  return prefix === '' ? product : `${prefix}-${product}`
}

function shortHash(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 8)
}
