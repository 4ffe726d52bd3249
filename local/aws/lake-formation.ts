import { type AwsRequest, type AwsService, json, notImplemented } from './endpoint.ts'
import { batchGrantPermissions, grantPermissions, listPermissions, revokePermissions } from './lake-formation/grants.ts'
import { getDataLakeSettings, putDataLakeSettings } from './lake-formation/settings.ts'
import type { AwsPlace } from './place.ts'

export { hasGrant } from './lake-formation/grant-state.ts'

const operations = new Map<string, (place: AwsPlace, request: AwsRequest) => object | Promise<object>>([
  ['/GrantPermissions', grantPermissions],
  ['/BatchGrantPermissions', batchGrantPermissions],
  ['/RevokePermissions', revokePermissions],
  ['/ListPermissions', listPermissions],
  ['/GetDataLakeSettings', getDataLakeSettings],
  ['/PutDataLakeSettings', putDataLakeSettings],
])

/** Lake Formation (REST-JSON): settings and grants on the catalogs of table buckets. */
export function lakeFormationService(place: AwsPlace): AwsService {
  return async (request) => {
    const operation = operations.get(request.path)
    if (!operation) throw notImplemented('lakeformation', `${request.method} ${request.path}`)
    return json(await operation(place, request), 'application/json')
  }
}
