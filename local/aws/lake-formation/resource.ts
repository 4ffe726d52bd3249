import { z } from 'zod'
import { AwsError } from '../endpoint.ts'

/** What is granted on: a table bucket as a catalog, a namespace as a database, all its tables or one. */
export const grantedOnShape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('catalog'), catalog: z.string() }),
  z.object({ kind: z.literal('database'), catalog: z.string(), database: z.string() }),
  /** Table `*`: every table. */
  z.object({ kind: z.literal('table'), catalog: z.string(), database: z.string(), table: z.string() }),
])

export type GrantedOn = z.output<typeof grantedOnShape>

const catalogId = z.string().min(1).max(255).optional()

/** A resource as requests name it: one of these. */
export const resourceShape = z.strictObject({
  Catalog: z.strictObject({ Id: catalogId }).optional(),
  Database: z.strictObject({ CatalogId: catalogId, Name: z.string() }).optional(),
  Table: z
    .strictObject({
      CatalogId: catalogId,
      DatabaseName: z.string(),
      Name: z.string().optional(),
      TableWildcard: z.strictObject({}).optional(),
    })
    .optional(),
})

/** The permissions that there are for each kind of resource. https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html */
const offered: Readonly<Record<GrantedOn['kind'], readonly string[]>> = {
  catalog: ['ALL', 'ALTER', 'CREATE_CATALOG', 'CREATE_DATABASE', 'DESCRIBE', 'DROP', 'SUPER_USER'],
  database: ['ALL', 'ALTER', 'CREATE_TABLE', 'DESCRIBE', 'DROP'],
  table: ['ALL', 'ALTER', 'DELETE', 'DESCRIBE', 'DROP', 'INSERT', 'SELECT'],
}

/** @throws AwsError `InvalidInputException` */
export function grantedOn(resource: z.output<typeof resourceShape>, account: string): GrantedOn {
  const { Catalog, Database, Table } = resource
  if ([Catalog, Database, Table].filter((given) => given !== undefined).length !== 1)
    throw invalid('Resource must have one and only one resource.')
  if (Catalog) return { kind: 'catalog', catalog: Catalog.Id ?? account }
  if (Database) return { kind: 'database', catalog: Database.CatalogId ?? account, database: Database.Name }
  if (Table === undefined || (Table.Name === undefined) === (Table.TableWildcard === undefined)) {
    throw invalid('Table resource must have either Name or TableWildcard.')
  }
  return { kind: 'table', catalog: Table.CatalogId ?? account, database: Table.DatabaseName, table: Table.Name ?? '*' }
}

/** @throws AwsError `InvalidInputException` where a permission does not exist for the resource */
export function requireOffered(permissions: readonly string[], on: GrantedOn): void {
  const unknown = permissions.filter((permission) => !offered[on.kind].includes(permission))
  if (unknown.length > 0)
    throw invalid(`Permissions modification is invalid: [${unknown.join(', ')}] cannot be granted on ${on.kind.toUpperCase()}.`)
}

/** What ALL comes to on a resource. */
export function expanded(permission: string, on: GrantedOn): readonly string[] {
  return permission === 'ALL' ? offered[on.kind] : [permission]
}

export function isSame(one: GrantedOn, other: GrantedOn): boolean {
  return JSON.stringify(grantedOnShape.parse(one)) === JSON.stringify(grantedOnShape.parse(other))
}

/**
 * A resource as ListPermissions gives it for some permissions: SELECT on tables comes back as SELECT on all their columns.
 * https://github.com/hashicorp/terraform-provider-aws/issues/46245
 */
export function listedAs(
  on: GrantedOn,
  permissions: readonly string[],
): { readonly resource: object; readonly permissions: readonly string[] }[] {
  if (on.kind === 'catalog') return [{ resource: { Catalog: { Id: on.catalog } }, permissions }]
  if (on.kind === 'database') return [{ resource: { Database: { CatalogId: on.catalog, Name: on.database } }, permissions }]
  const name = on.table === '*' ? 'ALL_TABLES' : on.table
  const table = { CatalogId: on.catalog, DatabaseName: on.database, Name: name }
  const others = permissions.filter((permission) => permission !== 'SELECT')
  return [
    ...(permissions.includes('SELECT')
      ? [{ resource: { TableWithColumns: { ...table, ColumnWildcard: {} } }, permissions: ['SELECT'] }]
      : []),
    ...(others.length > 0
      ? [{ resource: { Table: { ...table, ...(on.table === '*' ? { TableWildcard: {} } : {}) } }, permissions: others }]
      : []),
  ]
}

export function invalid(message: string): AwsError {
  return new AwsError('InvalidInputException', message)
}
