import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AthenaClient, GetQueryExecutionCommand, GetQueryResultsCommand, StartQueryExecutionCommand } from '@aws-sdk/client-athena'
import { GetTableCommand, GlueClient } from '@aws-sdk/client-glue'
import { athenaService } from '../../../local/aws/athena.ts'
import { serveAws } from '../../../local/aws/endpoint.ts'
import { glueService, setTablesCatalogMode } from '../../../local/aws/glue.ts'
import { openAwsPlace } from '../../../local/aws/place.ts'
import { type LocalAccount, openAccount } from '../../../local/cloudformation/account.ts'
import { deployAssembly } from '../../../local/cloudformation/deploy.ts'
import { requestToken, rowCountQuery } from '../../../pipeline/athena-sql.ts'
import { inline, trust } from '../../local/aws/place.ts'
import { assemblyOf, place as region, tablesTemplate } from '../../local/cloudformation/fixture.ts'
import { startTestLake, type TestLake } from '../lake.ts'

let lake: TestLake
let account: LocalAccount
let client: (role?: string) => AthenaClient
let glue: (role?: string) => GlueClient
let close = async () => {}

const results = 'my-results'
const statements = [
  { Effect: 'Allow', Action: 'athena:*', Resource: 'arn:aws:athena:us-east-1:111122223333:workgroup/checks' },
  {
    Effect: 'Allow',
    Action: ['s3:GetBucketLocation', 's3:PutObject', 's3:GetObject'],
    Resource: [`arn:aws:s3:::${results}`, `arn:aws:s3:::${results}/*`],
  },
  { Effect: 'Allow', Action: ['glue:GetCatalog', 'glue:GetDatabase', 'glue:GetTable', 'lakeformation:GetDataAccess'], Resource: '*' },
]
const data = { Effect: 'Allow', Action: ['s3tables:GetTable', 's3tables:GetTableData', 's3tables:GetTableMetadataLocation'], Resource: '*' }
const commit = {
  Effect: 'Allow',
  Action: ['glue:UpdateTable', 's3tables:PutTableData', 's3tables:UpdateTableMetadataLocation'],
  Resource: '*',
}
const role = (RoleName: string, own: readonly object[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: { RoleName, AssumeRolePolicyDocument: trust('lambda.amazonaws.com'), Policies: [inline(own)] },
})
const roleArn = (name: string) => `arn:aws:iam::111122223333:role/${name}`

beforeAll(async () => {
  lake = await startTestLake()
  account = openAccount({
    id: region.account,
    region: region.region,
    directory: join(lake.directory, 'aws'),
    bucketsDirectory: join(lake.directory, 'buckets'),
    catalog: lake.catalog,
  })
  const workgroup = {
    Type: 'AWS::Athena::WorkGroup',
    DependsOn: 'Results',
    Properties: {
      Name: 'checks',
      WorkGroupConfiguration: {
        ResultConfiguration: { OutputLocation: `s3://${results}/checks/`, EncryptionConfiguration: { EncryptionOption: 'SSE_S3' } },
      },
    },
  }
  const Resources = {
    Results: { Type: 'AWS::S3::Bucket', DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain', Properties: { BucketName: results } },
    Bucket: tablesTemplate().Resources.Bucket,
    Checks: workgroup,
    Reader: role('reader', [...statements, data]),
    Glue: role('glue-only', statements),
    Alterer: role('alterer', [...statements, data, commit]),
  }
  await deployAssembly(assemblyOf({ all: { Resources } }, lake.directory), account)
  await lake.connection.run(
    `CREATE TABLE "${lake.lake.catalogName}".aurora_cdc.orders (order_id INTEGER, note VARCHAR, touched_at TIMESTAMPTZ)`,
  )
  await lake.connection.run(
    `INSERT INTO "${lake.lake.catalogName}".aurora_cdc.orders VALUES (1, 'a "b"', TIMESTAMPTZ '2026-11-22 12:00:00.123456+00'), (2, NULL, NULL)`,
  )
  const place = await openAwsPlace({
    account,
    timeScale: 1 / 600,
    secrets: [],
    engines: {
      kafkaBootstrap: () => '',
      connectUri: () => '',
      deliveryUri: () => '',
      postgresUrl: () => '',
      catalogUri: () => lake.catalogUri,
      logsDirectory: lake.directory,
    },
  })
  const endpoint = await serveAws({ athena: athenaService(place), glue: glueService(place) }, { access: place.access })
  close = () => endpoint.close()
  const settings = (name?: string) => ({
    endpoint: endpoint.uri,
    region: region.region,
    credentials: name === undefined ? place.principals.administrator : place.principals.issue(roleArn(name)),
  })
  client = (name) => new AthenaClient(settings(name))
  glue = (name) => new GlueClient(settings(name))
}, 60_000)

afterAll(async () => {
  await close()
  await lake.stop()
  lake.remove()
})

const start = (QueryString: string, more: object = {}, by = 'reader') =>
  client(by).send(
    new StartQueryExecutionCommand({
      QueryString,
      QueryExecutionContext: { Catalog: 's3tablescatalog/my-tables', Database: 'aurora_cdc' },
      WorkGroup: 'checks',
      ...more,
    }),
  )

async function ended(id: string | undefined) {
  for (;;) {
    const { QueryExecution } = await client().send(new GetQueryExecutionCommand({ QueryExecutionId: id ?? '' }))
    if (!['QUEUED', 'RUNNING'].includes(QueryExecution?.Status?.State ?? '')) return QueryExecution
    await sleep(20)
  }
}

async function rowsOf(sql: string) {
  const { QueryExecutionId } = await start(sql)
  expect((await ended(QueryExecutionId))?.Status?.State).toBe('SUCCEEDED')
  const { ResultSet } = await client('reader').send(new GetQueryResultsCommand({ QueryExecutionId: QueryExecutionId ?? '' }))
  return { id: QueryExecutionId, rows: ResultSet?.Rows?.map(({ Data }) => Data?.map(({ VarCharValue }) => VarCharValue)) }
}

test('a query is answered with a header and texts in Athena’s forms, and kept in the workgroup’s bucket', async () => {
  const { id, rows } = await rowsOf('SELECT order_id, note, touched_at FROM orders ORDER BY 1')
  expect(rows).toEqual([
    ['order_id', 'note', 'touched_at'],
    ['1', 'a "b"', '2026-11-22 12:00:00.123456 UTC'],
    ['2', undefined, undefined],
  ])
  expect(readFileSync(join(lake.directory, 'buckets', results, 'checks', `${id}.csv`), 'utf8')).toContain('"1","a ""b""",')
}, 30_000)

test('rows are counted as the step counts them, and what is asked again with the same token joins', async () => {
  const sql = rowCountQuery({ tableBucket: 'my-tables', namespace: 'aurora_cdc' }, [{ iceberg: 'orders' }, { iceberg: 'orders' }])
  expect((await rowsOf(sql)).rows).toEqual([
    ['name', 'count'],
    ['orders', '2'],
    ['orders', '2'],
  ])
  const ClientRequestToken = requestToken('one')
  const first = await start('SELECT 1', { ClientRequestToken })
  expect(await start('SELECT 1', { ClientRequestToken })).toMatchObject({ QueryExecutionId: first.QueryExecutionId })
  await expect(start('SELECT 2', { ClientRequestToken })).rejects.toThrow('Idempotent parameters do not match')
}, 30_000)

test('a mistake in a query, an unknown catalog and a missing right fail the query, with a reason', async () => {
  const failure = async (...args: Parameters<typeof start>) => (await ended((await start(...args)).QueryExecutionId))?.Status
  const status = await failure('SELECT * FROM missing')
  expect(status).toMatchObject({
    State: 'FAILED',
    StateChangeReason: expect.stringContaining('missing'),
    AthenaError: { Retryable: false, ErrorCategory: 2 },
  })
  expect(await failure('SELECT 1', { QueryExecutionContext: { Catalog: 's3tablescatalog/none', Database: 'x' } })).toMatchObject({
    StateChangeReason: expect.stringContaining('CATALOG_NOT_FOUND'),
  })
  expect(await failure('SELECT * FROM orders', {}, 'glue-only')).toMatchObject({
    State: 'FAILED',
    StateChangeReason: expect.stringContaining('not authorized to perform: s3tables:GetTable on resource'),
  })
}, 30_000)

test('columns are added and widened, rows of before are read by the new schema, and Glue tells of it', async () => {
  const table = `"${lake.lake.catalogName}".aurora_cdc.measures`
  await lake.connection.run(`CREATE TABLE ${table} (id INTEGER, reading FLOAT, n INTEGER, d DECIMAL(5,2))`)
  await lake.connection.run(`INSERT INTO ${table} VALUES (1, 0.1, 7, 1.25)`)
  const alter = async (sql: string, by = 'alterer') => (await ended((await start(sql, {}, by)).QueryExecutionId))?.Status
  const add = 'ALTER TABLE `measures` ADD COLUMNS (`late` bigint, `tags` array<string>)'
  expect(await alter(add, 'reader')).toMatchObject({
    State: 'FAILED',
    StateChangeReason: expect.stringContaining('not authorized to perform: s3tables:PutTableData'),
  })
  for (const sql of [
    add,
    'ALTER TABLE `measures` CHANGE COLUMN `reading` `reading` double',
    'ALTER TABLE `measures` CHANGE COLUMN `n` `n` bigint',
    'ALTER TABLE `measures` CHANGE COLUMN `d` `d` decimal(9,2)',
  ])
    expect(await alter(sql)).toMatchObject({ State: 'SUCCEEDED' })
  expect(await alter(add)).toMatchObject({
    State: 'FAILED',
    StateChangeReason: expect.stringContaining('name already exists: late'),
    AthenaError: { Retryable: false },
  })
  expect(await alter('ALTER TABLE `nothing` ADD COLUMNS (`a` int)')).toMatchObject({
    StateChangeReason: expect.stringContaining('Table not found nothing'),
  })
  await lake.connection.run(`INSERT INTO ${table} VALUES (2, 0.1, 3000000000, 1234567.25, 5, ['a', NULL])`)
  expect((await rowsOf('SELECT id, reading, n, d, late FROM measures ORDER BY id')).rows?.slice(1)).toEqual([
    ['1', '0.10000000149011612', '7', '1.25', undefined],
    ['2', '0.1', '3000000000', '1234567.25', '5'],
  ])
  const named = { CatalogId: '111122223333:s3tablescatalog/my-tables', DatabaseName: 'aurora_cdc', Name: 'measures' }
  const { Table } = await glue('reader').send(new GetTableCommand(named))
  expect(Table?.StorageDescriptor?.Columns?.map(({ Name, Type }) => `${Name} ${Type}`)).toEqual([
    'id int',
    'reading double',
    'n bigint',
    'd decimal(9,2)',
    'late bigint',
    'tags array<string>',
  ])
  await expect(glue('glue-only').send(new GetTableCommand(named))).rejects.toThrow('not authorized to perform: s3tables:GetTable')
  await expect(glue('reader').send(new GetTableCommand({ ...named, Name: 'nothing' }))).rejects.toMatchObject({
    name: 'EntityNotFoundException',
  })
  await setTablesCatalogMode(account, 'lake-formation')
  await expect(glue('reader').send(new GetTableCommand(named))).rejects.toThrow('Required Describe on measures')
  await setTablesCatalogMode(account, 'iam')
}, 60_000)

test('where Lake Formation governs, a role without its grant sees nothing', async () => {
  await setTablesCatalogMode(account, 'lake-formation')
  const { QueryExecutionId } = await start('SELECT * FROM orders')
  expect((await ended(QueryExecutionId))?.Status).toMatchObject({
    State: 'FAILED',
    StateChangeReason: expect.stringContaining('does not have any privilege'),
  })
  await setTablesCatalogMode(account, 'iam')
}, 30_000)

test('a workgroup that is not there, or not allowed, is refused at once', async () => {
  await expect(start('SELECT 1', { WorkGroup: 'other' })).rejects.toMatchObject({ name: 'AccessDeniedException' })
  await expect(client().send(new StartQueryExecutionCommand({ QueryString: 'SELECT 1', WorkGroup: 'other' }))).rejects.toThrow(
    'WorkGroup other is not found.',
  )
  expect(existsSync(join(lake.directory, 'buckets', 'other'))).toBe(false)
})
