import { GetCatalogCommand, GlueClient } from '@aws-sdk/client-glue'
import {
  BatchGrantPermissionsCommand,
  GetDataLakeSettingsCommand,
  GrantPermissionsCommand,
  LakeFormationClient,
  ListPermissionsCommand,
  type Permission,
  PutDataLakeSettingsCommand,
  type Resource,
  RevokePermissionsCommand,
} from '@aws-sdk/client-lakeformation'
import { glueService, setTablesCatalogMode } from '../../../local/aws/glue.ts'
import { hasGrant, lakeFormationService } from '../../../local/aws/lake-formation.ts'
import { tablesTemplate } from '../cloudformation/fixture.ts'
import { type PlaceFixture, placeFixture, type Served } from './place.ts'

const CatalogId = '111122223333:s3tablescatalog/my-tables'
const catalog: Resource = { Catalog: { Id: CatalogId } }
const tables: Resource = { Table: { CatalogId, DatabaseName: 'aurora_cdc', TableWildcard: {} } }
const everything = [{ Effect: 'Allow', Action: ['lakeformation:*', 'glue:GetCatalog'], Resource: '*' }]

let fixture: PlaceFixture
let served: Served
let granting: string
let reader: string

beforeEach(async () => {
  fixture = await placeFixture({ timeScale: 0.1 })
  await fixture.fixture.deploy({ tables: tablesTemplate() }, fixture.place.account)
  granting = await fixture.role('granting', everything)
  reader = await fixture.role('reader', [])
  served = await fixture.serve({ glue: glueService(fixture.place), lakeformation: lakeFormationService(fixture.place) })
  await lakeFormation().send(new ListPermissionsCommand({}))
  fixture.pass(10)
})

afterEach(() => fixture.close())

const lakeFormation = (role?: string) => new LakeFormationClient(served.client(role))
const grant = (principal: string, resource: Resource, permissions: Permission[], grantable: Permission[] = []) =>
  new GrantPermissionsCommand({
    Principal: { DataLakePrincipalIdentifier: principal },
    Resource: resource,
    Permissions: permissions,
    PermissionsWithGrantOption: grantable,
  })
const listed = async (role?: string) => {
  const { PrincipalResourcePermissions = [] } = await lakeFormation(role).send(new ListPermissionsCommand({}))
  return PrincipalResourcePermissions.map(({ Principal, Resource: on, Permissions }) => [
    Principal?.DataLakePrincipalIdentifier,
    on,
    Permissions,
  ])
}

test.each([
  ['iam', [{ Principal: { DataLakePrincipalIdentifier: 'IAM_ALLOWED_PRINCIPALS' }, Permissions: ['ALL'] }]],
  ['lake-formation', []],
] as const)('the catalog of table buckets says in its defaults that it is in %s mode', async (mode, defaults) => {
  await setTablesCatalogMode(fixture.place.account, mode)
  const { Catalog } = await new GlueClient(served.client(granting)).send(new GetCatalogCommand({ CatalogId: 's3tablescatalog' }))
  expect(Catalog).toMatchObject({
    Name: 's3tablescatalog',
    FederatedCatalog: { ConnectionName: 'aws:s3tables', Identifier: 'arn:aws:s3tables:us-east-1:111122223333:bucket/*' },
    CreateTableDefaultPermissions: defaults,
    CreateDatabaseDefaultPermissions: defaults,
  })
})

test('a catalog that was never made, or of another bucket, is not found', async () => {
  const glue = new GlueClient(served.client(granting))
  await expect(glue.send(new GetCatalogCommand({ CatalogId: 's3tablescatalog/other' }))).rejects.toThrow(
    'Catalog s3tablescatalog/other not found',
  )
  await setTablesCatalogMode(fixture.place.account, 'none')
  await expect(glue.send(new GetCatalogCommand({ CatalogId: 's3tablescatalog' }))).rejects.toMatchObject({
    name: 'EntityNotFoundException',
  })
})

test('the role needs the right to look at the root catalog as well', async () => {
  const role = await fixture.role('half', [
    { Effect: 'Allow', Action: 'glue:GetCatalog', Resource: 'arn:aws:glue:us-east-1:111122223333:catalog/s3tablescatalog' },
  ])
  const glue = new GlueClient(served.client(role))
  await expect(glue.send(new GetCatalogCommand({ CatalogId: 's3tablescatalog' }))).rejects.toMatchObject({ name: 'AccessDeniedException' })
})

test('SELECT on all tables is listed as SELECT on all their columns, and holds for each of them', async () => {
  await lakeFormation().send(grant(reader, tables, ['SELECT', 'DESCRIBE']))
  const all = { CatalogId, DatabaseName: 'aurora_cdc', Name: 'ALL_TABLES' }
  expect(await listed()).toEqual([
    [reader, { TableWithColumns: { ...all, ColumnWildcard: {} } }, ['SELECT']],
    [reader, { Table: { ...all, TableWildcard: {} } }, ['DESCRIBE']],
  ])
  const orders = { tableBucket: 'my-tables', database: 'aurora_cdc', table: 'orders' }
  expect(hasGrant(fixture.place.account, reader, orders, 'SELECT')).toBe(true)
  expect(hasGrant(fixture.place.account, reader, orders, 'INSERT')).toBe(false)
  expect(hasGrant(fixture.place.account, reader, { ...orders, database: 'other' }, 'SELECT')).toBe(false)
})

test('grants are in the folder of the account, and doing them again adds none', async () => {
  await lakeFormation().send(grant(reader, tables, ['ALL']))
  await lakeFormation().send(grant(reader, tables, ['ALL']))
  expect(hasGrant(fixture.fixture.open(), reader, { tableBucket: 'my-tables', database: 'aurora_cdc', table: 'orders' }, 'INSERT')).toBe(
    true,
  )
  expect(await listed()).toHaveLength(2)
})

test('only an administrator, or who was given the grant option, may grant; both need the action too', async () => {
  const attempt = () => lakeFormation(granting).send(grant(reader, catalog, ['DESCRIBE']))
  await expect(attempt()).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: 'Resource does not exist or requester is not authorized to access requested permissions.',
  })
  await lakeFormation().send(grant(granting, catalog, ['DESCRIBE'], ['DESCRIBE']))
  await attempt()
  await expect(lakeFormation(granting).send(grant(reader, catalog, ['ALTER']))).rejects.toMatchObject({ name: 'AccessDeniedException' })
  await expect(lakeFormation(reader).send(grant(reader, catalog, ['DESCRIBE']))).rejects.toThrow('is not authorized to perform')
  // Who may grant DESCRIBE sees who has it, and nothing else of others.
  await lakeFormation().send(grant(reader, tables, ['SELECT']))
  expect(await listed(granting)).toHaveLength(2)
  expect(await listed()).toHaveLength(3)
})

test('ALL can be granted by who holds ALL with the grant option', async () => {
  const entries = [{ Id: '1', Principal: { DataLakePrincipalIdentifier: granting }, Resource: tables, Permissions: ['ALL' as const] }]
  const { Failures } = await lakeFormation().send(
    new BatchGrantPermissionsCommand({ Entries: entries.map((entry) => ({ ...entry, PermissionsWithGrantOption: ['ALL'] })) }),
  )
  expect(Failures).toEqual([])
  await lakeFormation(granting).send(grant(reader, tables, ['ALL']))
})

test('what a batch could not grant is in an answer that is a success', async () => {
  const nobody = 'arn:aws:iam::111122223333:role/nobody'
  const { Failures } = await lakeFormation().send(
    new BatchGrantPermissionsCommand({
      Entries: [{ Id: '1', Principal: { DataLakePrincipalIdentifier: nobody }, Resource: tables, Permissions: ['SELECT'] }],
    }),
  )
  expect(Failures).toMatchObject([
    { RequestEntry: { Id: '1' }, Error: { ErrorCode: 'InvalidInputException', ErrorMessage: 'Invalid principal' } },
  ])
})

test('a role that was just made is no principal yet', async () => {
  const fresh = await fixture.role('fresh', [])
  const attempt = () => lakeFormation().send(grant(fresh, catalog, ['DESCRIBE']))
  await expect(attempt()).rejects.toMatchObject({ name: 'InvalidInputException', message: 'Invalid principal' })
  fixture.pass(0.9)
  await expect(attempt()).rejects.toMatchObject({ name: 'InvalidInputException' })
  fixture.pass(0.1)
  await attempt()
})

test('of two grants at once one is refused', async () => {
  const attempts = await Promise.allSettled([
    lakeFormation().send(grant(reader, catalog, ['DESCRIBE'])),
    lakeFormation().send(grant(granting, catalog, ['DESCRIBE'])),
  ])
  expect(attempts.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(attempts.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { name: 'ConcurrentModificationException' } })
})

test('a permission that a resource does not have is refused', async () => {
  await expect(lakeFormation().send(grant(reader, catalog, ['SELECT']))).rejects.toThrow('[SELECT] cannot be granted on CATALOG')
})

test('a grant is revoked once', async () => {
  await lakeFormation().send(grant(reader, catalog, ['DESCRIBE']))
  const revoke = () =>
    lakeFormation().send(
      new RevokePermissionsCommand({ Principal: { DataLakePrincipalIdentifier: reader }, Resource: catalog, Permissions: ['DESCRIBE'] }),
    )
  await revoke()
  expect(await listed()).toEqual([])
  await expect(revoke()).rejects.toThrow('Grantee has no permissions')
})

test('the settings are replaced as a whole, and make administrators', async () => {
  const before = await lakeFormation(granting).send(new GetDataLakeSettingsCommand({}))
  expect(before.DataLakeSettings?.Parameters).toEqual({ CROSS_ACCOUNT_VERSION: '4' })
  await lakeFormation(granting).send(
    new PutDataLakeSettingsCommand({ DataLakeSettings: { DataLakeAdmins: [{ DataLakePrincipalIdentifier: granting }] } }),
  )
  const after = await lakeFormation(granting).send(new GetDataLakeSettingsCommand({}))
  expect(after.DataLakeSettings).toEqual({ DataLakeAdmins: [{ DataLakePrincipalIdentifier: granting }] })
  await lakeFormation(granting).send(grant(reader, tables, ['ALL']))
})

test('there are 30 administrators at most', async () => {
  const DataLakeAdmins = Array.from({ length: 31 }, (_, index) => ({
    DataLakePrincipalIdentifier: `arn:aws:iam::111122223333:role/r${index}`,
  }))
  await expect(lakeFormation().send(new PutDataLakeSettingsCommand({ DataLakeSettings: { DataLakeAdmins } }))).rejects.toThrow(
    'exceeds the limit of 30',
  )
})

test('ListPermissions comes in pages', async () => {
  await lakeFormation().send(grant(reader, catalog, ['DESCRIBE']))
  await lakeFormation().send(grant(granting, catalog, ['DESCRIBE']))
  const first = await lakeFormation().send(new ListPermissionsCommand({ MaxResults: 1 }))
  const second = await lakeFormation().send(new ListPermissionsCommand({ MaxResults: 1, NextToken: first.NextToken }))
  expect([first, second].map((page) => page.PrincipalResourcePermissions?.[0]?.Principal?.DataLakePrincipalIdentifier)).toEqual([
    reader,
    granting,
  ])
  expect(second.NextToken).toBeUndefined()
})
