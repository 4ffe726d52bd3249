import {
  AccessDeniedException,
  ConcurrentModificationException,
  EntityNotFoundException,
  GetDataLakeSettingsCommand,
  GrantPermissionsCommand,
  type GrantPermissionsRequest,
  InvalidInputException,
  LakeFormationClient,
  ListPermissionsCommand,
  type PrincipalResourcePermissions,
  PutDataLakeSettingsCommand,
} from '@aws-sdk/client-lakeformation'
import { mockClient } from 'aws-sdk-client-mock'
import { nameAwsError } from '../../../handlers/provision/aws-errors.ts'
import { ensureGrants } from '../../../handlers/provision/ensure-grants.ts'
import { delegateCommand, wantedGrants } from '../../../handlers/provision/grants/wanted-grants.ts'
import type { StepPlace } from '../../../handlers/provision/step.ts'
import { asked, place as local } from './asked.ts'

const lakeFormation = mockClient(LakeFormationClient)
let held: PrincipalResourcePermissions[]
beforeEach(() => {
  lakeFormation.reset()
  held = []
  lakeFormation.on(ListPermissionsCommand).callsFake(({ Resource }) => ({
    PrincipalResourcePermissions: held.filter((one) => kindOf(one.Resource) === kindOf(Resource)),
  }))
  lakeFormation.on(GrantPermissionsCommand).callsFake((grant) => {
    held.push(...asListed(grant))
    return {}
  })
})

const reader = 'arn:aws:iam::111122223333:role/analyst'
const place: StepPlace = { ...local, plan: { ...local.plan, readers: [reader] } }
const { plan } = place
const CatalogId = '111122223333:s3tablescatalog/aurora-cdc'.replace('aurora-cdc', plan.tableBucket)
const allTables = { CatalogId, DatabaseName: plan.namespace, Name: 'ALL_TABLES' }

function kindOf(resource: PrincipalResourcePermissions['Resource']): string {
  return resource?.Catalog ? 'catalog' : resource?.Database ? 'database' : 'tables'
}

/** Lake Formation lists SELECT on all tables as SELECT on all their columns. */
function asListed({ Principal, Resource, Permissions = [] }: GrantPermissionsRequest): PrincipalResourcePermissions[] {
  if (!Resource?.Table) return [{ Principal, Resource, Permissions }]
  const others = Permissions.filter((permission) => permission !== 'SELECT')
  return [
    {
      Principal,
      Resource: { TableWithColumns: { ...allTables, ColumnWildcard: {} } },
      Permissions: Permissions.includes('SELECT') ? ['SELECT'] : [],
    },
    { Principal, Resource: { Table: { ...allTables, TableWildcard: {} } }, Permissions: others },
  ]
}

const granted = () => lakeFormation.commandCalls(GrantPermissionsCommand).map(({ args: [{ input }] }) => input)
const refusal = (message: string) => ({ message, $metadata: { httpStatusCode: 400 } })

test('Firehose gets what it writes with, the checks and the readers what they read with, and nobody else anything', () => {
  const of = (principal: string) => wantedGrants(plan).filter((grant) => grant.principal === principal)
  expect(of(plan.firehoseRoleArn).map(({ permissions }) => permissions)).toEqual([['DESCRIBE'], ['DESCRIBE', 'ALTER'], ['ALL']])
  const more: Record<string, string[]> = { [plan.removingRole]: ['INSERT', 'DELETE', 'ALTER'], [plan.alteringRole]: ['ALTER'] }
  for (const principal of [...plan.queryingRoles, reader]) {
    expect(of(principal)).toEqual([
      { principal, resource: { Catalog: { Id: CatalogId } }, permissions: ['DESCRIBE'] },
      { principal, resource: { Database: { CatalogId, Name: plan.namespace } }, permissions: ['DESCRIBE'] },
      {
        principal,
        resource: { Table: { CatalogId, DatabaseName: plan.namespace, TableWildcard: {} } },
        permissions: ['SELECT', 'DESCRIBE', ...(more[principal] ?? [])],
      },
    ])
  }
  expect(plan.queryingRoles).toContain(plan.removingRole)
  expect(plan.queryingRoles).not.toEqual([])
  expect(wantedGrants(plan)).toHaveLength(3 * (2 + plan.queryingRoles.length))
})

test('what is missing is granted, one after another, and read back', async () => {
  let concurrent = 0
  lakeFormation.on(GrantPermissionsCommand).callsFake(async (grant) => {
    expect(++concurrent).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    concurrent--
    held.push(...asListed(grant))
    return {}
  })
  const answer = await ensureGrants(asked(), place)
  expect(answer).toMatchObject({ ready: true, already: [] })
  expect(answer.did).toHaveLength(wantedGrants(plan).length)
  expect(answer.did[0]).toBe(`granted DESCRIBE on the catalog of ${plan.tableBucket} to ${plan.firehoseRoleArn.split('/')[1]}`)
  expect(lakeFormation.commandCalls(PutDataLakeSettingsCommand)).toEqual([])
  expect(lakeFormation.commandCalls(GetDataLakeSettingsCommand)).toEqual([])
})

test('what is there is not granted again, and only the missing permissions of a grant are', async () => {
  held = wantedGrants(plan).flatMap(({ principal, resource, permissions }) =>
    asListed({ Principal: { DataLakePrincipalIdentifier: principal }, Resource: resource, Permissions: [...permissions] }),
  )
  const all = wantedGrants(plan).length
  expect(await ensureGrants(asked(), place)).toMatchObject({ did: [], already: [`${all} of ${all} grants were made already`] })
  expect(granted()).toEqual([])
  held = held.filter(({ Principal, Permissions }) => Principal?.DataLakePrincipalIdentifier !== reader || !Permissions?.includes('SELECT'))
  await ensureGrants(asked(), place)
  expect(granted()).toMatchObject([{ Principal: { DataLakePrincipalIdentifier: reader }, Permissions: ['SELECT'] }])
})

test.each<[string, (one: PrincipalResourcePermissions) => PrincipalResourcePermissions]>([
  ['of another table bucket', (one) => rewritten(one, { CatalogId: '111122223333:s3tablescatalog/other' })],
  ['of another namespace', (one) => rewritten(one, { DatabaseName: 'other' })],
  ['without a column', (one) => rewritten(one, { ColumnWildcard: { ExcludedColumnNames: ['secret'] } })],
  ['of one table', (one) => rewritten(one, { Name: 'orders' })],
])('a grant %s is none of those wanted', async (_what, change) => {
  held = wantedGrants(plan)
    .flatMap(({ principal, resource, permissions }) =>
      asListed({ Principal: { DataLakePrincipalIdentifier: principal }, Resource: resource, Permissions: [...permissions] }),
    )
    .map((one) => (one.Principal?.DataLakePrincipalIdentifier === reader && one.Resource?.TableWithColumns ? change(one) : one))
  await ensureGrants(asked(), place)
  expect(granted()).toMatchObject([{ Permissions: ['SELECT'] }])
})

function rewritten(one: PrincipalResourcePermissions, change: object): PrincipalResourcePermissions {
  return { ...one, Resource: { TableWithColumns: { ...allTables, ColumnWildcard: {}, ...change } } }
}

test('the permissions that are held come in pages, and the last token may be empty', async () => {
  held = wantedGrants(plan).flatMap(({ principal, resource, permissions }) =>
    asListed({ Principal: { DataLakePrincipalIdentifier: principal }, Resource: resource, Permissions: [...permissions] }),
  )
  lakeFormation.on(ListPermissionsCommand).callsFake(({ Resource, NextToken = '0' }) => {
    const all = held.filter((one) => kindOf(one.Resource) === kindOf(Resource))
    const at = Number(NextToken)
    return { PrincipalResourcePermissions: all.slice(at, at + 2), NextToken: at + 2 < all.length ? String(at + 2) : '' }
  })
  await ensureGrants(asked(), place)
  expect(granted()).toEqual([])
})

test('a grant that Lake Formation took and does not list is named', async () => {
  lakeFormation.on(GrantPermissionsCommand).resolves({})
  await expect(ensureGrants(asked(), place)).rejects.toMatchObject({
    name: 'GrantNotEffective',
    message: expect.stringContaining(plan.firehoseRoleArn),
  })
})

test.each([
  ['PrincipalNotYetKnown', new InvalidInputException(refusal('Invalid principal'))],
  ['CatalogNotYetListed', new EntityNotFoundException(refusal('Catalog not found.'))],
  ['AwsUnavailable', new ConcurrentModificationException(refusal('Another process is modifying'))],
  ['RequestRefused', new InvalidInputException(refusal('Permissions modification is invalid.'))],
])('%s is what a refused grant is called, with the words of Lake Formation', async (name, error) => {
  lakeFormation.on(GrantPermissionsCommand).rejects(error)
  const thrown = nameAwsError(await ensureGrants(asked(), place).catch((caught: unknown) => caught))
  expect(thrown).toMatchObject({ name, message: expect.stringContaining(error.message) })
})

const notAllowed = new AccessDeniedException(
  refusal('Resource does not exist or requester is not authorized to access requested permissions.'),
)

test('where the role may not grant, an administrator is given the one command', async () => {
  lakeFormation.on(GrantPermissionsCommand).rejects(notAllowed)
  const error: unknown = await ensureGrants(asked(), place).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ name: 'GrantsRefused', message: expect.stringContaining(delegateCommand(plan)) })
  const [, entries = ''] =
    /^aws lakeformation batch-grant-permissions --region us-east-1 --entries '([^']+)'$/.exec(delegateCommand(plan)) ?? []
  expect(JSON.parse(entries)).toMatchObject([
    { Id: '1', Principal: { DataLakePrincipalIdentifier: plan.lakeFormation.grantingRole }, PermissionsWithGrantOption: ['DESCRIBE'] },
    { Id: '2', Resource: { Database: { CatalogId } }, PermissionsWithGrantOption: ['DESCRIBE', 'ALTER'] },
    { Id: '3', Resource: { Table: { TableWildcard: {} } }, PermissionsWithGrantOption: ['ALL'] },
  ])
})

test('IAM’s refusal is not taken for one of Lake Formation', async () => {
  const message = 'User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: lakeformation:GrantPermissions'
  lakeFormation.on(GrantPermissionsCommand).rejects(new AccessDeniedException(refusal(message)))
  const thrown = nameAwsError(await ensureGrants(asked(), place).catch((caught: unknown) => caught))
  expect(thrown).toMatchObject({ name: 'AccessDenied' })
})

describe('where the role may add itself to the administrators', () => {
  const adding: StepPlace = { ...place, plan: { ...plan, lakeFormation: { ...plan.lakeFormation, addAdministrator: true } } }
  const role = { DataLakePrincipalIdentifier: plan.lakeFormation.grantingRole }
  const other = { DataLakePrincipalIdentifier: 'arn:aws:iam::111122223333:role/other' }
  const settings = {
    DataLakeAdmins: [other],
    Parameters: { CROSS_ACCOUNT_VERSION: '4' },
    AllowExternalDataFiltering: true,
    TrustedResourceOwners: ['1'],
  }

  test('it is appended, and everything else is written back as it was', async () => {
    lakeFormation
      .on(GetDataLakeSettingsCommand)
      .resolvesOnce({ DataLakeSettings: settings })
      .resolves({ DataLakeSettings: { ...settings, DataLakeAdmins: [other, role] } })
    expect((await ensureGrants(asked(), adding)).did[0]).toBe(`added ${role.DataLakePrincipalIdentifier} to the data lake administrators`)
    expect(lakeFormation.commandCalls(PutDataLakeSettingsCommand).map(({ args: [{ input }] }) => input)).toEqual([
      { DataLakeSettings: { ...settings, DataLakeAdmins: [other, role] } },
    ])
  })

  test('it is not appended twice', async () => {
    lakeFormation.on(GetDataLakeSettingsCommand).resolves({ DataLakeSettings: { ...settings, DataLakeAdmins: [role, other] } })
    await ensureGrants(asked(), adding)
    expect(lakeFormation.commandCalls(PutDataLakeSettingsCommand)).toEqual([])
  })

  test('nothing is written where nothing was read, where there is no room, or where the change was lost', async () => {
    lakeFormation.on(GetDataLakeSettingsCommand).resolves({})
    await expect(ensureGrants(asked(), adding)).rejects.toThrow('without settings')
    lakeFormation.on(GetDataLakeSettingsCommand).resolves({ DataLakeSettings: { DataLakeAdmins: Array.from({ length: 30 }, () => other) } })
    await expect(ensureGrants(asked(), adding)).rejects.toMatchObject({ name: 'GrantsRefused' })
    expect(lakeFormation.commandCalls(PutDataLakeSettingsCommand)).toEqual([])
    lakeFormation.on(GetDataLakeSettingsCommand).resolves({ DataLakeSettings: settings })
    await expect(ensureGrants(asked(), adding)).rejects.toMatchObject({ name: 'GrantNotEffective' })
  })

  test('an administrator that Lake Formation does not know yet is tried again', async () => {
    lakeFormation.on(GetDataLakeSettingsCommand).resolves({ DataLakeSettings: { DataLakeAdmins: [role] } })
    lakeFormation.on(GrantPermissionsCommand).rejects(notAllowed)
    await expect(ensureGrants(asked(), adding)).rejects.toMatchObject({ name: 'PrincipalNotYetKnown' })
  })
})

test('a call grants for seconds only, and the next one goes on', async () => {
  let time = place.now().getTime()
  const slow: StepPlace = { ...place, now: () => new Date(time) }
  lakeFormation.on(GrantPermissionsCommand).callsFake((grant) => {
    held.push(...asListed(grant))
    time += 2000
    return {}
  })
  const first = await ensureGrants(asked(), slow)
  expect(first).toMatchObject({ ready: false, seen: expect.stringContaining(`of ${wantedGrants(plan).length} grants are made`) })
  const second = await ensureGrants(asked(first), slow)
  expect(second.ready).toBe(first.did.length + 5 >= wantedGrants(plan).length)
  expect(second.did.length).toBeGreaterThan(first.did.length)
  expect(new Set(second.did).size).toBe(second.did.length)
})
