import {
  type LakeFormationClient,
  ListPermissionsCommand,
  type Permission,
  type PrincipalResourcePermissions,
} from '@aws-sdk/client-lakeformation'
import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { catalogResources, type Grant } from './wanted-grants.ts'

/** Everything that is granted on the pipeline's catalog, as far as the caller may see it. */
export async function heldGrants(lakeFormation: LakeFormationClient, plan: ProvisioningPlan): Promise<PrincipalResourcePermissions[]> {
  const held: PrincipalResourcePermissions[] = []
  for (const Resource of Object.values(catalogResources(plan))) {
    let NextToken: string | undefined
    do {
      const page = await lakeFormation.send(new ListPermissionsCommand({ Resource, ...(NextToken === undefined ? {} : { NextToken }) }))
      held.push(...(page.PrincipalResourcePermissions ?? []))
      // The last page may carry an empty token.
      NextToken = page.NextToken === '' ? undefined : page.NextToken
    } while (NextToken !== undefined)
  }
  return held
}

/** The wanted permissions that are not held yet. */
export function missingPermissions(wanted: Grant, held: readonly PrincipalResourcePermissions[]): Permission[] {
  const of = heldPermissions(wanted, held)
  return of.has('ALL') ? [] : wanted.permissions.filter((permission) => !of.has(permission))
}

/** What the grant's principal holds on its resource. */
export function heldPermissions({ principal, resource }: Grant, held: readonly PrincipalResourcePermissions[]): Set<Permission> {
  const same = held.filter(({ Principal, Resource }) => Principal?.DataLakePrincipalIdentifier === principal && isSame(resource, Resource))
  return new Set(same.flatMap(({ Permissions }) => Permissions ?? []))
}

/**
 * SELECT on all tables comes back as SELECT on all columns of `ALL_TABLES`, the others as granted.
 * https://github.com/hashicorp/terraform-provider-aws/pull/20108
 */
function isSame(wanted: Grant['resource'], listed: Grant['resource'] | undefined): boolean {
  if (wanted.Catalog) return listed?.Catalog?.Id === wanted.Catalog.Id
  if (wanted.Database) return listed?.Database?.CatalogId === wanted.Database.CatalogId && listed?.Database?.Name === wanted.Database.Name
  const table = listed?.Table ?? listed?.TableWithColumns
  const all = listed?.Table
    ? listed.Table.TableWildcard !== undefined
    : listed?.TableWithColumns?.Name === 'ALL_TABLES' &&
      listed.TableWithColumns.ColumnWildcard !== undefined &&
      (listed.TableWithColumns.ColumnWildcard.ExcludedColumnNames ?? []).length === 0
  return all && table?.CatalogId === wanted.Table?.CatalogId && table?.DatabaseName === wanted.Table?.DatabaseName
}
