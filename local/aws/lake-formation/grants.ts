import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { LocalAccount } from '../../cloudformation/account.ts'
import { AwsError, type AwsRequest } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'
import { parseBody } from '../request-body.ts'
import { grantState, holds, isAdministrator, isKnownPrincipal, type PermissionGrant, rememberRoles } from './grant-state.ts'
import { expanded, type GrantedOn, grantedOn, invalid, isSame, listedAs, requireOffered, resourceShape } from './resource.ts'

const principalShape = z.strictObject({ DataLakePrincipalIdentifier: z.string().min(1).max(255) })
const entryShape = z.strictObject({
  CatalogId: z.string().optional(),
  Principal: principalShape,
  Resource: resourceShape,
  Permissions: z.array(z.string()).min(1),
  PermissionsWithGrantOption: z.array(z.string()).default([]),
})
type Entry = z.output<typeof entryShape>

/** How long a change of permissions takes (seconds at AWS). */
const changeSeconds = 0.3
const changing = new WeakSet<LocalAccount>()

/** GrantPermissions; repeated, it changes nothing. */
export async function grantPermissions(place: AwsPlace, { authorize, caller, body }: AwsRequest): Promise<object> {
  authorize('lakeformation:GrantPermissions', '*')
  await exclusively(place, () => grant(place, caller, parseBody(entryShape, body, 'InvalidInputException')))
  return {}
}

const batchShape = z.strictObject({ CatalogId: z.string().optional(), Entries: z.array(entryShape.extend({ Id: z.string() })).max(20) })

/** BatchGrantPermissions: what could not be granted is in an answer that is a success. */
export async function batchGrantPermissions(place: AwsPlace, { authorize, caller, body }: AwsRequest): Promise<object> {
  authorize('lakeformation:BatchGrantPermissions', '*')
  return await exclusively(place, async () => {
    const Failures: object[] = []
    for (const { Id, ...entry } of parseBody(batchShape, body, 'InvalidInputException').Entries) {
      try {
        await grant(place, caller, entry)
      } catch (error) {
        if (!(error instanceof AwsError)) throw error
        Failures.push({ RequestEntry: { Id, ...entry }, Error: { ErrorCode: error.code, ErrorMessage: error.message } })
      }
    }
    return { Failures }
  })
}

/** RevokePermissions of what was granted. */
export async function revokePermissions(place: AwsPlace, { authorize, caller, body }: AwsRequest): Promise<object> {
  authorize('lakeformation:RevokePermissions', '*')
  const entry = parseBody(entryShape, body, 'InvalidInputException')
  return await exclusively(place, async () => {
    requireMayGrant(place, caller, entry)
    const on = grantedOn(entry.Resource, place.account.id)
    const principal = entry.Principal.DataLakePrincipalIdentifier
    const found = findGrant(place.account, principal, on)
    if (!found || !entry.Permissions.every((permission) => found.permissions.includes(permission))) {
      throw invalid('No permissions revoked. Grantee has no permissions and no grantable permissions on resource.')
    }
    const without = (permissions: readonly string[]) => permissions.filter((permission) => !entry.Permissions.includes(permission))
    const left = { ...found, permissions: without(found.permissions), grantable: without(found.grantable) }
    await putGrant(place.account, left)
    return {}
  })
}

const listShape = z.strictObject({
  CatalogId: z.string().optional(),
  Principal: principalShape.optional(),
  Resource: resourceShape.optional(),
  ResourceType: z.enum(['CATALOG', 'DATABASE', 'TABLE']).optional(),
  MaxResults: z.int().min(1).max(1000).default(100),
  NextToken: z.string().optional(),
})

/** ListPermissions: administrators see all of them, others their own and those that they may grant themselves. */
export async function listPermissions(place: AwsPlace, { authorize, caller, body }: AwsRequest): Promise<object> {
  authorize('lakeformation:ListPermissions', '*')
  await rememberRoles(place)
  const { Principal, Resource, ResourceType, MaxResults, NextToken = '0' } = parseBody(listShape, body, 'InvalidInputException')
  const on = Resource && grantedOn(Resource, place.account.id)
  const listed = grantState(place.account)
    .get()
    .grants.filter(
      (held) =>
        (Principal === undefined || held.principal === Principal.DataLakePrincipalIdentifier) &&
        (on === undefined || isSame(held.on, on)) &&
        (ResourceType === undefined || held.on.kind === ResourceType.toLowerCase()),
    )
    .flatMap((held) => listedGrants(place, caller, held))
  const start = Number(NextToken)
  const next = start + MaxResults
  return {
    PrincipalResourcePermissions: listed.slice(start, next),
    ...(next < listed.length ? { NextToken: String(next) } : {}),
  }
}

function listedGrants(place: AwsPlace, caller: AwsRequest['caller'], { principal, on, ...given }: PermissionGrant): object[] {
  const sees = (permission: string) =>
    isAlmighty(place, caller) || principal === caller.roleArn || holds(place.account, caller.roleArn ?? '', on, permission, 'grantable')
  const held = [...new Set(given.permissions.flatMap((permission) => expanded(permission, on)))]
  const grantable = new Set(given.grantable.flatMap((permission) => expanded(permission, on)))
  return listedAs(on, held.filter(sees)).map(({ resource, permissions }) => ({
    Principal: { DataLakePrincipalIdentifier: principal },
    Resource: resource,
    Permissions: permissions,
    PermissionsWithGrantOption: permissions.filter((permission) => grantable.has(permission)),
    LastUpdated: given.updatedAt / 1000,
    LastUpdatedBy: given.updatedBy,
  }))
}

async function grant(place: AwsPlace, caller: AwsRequest['caller'], entry: Entry): Promise<void> {
  await rememberRoles(place)
  requireMayGrant(place, caller, entry)
  const on = grantedOn(entry.Resource, place.account.id)
  requireOffered(entry.Permissions, on)
  const bucket = on.catalog.split('/')[1]
  if (!place.account.findByArn(place.account.arn('s3tables', `bucket/${bucket}`))) {
    throw new AwsError('EntityNotFoundException', `Catalog ${on.catalog} not found.`)
  }
  const principal = entry.Principal.DataLakePrincipalIdentifier
  if (!isKnownPrincipal(place, principal)) throw invalid('Invalid principal')
  const found = findGrant(place.account, principal, on)
  const updated: PermissionGrant = {
    principal,
    on,
    permissions: [...new Set([...(found?.permissions ?? []), ...entry.Permissions])],
    grantable: [...new Set([...(found?.grantable ?? []), ...entry.PermissionsWithGrantOption])],
    updatedAt: place.now(),
    updatedBy: caller.roleArn ?? caller.arn,
  }
  await putGrant(place.account, updated)
}

function findGrant(account: LocalAccount, principal: string, on: GrantedOn): PermissionGrant | undefined {
  return grantState(account)
    .get()
    .grants.find((held) => held.principal === principal && isSame(held.on, on))
}

/** Puts the grant in the place of the one to the same principal on the same resource; one without permissions is none. */
async function putGrant(account: LocalAccount, grantNow: PermissionGrant): Promise<void> {
  const state = grantState(account)
  const others = state.get().grants.filter((held) => held.principal !== grantNow.principal || !isSame(held.on, grantNow.on))
  await state.set({ ...state.get(), grants: grantNow.permissions.length > 0 ? [...others, grantNow] : others })
}

/** @throws AwsError `AccessDeniedException` in Lake Formation's own words */
function requireMayGrant(place: AwsPlace, caller: AwsRequest['caller'], { Resource, Permissions }: Entry): void {
  const on = grantedOn(Resource, place.account.id)
  const mayGrant = (permission: string) => holds(place.account, caller.roleArn ?? '', on, permission, 'grantable')
  if (isAlmighty(place, caller) || Permissions.every(mayGrant)) return
  throw new AwsError('AccessDeniedException', 'Resource does not exist or requester is not authorized to access requested permissions.')
}

function isAlmighty({ account }: AwsPlace, { roleArn, arn }: AwsRequest['caller']): boolean {
  return roleArn === undefined || isAdministrator(account, roleArn) || isAdministrator(account, arn)
}

/** @throws AwsError `ConcurrentModificationException` while another change is under way */
async function exclusively<T>({ account, timeScale }: AwsPlace, change: () => Promise<T>): Promise<T> {
  if (changing.has(account)) {
    throw new AwsError(
      'ConcurrentModificationException',
      'Another process is modifying the permissions of this resource. Please try again.',
    )
  }
  changing.add(account)
  try {
    await sleep(changeSeconds * 1000 * timeScale)
    return await change()
  } finally {
    changing.delete(account)
  }
}
