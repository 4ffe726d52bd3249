import { type Catalog, GetCatalogCommand, GlueClient, type PrincipalPermissions } from '@aws-sdk/client-glue'
import { PipelineError } from '../../pipeline/errors.ts'
import type { StepAnswer, StepRequest } from '../../pipeline/provisioning.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { ready } from '../../pipeline/step-answer.ts'
import { clientSettings } from '../aws-clients.ts'
import { isServiceException } from './aws-errors.ts'
import { type StepPlace, stepHandler } from './step.ts'

const glue = new GlueClient(clientSettings)

/** The Glue catalog of all S3 table buckets of an account and Region. https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-tables-integrating-aws.html */
export const tablesCatalog = 's3tablescatalog'

/** Who decides on access to the tables: policies of roles alone, or Lake Formation's grants as well. */
export type CatalogMode = 'iam' | 'lake-formation'

export interface CatalogAnswer extends StepAnswer {
  /** None: there is no integration of table buckets. */
  readonly mode: CatalogMode | 'none'
}

/** The teardown needs no integration: without one there are no grants. */
export interface CatalogParameters {
  readonly missing?: 'tolerated'
}

const everyone: PrincipalPermissions[] = [{ Principal: { DataLakePrincipalIdentifier: 'IAM_ALLOWED_PRINCIPALS' }, Permissions: ['ALL'] }]

/** What an administrator runs once for an account and Region, in IAM mode: one call, no role. */
export function createCatalogCommand({ partition, account, region }: Pick<ProvisioningPlan, 'partition' | 'account' | 'region'>): string {
  const input = {
    FederatedCatalog: { Identifier: `arn:${partition}:s3tables:${region}:${account}:bucket/*`, ConnectionName: 'aws:s3tables' },
    CreateDatabaseDefaultPermissions: everyone,
    CreateTableDefaultPermissions: everyone,
    AllowFullTableExternalDataAccess: 'True',
  }
  return `aws glue create-catalog --region ${region} --name ${tablesCatalog} --catalog-input '${JSON.stringify(input)}'`
}

/** The mode that a catalog's default permissions make. Where only one of databases and tables is open to IAM, the other one needs grants. */
export function catalogMode({ CreateDatabaseDefaultPermissions, CreateTableDefaultPermissions }: Catalog): CatalogMode {
  return isOpen(CreateDatabaseDefaultPermissions) && isOpen(CreateTableDefaultPermissions) ? 'iam' : 'lake-formation'
}

function isOpen(permissions: readonly PrincipalPermissions[] = []): boolean {
  return permissions.some(
    ({ Principal, Permissions }) => Principal?.DataLakePrincipalIdentifier === 'IAM_ALLOWED_PRINCIPALS' && Permissions?.includes('ALL'),
  )
}

export const handler = stepHandler('check-catalog', checkCatalog)

/** Is the integration of table buckets there, and who governs it? */
export async function checkCatalog(
  request: StepRequest<CatalogParameters, StepAnswer, unknown>,
  { plan, now }: Pick<StepPlace, 'plan' | 'now'>,
): Promise<CatalogAnswer> {
  const mode = await modeOf(plan, request.parameters.missing === 'tolerated')
  if (mode === 'none') return { ...ready(request, now(), { seen: `there is no catalog ${tablesCatalog}` }), mode }
  const governor = { iam: 'IAM governs', 'lake-formation': 'Lake Formation governs' }[mode]
  const seen = `${governor} the catalog ${tablesCatalog}`
  return { ...ready(request, now(), { seen, already: [`the catalog ${tablesCatalog} is there; ${governor} it`] }), mode }
}

/** @throws PipelineError `CatalogIntegrationMissing` */
async function modeOf(plan: ProvisioningPlan, toleratesNone: boolean): Promise<CatalogMode | 'none'> {
  try {
    const { Catalog } = await glue.send(new GetCatalogCommand({ CatalogId: tablesCatalog }))
    if (Catalog) return catalogMode(Catalog)
    throw new Error('Glue answered GetCatalog without a catalog')
  } catch (error) {
    if (!isServiceException(error)) throw error
    // Only Lake Formation refuses in these words, and only where its grants are needed: the next step makes or misses them.
    if (error.name === 'AccessDeniedException' && /Lake Formation/i.test(error.message)) return 'lake-formation'
    if (error.name !== 'EntityNotFoundException') throw error
    if (toleratesNone) return 'none'
    throw new PipelineError(
      'CatalogIntegrationMissing',
      `The account ${plan.account} has no Glue catalog ${tablesCatalog} in ${plan.region}, through which Firehose and Athena see table buckets. ` +
        `An administrator creates it once, and then this execution is redriven:\n${createCatalogCommand(plan)}`,
      { cause: error },
    )
  }
}
