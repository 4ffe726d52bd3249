import { AthenaClient, GetQueryExecutionCommand, GetQueryResultsCommand, StartQueryExecutionCommand } from '@aws-sdk/client-athena'
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch'
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { DescribeDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose'
import { GetCatalogCommand, GetTableCommand, GlueClient } from '@aws-sdk/client-glue'
import {
  DescribeClusterOperationV2Command,
  DescribeClusterV2Command,
  DescribeTopicCommand,
  GetBootstrapBrokersCommand,
  GetClusterPolicyCommand,
  KafkaClient,
} from '@aws-sdk/client-kafka'
import {
  DescribeConnectorCommand,
  KafkaConnectClient,
  ListConnectorOperationsCommand,
  ListConnectorsCommand,
  ListCustomPluginsCommand,
  ListWorkerConfigurationsCommand,
} from '@aws-sdk/client-kafkaconnect'
import { LakeFormationClient, ListPermissionsCommand } from '@aws-sdk/client-lakeformation'
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data'
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn'
import { mockClient } from 'aws-sdk-client-mock'
import { clusterPolicy } from '../../../../handlers/provision/ensure-cluster-policy.ts'
import { wantedGrants } from '../../../../handlers/provision/grants/wanted-grants.ts'
import { type CanaryChange, canaryValues } from '../../../../pipeline/canary-sql.ts'
import { parsePostgresType } from '../../../../pipeline/column-types.ts'
import { clusterArn, place } from '../../../handlers/provision/asked.ts'
import { described as describedCluster, operation } from '../../../handlers/provision/cluster-answers.ts'
import { arn, brokers, described as describedConnector, summary } from '../../../handlers/provision/connector/connector-answers.ts'
import { sourceAnswer } from './source.ts'

const { plan } = place

/** Every client that a step has, without AWS behind it. */
export const aws = {
  athena: mockClient(AthenaClient),
  cloudWatch: mockClient(CloudWatchClient),
  logs: mockClient(CloudWatchLogsClient),
  firehose: mockClient(FirehoseClient),
  glue: mockClient(GlueClient),
  kafka: mockClient(KafkaClient),
  kafkaConnect: mockClient(KafkaConnectClient),
  lakeFormation: mockClient(LakeFormationClient),
  rdsData: mockClient(RDSDataClient),
  stepFunctions: mockClient(SFNClient),
}

export const deliveryStream = (change: object = {}) => ({
  DeliveryStreamDescription: {
    DeliveryStreamName: plan.deliveryStream,
    DeliveryStreamARN: `arn:aws:firehose:us-east-1:111122223333:deliverystream/${plan.deliveryStream}`,
    DeliveryStreamStatus: 'ACTIVE' as const,
    DeliveryStreamType: 'MSKAsSource' as const,
    VersionId: '1',
    Destinations: [],
    HasMoreDestinations: false,
    ...change,
  },
})

export const topic = (change: object = {}) => ({
  TopicName: plan.topic.name,
  PartitionCount: plan.topic.partitions,
  ReplicationFactor: plan.topic.replicationFactor,
  Status: 'ACTIVE' as const,
  Configs: Buffer.from(JSON.stringify(plan.topic.settings)).toString('base64'),
  ...change,
})

export const policy = (version = 'K1', statements = clusterPolicy(clusterArn)) => ({
  CurrentVersion: version,
  Policy: JSON.stringify(statements),
})

export function connector(change: Parameters<typeof describedConnector>[0] = {}): void {
  aws.kafkaConnect.on(ListConnectorsCommand).resolves({ connectors: [summary(change)] })
  aws.kafkaConnect.on(DescribeConnectorCommand, { connectorArn: arn }).resolves(describedConnector(change))
}

/** Athena's answer to whatever is asked: a header, then rows. */
export const rows = (...texts: string[][]) =>
  aws.athena.on(GetQueryResultsCommand).resolves({
    ResultSet: { Rows: [['header'], ...texts].map((row) => ({ Data: row.map((VarCharValue) => ({ VarCharValue })) })) },
  })

export const query = (status: object) => aws.athena.on(GetQueryExecutionCommand).resolves({ QueryExecution: { Status: status } })

/** One of the declared tables has a column that came later; Glue has this of it. */
export function addColumn(type = 'timestamp', glue: readonly { Name: string; Type: string }[] = []): void {
  const late = {
    name: 'late',
    type: parsePostgresType('text'),
    nullable: true,
    iceberg: { name: 'late', type },
    added: true,
    dropped: false,
  }
  const tables = plan.tables.map((table) => (table.name === 'orders' ? { ...table, columns: [...table.columns, late] } : table))
  Object.assign(globalThis, { PROVISIONING_PLAN: { ...plan, tables } })
  aws.glue.on(GetTableCommand).resolves({ Table: { Name: 'orders', StorageDescriptor: { Columns: [...glue] } } })
}

/** How CloudFormation's URL answers whoever puts something there. */
export function answerSignals(status: number): void {
  jest.spyOn(globalThis, 'fetch').mockImplementation(() => Promise.resolve(new Response(null, { status })))
}

/** Everything at AWS is as the steps want it; the canary as it is after a change. */
export function allIsWell(change?: CanaryChange): void {
  for (const client of Object.values(aws)) client.reset()
  answerSignals(200)
  Object.assign(globalThis, { PROVISIONING_PLAN: plan })
  aws.kafka.on(DescribeClusterV2Command).resolves(describedCluster({}, { vpc: true }))
  aws.kafka.on(DescribeClusterOperationV2Command).resolves(operation())
  aws.kafka.on(GetClusterPolicyCommand).resolves(policy())
  aws.kafka.on(DescribeTopicCommand).resolves(topic())
  aws.kafka.on(GetBootstrapBrokersCommand).resolves({ BootstrapBrokerStringSaslIam: brokers })
  aws.firehose.on(DescribeDeliveryStreamCommand).resolves(deliveryStream())
  aws.glue.on(GetCatalogCommand).resolves({ Catalog: { Name: 's3tablescatalog' } })
  aws.lakeFormation.on(ListPermissionsCommand).resolves({
    PrincipalResourcePermissions: wantedGrants(plan).map(({ principal, resource, permissions }) => ({
      Principal: { DataLakePrincipalIdentifier: principal },
      Resource: resource,
      Permissions: [...permissions],
    })),
  })
  connector()
  aws.kafkaConnect.on(ListConnectorOperationsCommand).resolves({ connectorOperations: [] })
  aws.kafkaConnect.on(ListCustomPluginsCommand).resolves({ customPlugins: [] })
  aws.kafkaConnect.on(ListWorkerConfigurationsCommand).resolves({ workerConfigurations: [] })
  aws.stepFunctions.on(ListExecutionsCommand).resolves({ executions: [] })
  aws.logs.on(FilterLogEventsCommand).resolves({ events: [] })
  aws.cloudWatch.on(GetMetricDataCommand).resolves({ MetricDataResults: [] })
  aws.rdsData.on(ExecuteStatementCommand).callsFake(sourceAnswer)
  aws.athena.on(StartQueryExecutionCommand).resolves({ QueryExecutionId: 'q' })
  query({ State: 'SUCCEEDED' })
  const value = change === undefined ? undefined : canaryValues[change]
  if (change === undefined) rows(['orders', '12'])
  else if (value === undefined) rows()
  else rows([value, '2026-11-22 11:59:47.500000 UTC'])
}
