import type { Permission, Resource } from '@aws-sdk/client-lakeformation'
import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'

/** Permissions of one principal on one resource of the catalog. */
export interface Grant {
  /** ARN of a role. */
  readonly principal: string
  readonly resource: Resource
  readonly permissions: readonly Permission[]
}

type Access = Readonly<Record<keyof CatalogResources, readonly Permission[]>>

/**
 * ALL on the tables is what is known to work for Firehose; it writes, compacts keys and commits metadata, and a smaller set is documented nowhere.
 * It is no more than its role's policy leaves of it, which neither drops nor creates: both must allow.
 */
const delivering: Access = { catalog: ['DESCRIBE'], database: ['DESCRIBE', 'ALTER'], tables: ['ALL'] }
/** What a DELETE of Athena's needs: it writes delete files, and commits. https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html */
const removing: Access = { catalog: ['DESCRIBE'], database: ['DESCRIBE'], tables: ['SELECT', 'DESCRIBE', 'INSERT', 'DELETE', 'ALTER'] }
/** What Athena's ALTER TABLE needs: it commits metadata, and writes no rows. */
const altering: Access = { catalog: ['DESCRIBE'], database: ['DESCRIBE'], tables: ['SELECT', 'DESCRIBE', 'ALTER'] }
const reading: Access = { catalog: ['DESCRIBE'], database: ['DESCRIBE'], tables: ['SELECT', 'DESCRIBE'] }

export interface CatalogResources {
  readonly catalog: Resource
  readonly database: Resource
  /** Every table of the namespace, those to come included. */
  readonly tables: Resource
}

/** What grants name: the table bucket is a catalog, the namespace a database. */
export function catalogResources({
  account,
  tableBucket,
  namespace,
}: Pick<ProvisioningPlan, 'account' | 'tableBucket' | 'namespace'>): CatalogResources {
  const CatalogId = `${account}:s3tablescatalog/${tableBucket}`
  return {
    catalog: { Catalog: { Id: CatalogId } },
    database: { Database: { CatalogId, Name: namespace } },
    tables: { Table: { CatalogId, DatabaseName: namespace, TableWildcard: {} } },
  }
}

/** Every grant that the pipeline needs, in the order in which they are made. */
export function wantedGrants(plan: ProvisioningPlan): Grant[] {
  const readers = [...new Set([...plan.queryingRoles, ...plan.readers])].filter((role) => role !== plan.firehoseRoleArn)
  return [
    ...grantsOf(plan, plan.firehoseRoleArn, delivering),
    ...readers.flatMap((reader) => grantsOf(plan, reader, accessOf(plan, reader))),
  ]
}

function accessOf({ removingRole, alteringRole }: ProvisioningPlan, reader: string): Access {
  if (reader === alteringRole) return altering
  return reader === removingRole ? removing : reading
}

function grantsOf(plan: ProvisioningPlan, principal: string, access: Access): Grant[] {
  const { catalog, database, tables } = catalogResources(plan)
  return [
    { principal, resource: catalog, permissions: access.catalog },
    { principal, resource: database, permissions: access.database },
    { principal, resource: tables, permissions: access.tables },
  ]
}

/** What a data lake administrator runs to let a role make these grants on this one table bucket, and no others. */
export function delegateCommand(plan: ProvisioningPlan): string {
  const { catalog, database, tables } = catalogResources(plan)
  const grantable: [Resource, Permission[]][] = [
    [catalog, ['DESCRIBE']],
    [database, ['DESCRIBE', 'ALTER']],
    [tables, ['ALL']],
  ]
  const entries = grantable.map(([Resource, Permissions], index) => ({
    Id: String(index + 1),
    Principal: { DataLakePrincipalIdentifier: plan.lakeFormation.grantingRole },
    Resource,
    Permissions,
    PermissionsWithGrantOption: Permissions,
  }))
  return `aws lakeformation batch-grant-permissions --region ${plan.region} --entries '${JSON.stringify(entries)}'`
}

/** `orders_reader: SELECT, DESCRIBE on all tables of aurora_cdc` */
export function grantText({ principal, resource, permissions }: Grant): string {
  const where = resource.Catalog
    ? `the catalog of ${bucketOf(resource.Catalog.Id)}`
    : resource.Database
      ? `the database ${resource.Database.Name}`
      : `all tables of ${resource.Table?.DatabaseName}`
  return `${permissions.join(', ')} on ${where} to ${principal.slice(principal.lastIndexOf('/') + 1)}`
}

function bucketOf(catalogId: string | undefined): string {
  return catalogId?.slice(catalogId.lastIndexOf('/') + 1) ?? ''
}
