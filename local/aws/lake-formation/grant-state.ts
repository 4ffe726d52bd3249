import { z } from 'zod'
import type { LocalAccount } from '../../cloudformation/account.ts'
import type { AwsPlace } from '../place.ts'
import { expanded, type GrantedOn, grantedOnShape, isSame } from './resource.ts'

const grantShape = z.object({
  principal: z.string(),
  on: grantedOnShape,
  permissions: z.array(z.string()),
  grantable: z.array(z.string()),
  updatedAt: z.number(),
  updatedBy: z.string(),
})

/** Of GetDataLakeSettings, as it was put: members that nothing here looks at are kept too. */
const settingsShape = z.looseObject({ DataLakeAdmins: z.array(z.object({ DataLakePrincipalIdentifier: z.string() })).default([]) })

const stateShape = z.object({
  grants: z.array(grantShape),
  settings: settingsShape,
  /** Since when a role is there (milliseconds since 1970), by ARN. */
  roles: z.record(z.string(), z.number()),
})

export type PermissionGrant = z.output<typeof grantShape>
export type DataLakeSettings = z.output<typeof settingsShape>

export function grantState(account: LocalAccount) {
  const settings = {
    DataLakeAdmins: [],
    CreateDatabaseDefaultPermissions: [],
    CreateTableDefaultPermissions: [],
    Parameters: { CROSS_ACCOUNT_VERSION: '4' },
    AllowExternalDataFiltering: false,
  }
  return account.state('lake-formation', stateShape, { grants: [], settings, roles: {} })
}

/** How long Lake Formation does not know a new role (seconds at AWS). */
const unknownForSeconds = 10

/** Notes which roles there are by now: accounts keep no time of creation. */
export async function rememberRoles({ account, now }: Pick<AwsPlace, 'account' | 'now'>): Promise<void> {
  const state = grantState(account)
  const { roles } = state.get()
  const deployed = account.find('AWS::IAM::Role').flatMap(({ arn }) => (arn === undefined ? [] : [arn]))
  const changed = deployed.some((arn) => roles[arn] === undefined) || Object.keys(roles).some((arn) => !deployed.includes(arn))
  if (!changed) return
  await state.set({ ...state.get(), roles: Object.fromEntries(deployed.map((arn) => [arn, roles[arn] ?? now()])) })
}

/** Is it a role of the account that Lake Formation has heard of? */
export function isKnownPrincipal({ account, now, timeScale }: Pick<AwsPlace, 'account' | 'now' | 'timeScale'>, arn: string): boolean {
  const since = grantState(account).get().roles[arn]
  return since !== undefined && now() - since >= unknownForSeconds * 1000 * timeScale
}

export function isAdministrator(account: LocalAccount, principal: string): boolean {
  return grantState(account)
    .get()
    .settings.DataLakeAdmins.some(({ DataLakePrincipalIdentifier }) => DataLakePrincipalIdentifier === principal)
}

/** What access to a table bucket asks for; without a database the catalog itself, without a table the database. */
export interface GrantQuestion {
  readonly tableBucket: string
  readonly database?: string
  readonly table?: string
}

/** Does Lake Formation let that role do that? Asked only where the catalog is in its mode. */
export function hasGrant(
  account: LocalAccount,
  principal: string,
  { tableBucket, database, table }: GrantQuestion,
  permission: string,
): boolean {
  const catalog = `${account.id}:s3tablescatalog/${tableBucket}`
  if (database === undefined) return holds(account, principal, { kind: 'catalog', catalog }, permission)
  if (table === undefined) return holds(account, principal, { kind: 'database', catalog, database }, permission)
  return ['*', table].some((name) => holds(account, principal, { kind: 'table', catalog, database, table: name }, permission))
}

/** @param as permissions that are held, or those of them that may be granted on */
export function holds(
  account: LocalAccount,
  principal: string,
  on: GrantedOn,
  permission: string,
  as: 'permissions' | 'grantable' = 'permissions',
): boolean {
  return grantState(account)
    .get()
    .grants.some(
      (grant) =>
        grant.principal === principal &&
        isSame(grant.on, on) &&
        (permission === 'ALL' ? grant[as].includes('ALL') : grant[as].some((held) => expanded(held, on).includes(permission))),
    )
}
