import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { type AwsEndpoint, serveAws } from '../../../local/aws/endpoint.ts'
import { type AwsPlace, openAwsPlace } from '../../../local/aws/place.ts'
import { applyRoleAcls } from '../../../local/aws/role-acls.ts'
import { secretsManager } from '../../../local/aws/secrets-manager.ts'
import { type LocalAccount, openAccount } from '../../../local/cloudformation/account.ts'
import type { Template } from '../../../local/cloudformation/template.ts'
import { type RunningConnect, startConnect, workerNames } from '../../../local/engines/connect.ts'
import { type KafkaPasswords, kafkaPasswords, postgresCredentials } from '../../../local/engines/credentials.ts'
import { ensureTopic, type RunningKafka, startKafka } from '../../../local/engines/kafka.ts'
import { portsFor } from '../../../local/engines/ports.ts'
import { type RunningPostgres, startPostgres } from '../../../local/engines/postgres.ts'
import { postgresHome } from '../../../local/engines/postgres-user.ts'
import { icebergCatalog } from '../../../local/iceberg/catalog.ts'
import { connectorProperties } from '../../../pipeline/connector.ts'
import { parseDeployment, secretName } from '../../../pipeline/deployment.ts'
import { changeEventTopic } from '../../../pipeline/names.ts'
import { resourceNames } from '../../../pipeline/resource-names.ts'
import { createPublicationStatements, grantStatements, ownSchemaStatements, publishedTables } from '../../../pipeline/source-sql.ts'
import { localDeployment, synthesized } from '../../lib/synthesized.ts'
import { deployPermissions } from '../../local/aws/deployed-permissions.ts'

export const deployment = parseDeployment(localDeployment)
export const names = resourceNames(deployment)
export const tables = [{ schema: 'public', name: 'item' }]

/** Stacks whose roles reach the broker, and what they need. */
const stacks = ['CdcMskCluster', 'CdcMskConnectIam', 'CdcFirehoseRole']

/** PostgreSQL, a broker with a listener for roles, and an account with the synthesized roles, whose ACLs the broker has. */
export interface RolesRun {
  readonly directory: string
  readonly logFile: (engine: string) => string
  readonly place: AwsPlace
  readonly postgres: RunningPostgres
  readonly kafka: RunningKafka
  readonly roleBootstrap: string
  readonly passwords: KafkaPasswords
  /** Deploys templates of these stacks, the synthesized ones unless given, and has the broker take over the roles' ACLs. */
  deploy(templates?: Record<string, Template>): Promise<Awaited<ReturnType<typeof applyRoleAcls>>>
  /** As the connector's role, with Secrets Manager called as that role too. */
  startWorker(): Promise<RunningConnect>
  readonly connector: Record<string, string>
  workerPid(): number | undefined
  stop(): Promise<void>
}

export async function startRolesRun(): Promise<RolesRun> {
  const directory = mkdtempSync(join(tmpdir(), 'roles-'))
  chmodSync(directory, 0o755)
  const port = await portsFor(join(directory, 'ports.json'), ['postgres', 'kafka', 'controller', 'roles', 'connect'])
  const logFile = (engine: string) => join(directory, 'logs', `${engine}.log`)
  const credentials = postgresCredentials(directory)
  const passwords = kafkaPasswords(directory, [names.connectRole, names.firehoseRole])
  const roleBootstrap = `127.0.0.1:${port('roles')}`
  const [postgres, kafka] = await Promise.all([
    startPostgres({
      home: postgresHome(directory, true),
      port: port('postgres'),
      credentials,
      database: 'app',
      logFile: logFile('postgres'),
    }),
    startKafka({
      dataDirectory: join(directory, 'kafka'),
      port: port('kafka'),
      controllerPort: port('controller'),
      retentionHours: 168,
      roles: { port: port('roles'), passwords: passwords.of, logDecisions: true },
      logFile: logFile('kafka'),
    }),
  ])
  await ensureTopic(kafka.bootstrap, { name: changeEventTopic, partitions: 1, retentionHours: 168 })
  await prepare(postgres.url)
  const account = openAccount({
    id: deployment.account,
    region: deployment.region,
    directory: join(directory, 'aws'),
    bucketsDirectory: join(directory, 'buckets'),
    // None of these stacks has tables.
    catalog: icebergCatalog('http://127.0.0.1:1'),
  })
  const secret = secretName(deployment.secrets.debezium)
  const place = await placeOf(account, directory, {
    name: secret,
    arn: deployment.secrets.debezium,
    value: { username: credentials.debezium.user, password: credentials.debezium.password },
  })
  const aws: AwsEndpoint = await serveAws({ secretsmanager: secretsManager(place.secrets) }, { access: place.access })
  let worker: RunningConnect | undefined
  return {
    directory,
    logFile,
    place,
    postgres,
    kafka,
    roleBootstrap,
    passwords,
    async deploy(templates = synthesized()) {
      const wanted = Object.fromEntries(Object.entries(templates).filter(([stack]) => stacks.includes(stack)))
      await deployPermissions(account, wanted, directory)
      return applyRoleAcls(kafka.bootstrap, account, Object.values(workerNames(names.connector)))
    },
    async startWorker() {
      const roleArn = account.arn('iam', `role/${names.connectRole}`, { region: '' })
      const sourceArn = account.arn('kafkaconnect', `connector/${names.connector}/local`)
      worker = await startConnect({
        dataDirectory: join(directory, 'connect'),
        port: port('connect'),
        connector: names.connector,
        bootstrap: roleBootstrap,
        kafkaLogin: { user: names.connectRole, password: passwords.of[names.connectRole] ?? '' },
        awsEndpoint: aws.uri,
        awsCredentials: place.principals.assume(roleArn, { service: 'kafkaconnect.amazonaws.com', sourceArn }),
        region: deployment.region,
        logFile: logFile('connect'),
      })
      return worker
    },
    connector: connectorProperties({
      tables,
      database: { hostname: '127.0.0.1', port: postgres.port, name: 'app', sslmode: 'disable', secretName: secret },
      topics: { replicationFactor: 1, retentionHours: 168 },
    }),
    workerPid: () => worker?.pid,
    async stop() {
      await worker?.stop()
      await Promise.all([postgres.stop(), kafka.stop(), aws.close()])
      rmSync(directory, { recursive: true })
    },
  }
}

async function placeOf(account: LocalAccount, directory: string, secret: AwsPlace['secrets'][number]): Promise<AwsPlace> {
  const missing = () => {
    throw new Error('the test has no such engine')
  }
  return openAwsPlace({
    account,
    timeScale: 1,
    secrets: [secret],
    engines: {
      kafkaBootstrap: missing,
      connectUri: missing,
      catalogUri: missing,
      deliveryUri: missing,
      postgresUrl: missing,
      logsDirectory: join(directory, 'logs'),
    },
  })
}

async function prepare(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const statements = [
    'CREATE TABLE public.item (id integer PRIMARY KEY, name text)',
    `INSERT INTO public.item VALUES (1, 'one'), (2, 'two')`,
    ...ownSchemaStatements(),
    ...createPublicationStatements(publishedTables(tables)),
    ...grantStatements('debezium', publishedTables(tables), 'attribute'),
  ]
  for (const statement of statements) await client.query(statement)
  await client.end()
}
