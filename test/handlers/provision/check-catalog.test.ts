import {
  AccessDeniedException,
  EntityNotFoundException,
  GetCatalogCommand,
  GlueClient,
  type PrincipalPermissions,
} from '@aws-sdk/client-glue'
import { mockClient } from 'aws-sdk-client-mock'
import { checkCatalog, createCatalogCommand } from '../../../handlers/provision/check-catalog.ts'
import { asked, place } from './asked.ts'

const glue = mockClient(GlueClient)
beforeEach(() => glue.reset())

const everyone: PrincipalPermissions[] = [{ Principal: { DataLakePrincipalIdentifier: 'IAM_ALLOWED_PRINCIPALS' }, Permissions: ['ALL'] }]
const catalog = (databases: PrincipalPermissions[], tables: PrincipalPermissions[]) => ({
  Catalog: {
    Name: 's3tablescatalog',
    CatalogId: '111122223333:s3tablescatalog',
    FederatedCatalog: { Identifier: 'arn:aws:s3tables:us-east-1:111122223333:bucket/*', ConnectionName: 'aws:s3tables' },
    CreateDatabaseDefaultPermissions: databases,
    CreateTableDefaultPermissions: tables,
  },
})
const refused = { $metadata: { httpStatusCode: 400 } }

test.each([
  ['iam', everyone, everyone],
  ['lake-formation', [], []],
  // One level needs grants.
  ['lake-formation', everyone, []],
  ['lake-formation', [], everyone],
  ['lake-formation', [{ ...everyone[0], Permissions: ['SELECT' as const] }], everyone],
])('mode %s by the permissions that new databases and tables get', async (mode, databases, tables) => {
  glue.on(GetCatalogCommand, { CatalogId: 's3tablescatalog' }).resolves(catalog(databases, tables))
  expect(await checkCatalog(asked(), place)).toMatchObject({ ready: true, mode, did: [] })
})

test('without the integration the one command is told that makes it', async () => {
  glue.on(GetCatalogCommand).rejects(new EntityNotFoundException({ ...refused, message: 'Catalog s3tablescatalog not found.' }))
  await expect(checkCatalog(asked(), place)).rejects.toMatchObject({
    name: 'CatalogIntegrationMissing',
    message: expect.stringContaining(createCatalogCommand(place.plan)),
  })
})

test('the teardown needs no integration: without one there are no grants', async () => {
  glue.on(GetCatalogCommand).rejects(new EntityNotFoundException({ ...refused, message: 'Catalog s3tablescatalog not found.' }))
  const request = { ...asked(), parameters: { missing: 'tolerated' as const } }
  expect(await checkCatalog(request, place)).toMatchObject({ ready: true, mode: 'none', seen: 'there is no catalog s3tablescatalog' })
})

test('the command is one that a shell takes, with the input that Glue takes', () => {
  const command = createCatalogCommand({ partition: 'aws-cn', account: '111122223333', region: 'cn-north-1' })
  const [, input = ''] =
    /^aws glue create-catalog --region cn-north-1 --name s3tablescatalog --catalog-input '([^']+)'$/.exec(command) ?? []
  expect(JSON.parse(input)).toEqual({
    FederatedCatalog: { Identifier: 'arn:aws-cn:s3tables:cn-north-1:111122223333:bucket/*', ConnectionName: 'aws:s3tables' },
    CreateDatabaseDefaultPermissions: everyone,
    CreateTableDefaultPermissions: everyone,
    AllowFullTableExternalDataAccess: 'True',
  })
})

test('where Lake Formation itself refuses the look, its grants are what is needed', async () => {
  const message = 'Insufficient Lake Formation permission(s): Required Describe on s3tablescatalog'
  glue.on(GetCatalogCommand).rejects(new AccessDeniedException({ ...refused, message }))
  expect(await checkCatalog(asked(), place)).toMatchObject({ mode: 'lake-formation' })
})

test('a right that the role lacks is not taken for a mode', async () => {
  const message = 'User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: glue:GetCatalog'
  glue.on(GetCatalogCommand).rejects(new AccessDeniedException({ ...refused, message }))
  await expect(checkCatalog(asked(), place)).rejects.toThrow(message)
})
