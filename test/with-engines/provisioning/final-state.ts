import { DescribeClusterV2Command, GetClusterPolicyCommand, KafkaClient } from '@aws-sdk/client-kafka'
import { Kafka, logLevel } from 'kafkajs'
import type { LocalRun } from '../../../local/run/local-run.ts'
import { withSource } from '../../../local/run/source.ts'
import { resourceNames } from '../../../pipeline/resource-names.ts'

/** What provisioning leaves, at the source, in Kafka, at MSK and at Kafka Connect, without what differs from one run to the next. */
export async function finalState(run: LocalRun) {
  return { source: await sourceState(run), topics: await topics(run), cluster: await cluster(run), connector: await connector(run) }
}

const sourceQuery = `
  SELECT (SELECT json_agg(schemaname || '.' || tablename ORDER BY 1) FROM pg_publication_tables WHERE pubname = 'dbz_publication') AS published,
         (SELECT json_agg(slot_name || ' ' || plugin ORDER BY 1) FROM pg_replication_slots) AS slots,
         (SELECT json_agg(relname || ' ' || relreplident::text ORDER BY 1) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
           WHERE relkind = 'r' AND nspname IN ('public', 'cdc')) AS tables,
         (SELECT json_agg(name ORDER BY 1) FROM cdc.canary WHERE name NOT IN ('verify', 'walkthrough')) AS canaries`

async function sourceState(run: LocalRun): Promise<unknown> {
  return withSource(run.source, async (client) => {
    const { rows } = await client.query<Record<string, string>>(sourceQuery)
    return rows[0]
  })
}

async function topics(run: LocalRun): Promise<unknown> {
  const admin = new Kafka({ clientId: 'test', brokers: [run.state.kafkaBootstrap], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const { topics: found } = await admin.fetchTopicMetadata()
    return found.map(({ name, partitions }) => `${name} ${partitions.length}`).sort()
  } finally {
    await admin.disconnect()
  }
}

async function cluster(run: LocalRun): Promise<unknown> {
  const { account, endpoint, place } = run.aws
  const client = new KafkaClient({ endpoint: endpoint.uri, region: account.region, credentials: place.principals.administrator })
  try {
    const ClusterArn = account.find('AWS::MSK::Cluster')[0]?.arn
    const { ClusterInfo } = await client.send(new DescribeClusterV2Command({ ClusterArn }))
    const { Policy } = await client.send(new GetClusterPolicyCommand({ ClusterArn }))
    const { VpcConnectivity } = ClusterInfo?.Provisioned?.BrokerNodeGroupInfo?.ConnectivityInfo ?? {}
    return { state: ClusterInfo?.State, VpcConnectivity, policy: JSON.parse(Policy ?? '') }
  } finally {
    client.destroy()
  }
}

async function connector(run: LocalRun): Promise<unknown> {
  const { connector: name } = resourceNames(run.deployment)
  const response = await fetch(`${run.state.connectUri}/connectors`)
  const config = await fetch(`${run.state.connectUri}/connectors/${name}/config`)
  // Each run has ports of its own.
  const { 'database.port': _, ...properties }: Record<string, string> = JSON.parse(await config.text())
  return { names: JSON.parse(await response.text()), properties }
}
