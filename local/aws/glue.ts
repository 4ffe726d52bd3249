import { z } from 'zod'
import type { LocalAccount, ServiceState } from '../cloudformation/account.ts'
import { AwsError, type AwsService, json, notImplemented } from './endpoint.ts'
import { rememberRoles } from './lake-formation/grant-state.ts'
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
const everyone = [{ Principal: { DataLakePrincipalIdentifier: 'IAM_ALLOWED_PRINCIPALS' }, Permissions: ['ALL'] }]
const catalogName = 's3tablescatalog'

/** Glue's GetCatalog (JSON 1.1) for the catalog of table buckets and its catalogs, one a bucket. */
export function glueService(place: AwsPlace): AwsService {
  return async ({ operation, body, authorize }) => {
    if (operation !== 'GetCatalog') throw notImplemented('glue', operation ?? 'a request without an operation')
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
    return json({
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
    })
  }
}
