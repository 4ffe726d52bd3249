import { z } from 'zod'
import type { AwsRequest } from '../endpoint.ts'
import type { AwsPlace } from '../place.ts'
import { parseBody } from '../request-body.ts'
import { grantState } from './grant-state.ts'
import { invalid } from './resource.ts'

const principals = z.array(z.strictObject({ DataLakePrincipalIdentifier: z.string().min(1).max(255) }))
const defaults = z.array(
  z.strictObject({ Principal: z.object({ DataLakePrincipalIdentifier: z.string() }), Permissions: z.array(z.string()) }),
)
const settingsShape = z.strictObject({
  DataLakeAdmins: principals.default([]),
  ReadOnlyAdmins: principals.optional(),
  CreateDatabaseDefaultPermissions: defaults.optional(),
  CreateTableDefaultPermissions: defaults.optional(),
  Parameters: z.record(z.string(), z.string()).optional(),
  TrustedResourceOwners: z.array(z.string()).optional(),
  AllowExternalDataFiltering: z.boolean().optional(),
  AllowFullTableExternalDataAccess: z.boolean().optional(),
  ExternalDataFilteringAllowList: principals.optional(),
  AuthorizedSessionTagValueList: z.array(z.string()).optional(),
})
const putShape = z.strictObject({ CatalogId: z.string().optional(), DataLakeSettings: settingsShape })

/** https://docs.aws.amazon.com/lake-formation/latest/APIReference/API_DataLakeSettings.html */
const maximumAdministrators = 30

export function getDataLakeSettings(place: AwsPlace, { authorize }: AwsRequest): object {
  authorize('lakeformation:GetDataLakeSettings', '*')
  return { DataLakeSettings: grantState(place.account).get().settings }
}

/** PutDataLakeSettings replaces all of them, what is left out too. */
export async function putDataLakeSettings(place: AwsPlace, { authorize, body }: AwsRequest): Promise<object> {
  authorize('lakeformation:PutDataLakeSettings', '*')
  const { DataLakeSettings } = parseBody(putShape, body, 'InvalidInputException')
  if (DataLakeSettings.DataLakeAdmins.length > maximumAdministrators) {
    throw invalid(`The number of data lake administrators exceeds the limit of ${maximumAdministrators}.`)
  }
  const state = grantState(place.account)
  await state.set({ ...state.get(), settings: DataLakeSettings })
  return {}
}
