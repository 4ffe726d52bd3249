import { AwsError, type AwsRequest } from '../endpoint.ts'
import { tablesCatalogMode } from '../glue.ts'
import { hasGrant } from '../lake-formation.ts'
import type { AwsPlace } from '../place.ts'

interface Asked {
  readonly sql: string
  readonly catalog: string
  readonly database: string
}

/**
 * What a DELETE needs besides reading: it writes delete files and commits them.
 * @throws AwsError which becomes the reason for which it failed
 */
export async function requireRemovable(place: AwsPlace, request: AwsRequest, asked: Asked): Promise<void> {
  const tables = await place.account.catalog.listTables(asked.database)
  const table = tables.find((name) => new RegExp(`^\\s*DELETE FROM [^ ]*"${name}" `).test(asked.sql))
  if (table === undefined) throw new AwsError('InvalidRequestException', 'TABLE_NOT_FOUND: the statement names no table of the namespace')
  requireCommit(place, request, { ...asked, table }, ['INSERT', 'DELETE'])
}

/**
 * What an ALTER TABLE needs besides reading: it writes metadata and commits it.
 * @throws AwsError which becomes the reason for which it failed
 */
export async function requireAlterable(place: AwsPlace, request: AwsRequest, asked: Asked & { readonly table: string }): Promise<void> {
  if (!(await place.account.catalog.listTables(asked.database)).includes(asked.table))
    throw new AwsError('InvalidRequestException', `FAILED: SemanticException [Error 10001]: Table not found ${asked.table}`)
  requireCommit(place, request, asked, ['ALTER'])
}

function requireCommit(
  { account }: AwsPlace,
  { authorize, caller }: AwsRequest,
  { catalog, database, table }: Asked & { readonly table: string },
  permissions: readonly string[],
): void {
  const bucket = catalog.replace('s3tablescatalog/', '')
  const bucketArn = account.arn('s3tables', `bucket/${bucket}`)
  if (tablesCatalogMode(account) !== 'lake-formation') {
    for (const action of ['PutTableData', 'UpdateTableMetadataLocation'])
      authorize(`s3tables:${action}`, `${bucketArn}/table/${database}.${table}`)
  } else if (caller.roleArn !== undefined) {
    for (const permission of permissions)
      if (!hasGrant(account, caller.roleArn, { tableBucket: bucket, database, table }, permission))
        throw new AwsError('AccessDeniedException', `Insufficient Lake Formation permission(s): Required ${permission} on ${table}`)
  }
  const catalogs = ['catalog', 'catalog/s3tablescatalog', `catalog/s3tablescatalog/${bucket}`].map((path) => account.arn('glue', path))
  const path = `s3tablescatalog/${bucket}/${database}`
  authorize('glue:UpdateTable', [...catalogs, account.arn('glue', `database/${path}`), account.arn('glue', `table/${path}/${table}`)])
}

/**
 * What Athena does in the name of whoever asks: looks the tables up in Glue, and reads them, or where Lake Formation governs has it hand out the
 * data's credentials. https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-integrating-athena.html
 * @throws AwsError which becomes the reason for which the query failed
 */
export async function requireReadable(
  place: AwsPlace,
  { authorize, caller }: AwsRequest,
  { sql, catalog, database }: Asked,
): Promise<void> {
  const { account } = place
  const bucket = /^s3tablescatalog\/(.+)$/.exec(catalog)?.[1]
  const bucketArn = account.arn('s3tables', `bucket/${bucket}`)
  if (bucket === undefined || tablesCatalogMode(account) === 'none' || !account.findByArn(bucketArn))
    throw new AwsError('InvalidRequestException', `CATALOG_NOT_FOUND: Catalog '${catalog}' does not exist`)
  const all = await account.catalog.listTables(database)
  const tables = all.filter((table) => new RegExp(`(?<![\\w$])${table}(?![\\w])`).test(sql))
  const governed = tablesCatalogMode(account) === 'lake-formation'
  const catalogs = ['catalog', 'catalog/s3tablescatalog', `catalog/s3tablescatalog/${bucket}`].map((path) => account.arn('glue', path))
  const databaseArns = [...catalogs, account.arn('glue', `database/s3tablescatalog/${bucket}/${database}`)]
  authorize('glue:GetCatalog', catalogs)
  authorize('glue:GetDatabase', databaseArns)
  for (const table of tables) {
    authorize('glue:GetTable', [...databaseArns, account.arn('glue', `table/s3tablescatalog/${bucket}/${database}/${table}`)])
    if (!governed) {
      for (const action of ['GetTable', 'GetTableMetadataLocation', 'GetTableData'])
        authorize(`s3tables:${action}`, `${bucketArn}/table/${database}.${table}`)
      continue
    }
    authorize('lakeformation:GetDataAccess', '*')
    // The administrator of the local account has no role, and is the data lake's too.
    if (caller.roleArn === undefined || hasGrant(account, caller.roleArn, { tableBucket: bucket, database, table }, 'SELECT')) continue
    throw new AwsError(
      'AccessDeniedException',
      `Insufficient permissions to execute the query. Principal does not have any privilege on specified resource (${database}.${table})`,
    )
  }
}
