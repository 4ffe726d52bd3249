import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { StepPlace } from '../../../handlers/provision/step.ts'
import { AwsError, serveAws, withoutAccount } from '../../../local/aws/endpoint.ts'
import { rdsDataService } from '../../../local/aws/rds-data.ts'
import { type CapturedTable, capturedTables } from '../../../pipeline/tables.ts'
import { place as unitPlace } from '../../handlers/provision/asked.ts'
import { startTestSource, type TestSource } from '../source/server.ts'

const { source } = unitPlace.plan
const wrongSecret = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:wrong-AbCdEf'

/** A real PostgreSQL behind the stand-in of the Data API, where this process's AWS clients find it. */
export interface DataApiSource extends TestSource {
  readonly uri: string
  readonly clusterArn: string
  readonly secretArn: string
  readonly wrongSecret: string
  /** Lets so many more statements be answered; every later one is refused, as if whoever sends them had died. */
  allow(statements: number): void
  /** Reads the slot as a connector does, until it is stopped. */
  readSlot(url: string): Promise<{ stop(): Promise<void> }>
  /** What a step is given, for these tables and the canary. */
  place(tables: readonly CapturedTable[], change?: Partial<StepPlace['plan']['source']>): StepPlace
}

export async function startDataApiSource(): Promise<DataApiSource> {
  const test = await startTestSource()
  const superuser = new URL(test.url)
  const role = new URL(test.role.url)
  const secret = (arn: string, { username, password }: { username: string; password: string }) => ({
    name: arn,
    arn,
    value: { username, password },
  })
  const service = rdsDataService(
    {
      engines: { ...noEngines, postgresUrl: () => test.url },
      secrets: [
        secret(source.preparationSecret, { username: superuser.username, password: superuser.password }),
        secret(source.debeziumSecret, { username: role.username, password: role.password }),
        secret(wrongSecret, { username: role.username, password: 'wrong' }),
      ],
    },
    source,
  )
  let left = Number.POSITIVE_INFINITY
  const rdsData: typeof service = (request) => {
    left -= 1
    if (left < 0) throw new AwsError('Killed', 'whoever asked is no more')
    return service(request)
  }
  const endpoint = await serveAws({ 'rds-data': rdsData }, { access: withoutAccount })
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint.uri,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  })
  return {
    ...test,
    uri: endpoint.uri,
    clusterArn: source.clusterArn,
    secretArn: source.preparationSecret,
    wrongSecret,
    readSlot: (url: string) => readSlot(test.client, url),
    allow: (statements: number) => void (left = statements),
    place: (tables: readonly CapturedTable[], change = {}): StepPlace => ({
      ...unitPlace,
      now: () => new Date(),
      plan: { ...unitPlace.plan, tables: capturedTables(tables), source: { ...source, database: 'app', ...change } },
    }),
    async stop() {
      await test.stop()
      await endpoint.close()
    },
  }
}

async function readSlot(client: Client, url: string): Promise<{ stop(): Promise<void> }> {
  const reader = new Client({ connectionString: `${url}?replication=database` })
  reader.on('error', () => undefined)
  await reader.connect()
  const ended = reader
    .query("START_REPLICATION SLOT debezium_slot LOGICAL 0/0 (proto_version '1', publication_names 'dbz_publication')")
    .catch(() => undefined)
  const isActive = async (active: string) => {
    const look = () => client.query<{ active: string }>('SELECT active::text AS active FROM pg_replication_slots')
    while ((await look()).rows[0]?.active !== active) await sleep(20)
  }
  await isActive('true')
  return {
    async stop() {
      await client.query('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots')
      await ended
      await isActive('false')
    },
  }
}

const absent = () => {
  throw new Error('this engine does not run')
}
const noEngines = { kafkaBootstrap: absent, connectUri: absent, catalogUri: absent, deliveryUri: absent, logsDirectory: '/nowhere' }
