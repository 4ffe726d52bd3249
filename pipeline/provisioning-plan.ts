import { topicReplicas } from './broker-properties.ts'
import { connectorProperties } from './connector.ts'
import { type Deployment, secretName } from './deployment.ts'
import { changeEventTopic, maximumMessageBytes } from './names.ts'
import { deliveryStreamIdentity, deliveryStreamName, resourceNames } from './resource-names.ts'
import { type CapturedTable, canaryCapturedTable } from './tables.ts'

/**
 * What the steps of the state machine know of the deployment: everything that is fixed at synthesis, compiled into their bundles.
 * ARNs that AWS draws at random are in `provisioning-environment.ts`.
 */
export interface ProvisioningPlan {
  readonly account: string
  readonly region: string
  readonly partition: string
  readonly source: {
    /** Of the Aurora cluster: the Data API's `resourceArn`. */
    readonly clusterArn: string
    readonly database: string
    /** Secrets by ARN: of who prepares the source, and of Debezium's user. */
    readonly preparationSecret: string
    readonly debeziumSecret: string
  }
  /** Every declared table, the canary included. */
  readonly tables: readonly CapturedTable[]
  readonly topic: {
    readonly name: string
    readonly partitions: number
    readonly replicationFactor: number
    /** Kafka's topic settings, by name. */
    readonly settings: Readonly<Record<string, string>>
  }
  readonly connector: {
    readonly name: string
    readonly properties: Readonly<Record<string, string>>
    readonly roleArn: string
    readonly logGroup: string
    readonly subnets: readonly string[]
    readonly kafkaConnectVersion: string
    readonly authentication: 'iam' | 'unauthenticated'
    readonly capacity: { readonly mcuCount: number; readonly workerCount: number }
    /** How the names of all plugins and worker configurations begin that this deployment ever had. */
    readonly pluginPrefix: string
    readonly workerConfigurationPrefix: string
  }
  readonly deliveryStream: string
  readonly firehoseRoleArn: string
  readonly firehoseLogGroup: string
  readonly tableBucket: string
  readonly namespace: string
  /** Roles that may read the tables, by ARN. */
  readonly readers: readonly string[]
  /** Roles of the steps that query the tables, by ARN. */
  readonly queryingRoles: readonly string[]
  /** Role of the step that removes rows from the tables, by ARN. */
  readonly removingRole: string
  /** Role of the step that changes columns of the tables, by ARN. */
  readonly alteringRole: string
  readonly lakeFormation: {
    /** The role of the step that grants, by ARN. */
    readonly grantingRole: string
    /** Whether that step may add its role to the data lake administrators. */
    readonly addAdministrator: boolean
  }
  /** Athena's workgroup of the checks, and the bucket of its results. */
  readonly workgroup: string
  readonly queryResultsBucket: string
  readonly errorBucket: string
  readonly transformLogGroup: string
  /** By ARN. */
  readonly stateMachines: { readonly provisioning: string; readonly teardown: string }
  /** What the deployment's stacks leave when they are destroyed. */
  readonly outlives: Readonly<Record<'tables' | 'namespace' | 'tableBucket' | 'errorBucket', boolean>>
}

export type { ProvisioningEnvironment } from './provisioning-environment.ts'

/** Steps that look at the Iceberg tables, in Glue or with Athena: where Lake Formation governs the catalog, their roles are granted SELECT. */
export const queryingSteps = ['check-columns', 'ensure-columns', 'await-canary', 'await-row-counts', 'ensure-vanished-removed'] as const

/** The step that deletes rows with Athena: granted that, too. */
export const removingStep = 'ensure-vanished-removed'

/** The step that alters tables with Athena: granted that, too. */
export const alteringStep = 'ensure-columns'

/** Kafka Connect as MSK Connect offers it, with Java 17, which Debezium 3 needs. */
const kafkaConnectVersion = '3.7.x'

export function provisioningPlan(deployment: Deployment, tables: readonly CapturedTable[]): ProvisioningPlan {
  const { account, region, aurora, secrets, kafka, network } = deployment
  const names = resourceNames(deployment)
  const partition = partitionOf(region)
  const arn = (service: string, resource: string) => `arn:${partition}:${service}:${region}:${account}:${resource}`
  const roleArn = (name: string) => `arn:${partition}:iam::${account}:role/${name}`
  const replicationFactor = topicReplicas(kafka)
  const captured = tables.filter((table) => table.capture && table !== canaryCapturedTable)
  return {
    account,
    region,
    partition,
    source: {
      clusterArn: arn('rds', `cluster:${aurora.clusterIdentifier}`),
      database: aurora.database,
      preparationSecret: secrets.preparation,
      debeziumSecret: secrets.debezium,
    },
    tables,
    topic: {
      name: changeEventTopic,
      partitions: 1,
      replicationFactor,
      settings: {
        'retention.ms': String(kafka.retentionHours * 60 * 60 * 1000),
        'max.message.bytes': String(maximumMessageBytes),
        // Else Firehose's freshness metric would be wrong.
        'message.timestamp.type': 'LogAppendTime',
      },
    },
    connector: {
      name: names.connector,
      properties: connectorProperties({
        tables: captured,
        topics: { replicationFactor, retentionHours: kafka.retentionHours },
        database: {
          hostname: aurora.endpoint,
          port: aurora.port,
          name: aurora.database,
          sslmode: 'require',
          secretName: secretName(secrets.debezium),
        },
      }),
      roleArn: roleArn(names.connectRole),
      logGroup: names.connectLogGroup,
      subnets: network.subnets,
      kafkaConnectVersion,
      authentication: kafka.authentication,
      // Debezium runs one task; a second worker would idle.
      capacity: { mcuCount: 1, workerCount: 1 },
      pluginPrefix: names.pluginPrefix,
      workerConfigurationPrefix: names.workerConfigurationPrefix,
    },
    deliveryStream: deliveryStreamName(deployment, deliveryStreamIdentity(deployment)),
    firehoseRoleArn: roleArn(names.firehoseRole),
    firehoseLogGroup: names.firehoseLogGroup,
    tableBucket: deployment.tableBucket.name,
    namespace: deployment.namespace.name,
    readers: deployment.readers,
    queryingRoles: queryingSteps.map((step) => roleArn(names.stepRole(step))),
    removingRole: roleArn(names.stepRole(removingStep)),
    alteringRole: roleArn(names.stepRole(alteringStep)),
    lakeFormation: { grantingRole: roleArn(names.stepRole('ensure-grants')), addAdministrator: deployment.lakeFormation.addAdministrator },
    workgroup: names.workgroup,
    queryResultsBucket: names.queryResultsBucket,
    errorBucket: names.errorBucket,
    transformLogGroup: names.transformLogGroup,
    stateMachines: {
      provisioning: arn('states', `stateMachine:${names.stateMachine}`),
      teardown: arn('states', `stateMachine:${names.teardownStateMachine}`),
    },
    outlives: outliving(deployment),
  }
}

/** What was there before the deployment outlives it, too, but is not its to delete; tables are, whichever deployment made them. */
function outliving({ onDestroy, tables, namespace, tableBucket, errorBucket }: Deployment): ProvisioningPlan['outlives'] {
  const kept = onDestroy === 'retain'
  return {
    tables: kept || !tables.create,
    namespace: kept && namespace.create,
    tableBucket: kept && tableBucket.create,
    errorBucket: kept && errorBucket.create,
  }
}

/** The partition of a Region's ARNs. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}
