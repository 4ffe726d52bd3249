import { z } from 'zod'
import type { LocalAccount, ServiceState } from '../cloudformation/account.ts'
import type { IcebergTypeTree } from '../iceberg/iceberg-type.ts'
import { AwsError, type AwsRequest, type AwsService, json, notImplemented } from './endpoint.ts'
import { rememberRoles } from './lake-formation/grant-state.ts'
import { hasGrant } from './lake-formation.ts'
import type { AwsPlace } from './place.ts'
import { parseBody } from './request-body.ts'

/** Who governs the catalog of table buckets; `none`: nobody has made it yet. */
const stateShape = z.object({ tablesCatalog: z.enum(['iam', 'lake-formation', 'none']) })

/** How the account's table buckets are integrated. New ones are in IAM mode. https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-integrating-aws.html */
export type TablesCatalogMode = z.output<typeof stateShape>['tablesCatalog']

function state(account: LocalAccount): ServiceState<z.output<typeof stateShape>> {
  return account.state('glue', stateShape, { tablesCatalog: 'iam' })
}

export function tablesCatalogMode(account: LocalAccount): TablesCatalogMode {
  return state(account).get().tablesCatalog
}

/** What an administrator does once: creates the integration, or changes its mode. */
export function setTablesCatalogMode(account: LocalAccount, tablesCatalog: TablesCatalogMode): Promise<void> {
  return state(account).set({ tablesCatalog })
}

const getCatalogShape = z.strictObject({ CatalogId: z.string().min(1).max(255) })
const getTableShape = z.strictObject({ CatalogId: z.string().min(1), DatabaseName: z.string().min(1), Name: z.string().min(1) })
const everyone = [{ Principal: { DataLakePrincipalIdentifier: 'IAM_ALLOWED_PRINCIPALS' }, Permissions: ['ALL'] }]
const catalogName = 's3tablescatalog'

/** Glue's operations (JSON 1.1) for the catalog of table buckets, its catalogs, one a bucket, and their tables. */
export function glueService(place: AwsPlace): AwsService {
  const getCatalog = async ({ body, authorize }: AwsRequest): Promise<object> => {
    const { CatalogId } = parseBody(getCatalogShape, body, 'InvalidInputException')
    const path = CatalogId.replace(`${place.account.id}:`, '')
    authorize('glue:GetCatalog', [place.account.arn('glue', 'catalog'), place.account.arn('glue', `catalog/${path}`)])
    await rememberRoles(place)
    const mode = tablesCatalogMode(place.account)
    const bucket = path === catalogName ? '*' : path.replace(`${catalogName}/`, '')
    const exists = bucket === '*' || place.account.findByArn(place.account.arn('s3tables', `bucket/${bucket}`)) !== undefined
    if (mode === 'none' || !exists || !path.startsWith(catalogName))
      throw new AwsError('EntityNotFoundException', `Catalog ${path} not found.`)
    const defaults = mode === 'iam' ? everyone : []
    return {
      Catalog: {
        CatalogId: `${place.account.id}:${path}`,
        Name: path.split('/').at(-1),
        ResourceArn: place.account.arn('glue', `catalog/${path}`),
        FederatedCatalog: { Identifier: place.account.arn('s3tables', `bucket/${bucket}`), ConnectionName: 'aws:s3tables' },
        CatalogProperties: {},
        CreateDatabaseDefaultPermissions: defaults,
        CreateTableDefaultPermissions: defaults,
        AllowFullTableExternalDataAccess: mode === 'iam' ? 'True' : 'False',
      },
    }
  }
  return async (request) => {
    if (request.operation === 'GetCatalog') return json(await getCatalog(request))
    if (request.operation === 'GetTable') return json(await getTable(place, request))
    throw notImplemented('glue', request.operation ?? 'a request without an operation')
  }
}

/** An Iceberg table as Glue tells it: the columns of its current schema, with Hive's names of types. */
async function getTable({ account }: AwsPlace, { body, authorize, caller }: AwsRequest): Promise<object> {
  const { CatalogId, DatabaseName, Name } = parseBody(getTableShape, body, 'InvalidInputException')
  const path = CatalogId.replace(`${account.id}:`, '')
  const bucket = path.replace(`${catalogName}/`, '')
  const catalogs = ['catalog', `catalog/${catalogName}`, `catalog/${path}`].map((one) => account.arn('glue', one))
  authorize('glue:GetTable', [
    ...catalogs,
    account.arn('glue', `database/${path}/${DatabaseName}`),
    account.arn('glue', `table/${path}/${DatabaseName}/${Name}`),
  ])
  const bucketArn = account.arn('s3tables', `bucket/${bucket}`)
  const table = account.findByArn(bucketArn) ? await account.catalog.loadTable(DatabaseName, Name) : undefined
  if (tablesCatalogMode(account) !== 'lake-formation') {
    for (const action of ['GetTable', 'GetTableMetadataLocation'])
      authorize(`s3tables:${action}`, `${bucketArn}/table/${DatabaseName}.${Name}`)
  } else if (
    caller.roleArn !== undefined &&
    !hasGrant(account, caller.roleArn, { tableBucket: bucket, database: DatabaseName, table: Name }, 'DESCRIBE')
  )
    throw new AwsError('AccessDeniedException', `Insufficient Lake Formation permission(s): Required Describe on ${Name}`)
  if (!table) throw new AwsError('EntityNotFoundException', `Entity Not Found: table ${DatabaseName}.${Name}`)
  const Columns = table.columns.map((column) => ({
    Name: column.name,
    Type: hiveType(column.type),
    Parameters: { 'iceberg.field.current': 'true', 'iceberg.field.optional': String(!column.required) },
  }))
  return {
    Table: {
      Name,
      DatabaseName,
      CatalogId,
      TableType: 'EXTERNAL_TABLE',
      StorageDescriptor: { Columns },
      Parameters: { table_type: 'ICEBERG' },
    },
  }
}

/** Hive's names that are others than Iceberg's. https://github.com/apache/iceberg/blob/main/aws/src/main/java/org/apache/iceberg/aws/glue/IcebergToGlueConverter.java */
const hiveNames: Readonly<Record<string, string>> = {
  long: 'bigint',
  timestamptz: 'timestamp',
  time: 'string',
  uuid: 'string',
  fixed: 'binary',
}

function hiveType(type: IcebergTypeTree): string {
  if (type.kind === 'decimal') return `decimal(${type.precision},${type.scale})`
  if (type.kind === 'list') return `array<${hiveType(type.element)}>`
  if (type.kind === 'map') return `map<${hiveType(type.key)},${hiveType(type.value)}>`
  if (type.kind === 'struct') return `struct<${type.fields.map((field) => `${field.name}:${hiveType(field.type)}`).join(',')}>`
  return hiveNames[type.kind] ?? type.kind
}
