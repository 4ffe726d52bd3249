import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalAccount, openAccount } from '../../../local/cloudformation/account.ts'
import type { Assembly } from '../../../local/cloudformation/assembly.ts'
import { type DeployEvent, deployAssembly } from '../../../local/cloudformation/deploy.ts'
import { parseTemplate } from '../../../local/cloudformation/template.ts'
import { icebergCatalog } from '../../../local/iceberg/catalog.ts'
import { type RestCatalog, serveRestCatalog } from './rest-catalog.ts'

export const place = { account: '111122223333', region: 'us-east-1' } as const

/** An empty local account with a REST catalog in memory. */
export interface AccountFixture {
  readonly directory: string
  readonly rest: RestCatalog
  /** Reads the state anew, as a later run would. */
  open(): LocalAccount
  /** Deploys templates as stacks of that name, in their order; returns what happened as `<logical id> <action>`. */
  deploy(templates: Record<string, object>, account?: LocalAccount): Promise<string[]>
  /** A folder with one file, an ES module, as the asset `s3://assets/<name>.zip` of every stack. */
  asset(name: string, source?: string): void
  close(): Promise<void>
}

export async function accountFixture(): Promise<AccountFixture> {
  const directory = mkdtempSync(join(tmpdir(), 'account-'))
  const rest = await serveRestCatalog()
  const assets: string[] = []
  const open = () =>
    openAccount({
      id: place.account,
      region: place.region,
      directory: join(directory, 'aws'),
      bucketsDirectory: join(directory, 'buckets'),
      catalog: icebergCatalog(rest.uri),
    })
  return {
    directory,
    rest,
    open,
    async deploy(templates, account = open()) {
      const events: DeployEvent[] = []
      const assembly = assemblyOf(templates, directory, assets)
      await deployAssembly(assembly, account, undefined, (event) => events.push(event))
      return events.flatMap((event) => (event.kind === 'resource' ? [`${event.logicalId} ${event.action}`] : []))
    },
    asset(name, source = `export const handler = () => '${name}'\n`) {
      mkdirSync(join(directory, name))
      writeFileSync(join(directory, name, 'index.mjs'), source)
      assets.push(name)
    },
    async close() {
      await rest.close()
      rmSync(directory, { recursive: true })
    },
  }
}

export function assemblyOf(templates: Record<string, object>, directory: string, assets: readonly string[] = []): Assembly {
  return {
    directory,
    stacks: Object.entries(templates).map(([name, template]) => ({
      name,
      ...place,
      template: parseTemplate(template, name),
      dependencies: [],
      assets: assets.map((asset) => ({ path: join(directory, asset), packaging: 'zip', bucket: 'assets', key: `${asset}.zip` })),
    })),
  }
}

const bucketArn = `arn:aws:s3tables:${place.region}:${place.account}:bucket/my-tables`

/** Table bucket, namespace and one retained table `orders`; `fields` are those after its key. */
export function tablesTemplate(fields: readonly object[] = [], table: object = {}) {
  return {
    Resources: {
      Bucket: { Type: 'AWS::S3Tables::TableBucket', DeletionPolicy: 'Retain', Properties: { TableBucketName: 'my-tables' } },
      Namespace: {
        Type: 'AWS::S3Tables::Namespace',
        DeletionPolicy: 'Retain',
        Properties: { TableBucketARN: { 'Fn::GetAtt': ['Bucket', 'TableBucketARN'] }, Namespace: 'aurora_cdc' },
      },
      Orders: {
        Type: 'AWS::S3Tables::Table',
        DependsOn: 'Namespace',
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          TableBucketARN: bucketArn,
          Namespace: 'aurora_cdc',
          TableName: 'orders',
          OpenTableFormat: 'ICEBERG',
          IcebergMetadata: {
            IcebergSchemaV2: {
              SchemaV2FieldType: 'struct',
              SchemaV2FieldList: [{ Id: 1, Name: 'order_id', Required: true, Type: 'int' }, ...fields],
              IdentifierFieldIds: [1],
            },
          },
          ...table,
        },
      },
    },
  }
}

/** An MSK cluster that is accepted, with the configuration that it needs, under these logical ids. */
export function kafkaCluster(name: string, { subnets = ['subnet-1', 'subnet-2'], iam = true } = {}) {
  return {
    Configuration: { Type: 'AWS::MSK::Configuration', Properties: { Name: name, ServerProperties: 'num.partitions=1\n' } },
    Cluster: {
      Type: 'AWS::MSK::Cluster',
      Properties: {
        ClusterName: name,
        KafkaVersion: '3.9.x',
        NumberOfBrokerNodes: 2,
        BrokerNodeGroupInfo: { InstanceType: 'kafka.m5.large', ClientSubnets: subnets },
        ClientAuthentication: { Sasl: { Iam: { Enabled: iam } } },
        EncryptionInfo: { EncryptionInTransit: { ClientBroker: 'TLS', InCluster: true } },
        ConfigurationInfo: { Arn: { Ref: 'Configuration' }, Revision: { 'Fn::GetAtt': ['Configuration', 'LatestRevision.Revision'] } },
      },
    },
  }
}
