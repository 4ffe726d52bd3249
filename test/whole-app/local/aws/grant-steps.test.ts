import { setTimeout as sleep } from 'node:timers/promises'
import {
  BatchGrantPermissionsCommand,
  GetDataLakeSettingsCommand,
  GrantPermissionsCommand,
  LakeFormationClient,
  ListPermissionsCommand,
} from '@aws-sdk/client-lakeformation'
import type { CatalogAnswer } from '../../../../handlers/provision/check-catalog.ts'
import type { GrantsParameters } from '../../../../handlers/provision/ensure-grants.ts'
import type { StepPlace } from '../../../../handlers/provision/step.ts'
import { AwsError, type AwsRequest, type AwsService } from '../../../../local/aws/endpoint.ts'
import { glueService, setTablesCatalogMode } from '../../../../local/aws/glue.ts'
import { hasGrant, lakeFormationService } from '../../../../local/aws/lake-formation.ts'
import type { StepAnswer, StepRequest } from '../../../../pipeline/provisioning.ts'
import { asked, place as local } from '../../../handlers/provision/asked.ts'
import { type PlaceFixture, placeFixture, type Served } from '../../../local/aws/place.ts'
import { tablesTemplate } from '../../../local/cloudformation/fixture.ts'

// The steps' own clients, against the stand-ins, as a role that may call Lake Formation and nothing else.

type Steps = {
  readonly checkCatalog: (request: StepRequest, place: StepPlace) => Promise<CatalogAnswer>
  readonly ensureGrants: (request: StepRequest<GrantsParameters>, place: StepPlace) => Promise<StepAnswer>
}

const environment = { ...process.env }
let fixture: PlaceFixture
let served: Served
let steps: Steps
let place: StepPlace
/** What happens to a request before and after Lake Formation has dealt with it. */
let around: (request: AwsRequest, service: AwsService) => ReturnType<AwsService>

beforeEach(async () => {
  around = (request, service) => service(request)
  fixture = await placeFixture({ timeScale: 0.1 })
  const { account } = fixture.place
  await fixture.fixture.deploy({ tables: tablesTemplate() }, account)
  await setTablesCatalogMode(account, 'lake-formation')
  const grantingRole = await fixture.role('granting', [{ Effect: 'Allow', Action: ['lakeformation:*', 'glue:GetCatalog'], Resource: '*' }])
  place = {
    ...local,
    now: () => new Date(fixture.place.now()),
    plan: {
      ...local.plan,
      tableBucket: 'my-tables',
      namespace: 'aurora_cdc',
      firehoseRoleArn: await fixture.role('firehose', []),
      queryingRoles: [await fixture.role('checks', [])],
      readers: [await fixture.role('analyst', [])],
      lakeFormation: { grantingRole, addAdministrator: false },
    },
  }
  const service = lakeFormationService(fixture.place)
  served = await fixture.serve({ glue: glueService(fixture.place), lakeformation: (request) => around(request, service) })
  const { accessKeyId, secretAccessKey, sessionToken } = served.client(grantingRole).credentials
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: served.endpoint.uri,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_MAX_ATTEMPTS: '1',
  })
  jest.resetModules()
  steps = {
    ...(await import('../../../../handlers/provision/check-catalog.ts')),
    ...(await import('../../../../handlers/provision/ensure-grants.ts')),
  }
  await steps.checkCatalog(asked(), place)
  fixture.pass(10)
})

afterEach(async () => {
  process.env = { ...environment }
  await fixture.close()
})

const orders = { tableBucket: 'my-tables', database: 'aurora_cdc', table: 'orders' }
const may = (role: string | undefined, permission: string) => hasGrant(fixture.place.account, role ?? '', orders, permission)
const administrator = () => new LakeFormationClient(served.client())

/** What everyone of the plan may do with a table. */
const access = () => ({
  firehose: ['SELECT', 'INSERT', 'DELETE', 'ALTER'].map((permission) => may(place.plan.firehoseRoleArn, permission)),
  checks: ['SELECT', 'INSERT'].map((permission) => may(place.plan.queryingRoles[0], permission)),
  analyst: ['SELECT', 'INSERT'].map((permission) => may(place.plan.readers[0], permission)),
})
const granted = { firehose: [true, true, true, true], checks: [true, false], analyst: [true, false] }

/** Lets an administrator run the command of a refusal. */
async function runCommand(message: string): Promise<void> {
  const [, entries = '[]'] = /batch-grant-permissions --region \S+ --entries '([^']+)'/.exec(message) ?? []
  const { Failures } = await administrator().send(new BatchGrantPermissionsCommand({ Entries: JSON.parse(entries) }))
  expect(Failures).toEqual([])
}

async function refusal(): Promise<string> {
  const error: unknown = await steps.ensureGrants(asked(), place).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ name: 'GrantsRefused' })
  return error instanceof Error ? error.message : ''
}

test('the mode is seen', async () => {
  expect(await steps.checkCatalog(asked(), place)).toMatchObject({ ready: true, mode: 'lake-formation' })
  await setTablesCatalogMode(fixture.place.account, 'iam')
  expect(await steps.checkCatalog(asked(), place)).toMatchObject({ ready: true, mode: 'iam' })
  await setTablesCatalogMode(fixture.place.account, 'none')
  await expect(steps.checkCatalog(asked(), place)).rejects.toMatchObject({ name: 'CatalogIntegrationMissing' })
})

test('the command of the refusal is enough, and the role is no administrator after it', async () => {
  await runCommand(await refusal())
  expect((await steps.ensureGrants(asked(), place)).did).toHaveLength(9)
  expect(access()).toEqual(granted)
  expect(await steps.ensureGrants(asked(), place)).toMatchObject({ ready: true, did: [], already: ['9 of 9 grants were made already'] })
  const { DataLakeSettings } = await administrator().send(new GetDataLakeSettingsCommand({}))
  expect(DataLakeSettings?.DataLakeAdmins).toEqual([])
})

test('the option is enough, and leaves the other settings as they are', async () => {
  place = { ...place, plan: { ...place.plan, lakeFormation: { ...place.plan.lakeFormation, addAdministrator: true } } }
  const before = await administrator().send(new GetDataLakeSettingsCommand({}))
  await steps.ensureGrants(asked(), place)
  expect(access()).toEqual(granted)
  const { DataLakeSettings } = await administrator().send(new GetDataLakeSettingsCommand({}))
  const DataLakeAdmins = [{ DataLakePrincipalIdentifier: place.plan.lakeFormation.grantingRole }]
  expect(DataLakeSettings).toEqual({ ...before.DataLakeSettings, DataLakeAdmins })
})

test('two executions at once are refused one call or another, and both end in all grants', async () => {
  await runCommand(await refusal())
  let refusals = 0
  const untilDone = async (): Promise<void> => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const error: unknown = await steps.ensureGrants(asked(), place).then(
        () => undefined,
        (caught: unknown) => caught,
      )
      if (error === undefined) return
      expect(error).toMatchObject({ name: 'ConcurrentModificationException' })
      refusals++
      await sleep(20)
    }
    throw new Error('not all grants are made after 100 attempts')
  }
  await Promise.all([untilDone(), untilDone()])
  expect(refusals).toBeGreaterThan(0)
  expect(access()).toEqual(granted)
})

test('a role that is new is not known yet, and a reader that is not there never will be', async () => {
  await runCommand(await refusal())
  place = { ...place, plan: { ...place.plan, readers: [await fixture.role('new', [])] } }
  await expect(steps.ensureGrants(asked(), place)).rejects.toMatchObject({ name: 'PrincipalNotYetKnown' })
  fixture.pass(10)
  await steps.ensureGrants(asked(), place)
  place = { ...place, plan: { ...place.plan, readers: ['arn:aws:iam::111122223333:role/nobody'] } }
  fixture.pass(1000)
  await expect(steps.ensureGrants(asked(), place)).rejects.toThrow('arn:aws:iam::111122223333:role/nobody')
})

test('cut off before or after any call, the next one ends in all grants', async () => {
  await runCommand(await refusal())
  let calls = 0
  let cut = Number.MAX_SAFE_INTEGER
  let answered = false
  around = async (request, service) => {
    calls++
    // A process that is gone makes no further calls; the client's own second try is none either.
    if (calls < cut) return await service(request)
    if (calls === cut && answered) await service(request)
    throw new Error('the process is gone')
  }
  // Where a cut comes after what was there already, the next one comes later: every grant is cut off once.
  for (cut = 1; cut <= 16; cut++) {
    calls = 0
    answered = cut % 2 === 0
    await steps.ensureGrants(asked(), place).catch(() => undefined)
  }
  cut = Number.MAX_SAFE_INTEGER
  await steps.ensureGrants(asked(), place)
  expect(access()).toEqual(granted)
})

describe('the teardown', () => {
  const none = () => ({ ...asked(), parameters: { grants: 'none' as const } })
  const revoked = { firehose: [false, false, false, false], checks: [false, false], analyst: [false, false] }

  test('revokes what was granted, and the next time finds nothing', async () => {
    await runCommand(await refusal())
    await steps.ensureGrants(asked(), place)
    const { ready, did } = await steps.ensureGrants(none(), place)
    expect(ready).toBe(true)
    expect(did).toHaveLength(9)
    expect(did[0]).toMatch(/^revoked DESCRIBE on the catalog of my-tables to firehose/)
    expect(access()).toEqual(revoked)
    expect(await steps.ensureGrants(none(), place)).toMatchObject({ ready: true, did: [], already: ['no grant of the pipeline is left'] })
    await steps.ensureGrants(asked(), place)
    expect(access()).toEqual(granted)
  })

  test('gives back the right to grant that the step took itself, and changes no other setting', async () => {
    place = { ...place, plan: { ...place.plan, lakeFormation: { ...place.plan.lakeFormation, addAdministrator: true } } }
    const before = await administrator().send(new GetDataLakeSettingsCommand({}))
    await steps.ensureGrants(asked(), place)
    const { did } = await steps.ensureGrants(none(), place)
    expect(did.at(-1)).toBe(`removed ${place.plan.lakeFormation.grantingRole} from the data lake administrators`)
    expect(access()).toEqual(revoked)
    const { DataLakeSettings } = await administrator().send(new GetDataLakeSettingsCommand({}))
    expect(DataLakeSettings).toEqual(before.DataLakeSettings)
    expect(await steps.ensureGrants(none(), place)).toMatchObject({ ready: true, did: [] })
  })

  test("leaves a reader's grant that somebody else made or changed, and those of others", async () => {
    await runCommand(await refusal())
    await steps.ensureGrants(asked(), place)
    const [analyst = ''] = place.plan.readers
    const CatalogId = '111122223333:s3tablescatalog/my-tables'
    const Table = { CatalogId, DatabaseName: 'aurora_cdc', TableWildcard: {} }
    const other = await fixture.role('somebody', [])
    fixture.pass(10)
    await administrator().send(new ListPermissionsCommand({}))
    fixture.pass(10)
    for (const DataLakePrincipalIdentifier of [analyst, other]) {
      const Principal = { DataLakePrincipalIdentifier }
      await administrator().send(new GrantPermissionsCommand({ Principal, Resource: { Table }, Permissions: ['SELECT'] }))
    }
    const { did } = await steps.ensureGrants(none(), place)
    expect(did).toHaveLength(8)
    expect(access()).toEqual({ ...revoked, analyst: [true, false] })
    expect(may(other, 'SELECT')).toBe(true)
  })

  test('needs the right to grant, and says so', async () => {
    await expect(steps.ensureGrants(none(), place)).resolves.toMatchObject({ did: [] })
    await runCommand(await refusal())
    await steps.ensureGrants(asked(), place)
    around = (request, service) => {
      if (request.path === '/RevokePermissions')
        throw new AwsError(
          'AccessDeniedException',
          'Resource does not exist or requester is not authorized to access requested permissions.',
        )
      return service(request)
    }
    await expect(steps.ensureGrants(none(), place)).rejects.toMatchObject({ name: 'GrantsRefused' })
  })

  test('cut off before or after any call, the next one ends without grants', async () => {
    place = { ...place, plan: { ...place.plan, lakeFormation: { ...place.plan.lakeFormation, addAdministrator: true } } }
    await steps.ensureGrants(asked(), place)
    let calls = 0
    let cut = 1
    around = async (request, service) => {
      calls++
      if (calls < cut) return await service(request)
      if (calls === cut && cut % 2 === 0) await service(request)
      throw new Error('the process is gone')
    }
    for (cut = 1; cut <= 16; cut++) {
      calls = 0
      await steps.ensureGrants(none(), place).catch(() => undefined)
    }
    cut = Number.MAX_SAFE_INTEGER
    await steps.ensureGrants(none(), place)
    expect(access()).toEqual(revoked)
    const { DataLakeSettings } = await administrator().send(new GetDataLakeSettingsCommand({}))
    expect(DataLakeSettings?.DataLakeAdmins).toEqual([])
  })
})
