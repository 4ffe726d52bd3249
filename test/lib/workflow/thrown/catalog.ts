import { GetQueryExecutionCommand } from '@aws-sdk/client-athena'
import { GetCatalogCommand, EntityNotFoundException as NoCatalog } from '@aws-sdk/client-glue'
import {
  AccessDeniedException,
  EntityNotFoundException,
  GrantPermissionsCommand,
  InvalidInputException,
  ListPermissionsCommand,
} from '@aws-sdk/client-lakeformation'
import { addColumn, aws, query } from './aws.ts'
import { pass, type ThrownRow } from './row.ts'

const refusal = (message: string) => ({ message, Message: message, $metadata: { httpStatusCode: 400 } })
const nothingGranted = () => void aws.lakeFormation.on(ListPermissionsCommand).resolves({ PrincipalResourcePermissions: [] })

function grantRejects(error: Error): () => void {
  return () => {
    nothingGranted()
    aws.lakeFormation.on(GrantPermissionsCommand).rejects(error)
  }
}

/** The catalog and its grants. */
export const catalogRows: readonly ThrownRow[] = [
  {
    step: 'check-catalog',
    error: 'CatalogIntegrationMissing',
    says: 'aws glue create-catalog --region us-east-1 --name s3tablescatalog',
    arrange: () => void aws.glue.on(GetCatalogCommand).rejects(new NoCatalog(refusal('Catalog s3tablescatalog not found.'))),
  },
  {
    step: 'check-columns',
    error: 'ColumnsImpossible',
    says: 'public.orders.late: Athena cannot add a column of the type timestamptz to orders',
    arrange: () => addColumn('timestamptz'),
  },
  {
    step: 'ensure-columns',
    error: 'ColumnsImpossible',
    says: 'the Iceberg column orders.late is date, which cannot become timestamp',
    arrange: () => addColumn('timestamp', [{ Name: 'late', Type: 'date' }]),
  },
  {
    step: 'ensure-columns',
    error: 'QueryFailed',
    says: 'FAILED: SemanticException',
    arrange() {
      addColumn()
      query({ State: 'FAILED', StateChangeReason: 'FAILED: SemanticException' })
    },
  },
  {
    step: 'ensure-columns',
    error: 'NotInTime',
    says: "Athena's query q is RUNNING",
    look: 2,
    minutes: 61,
    arrange() {
      addColumn()
      aws.athena.on(GetQueryExecutionCommand).callsFake(() => {
        pass(10)
        return { QueryExecution: { Status: { State: 'RUNNING' } } }
      })
    },
  },
  {
    step: 'ensure-grants',
    error: 'GrantsRefused',
    says: 'aws lakeformation batch-grant-permissions',
    arrange: grantRejects(new AccessDeniedException(refusal('Insufficient Lake Formation permission(s) on s3tablescatalog'))),
  },
  {
    step: 'ensure-grants',
    error: 'PrincipalNotYetKnown',
    says: 'does not know arn:aws:iam::111122223333:role/',
    arrange: grantRejects(new InvalidInputException(refusal('Invalid principal, arn:aws:iam::111122223333:role/firehose'))),
  },
  {
    step: 'ensure-grants',
    error: 'CatalogNotYetListed',
    says: 'does not show',
    arrange: grantRejects(new EntityNotFoundException(refusal('Database not found'))),
  },
  {
    step: 'ensure-grants',
    error: 'GrantNotEffective',
    says: 'does not list it as granted',
    arrange() {
      nothingGranted()
      aws.lakeFormation.on(GrantPermissionsCommand).resolves({})
    },
  },
  {
    step: 'ensure-grants',
    error: 'NotInTime',
    says: 'grants are made',
    look: 2,
    minutes: 31,
    arrange() {
      nothingGranted()
      aws.lakeFormation.on(GrantPermissionsCommand).callsFake(() => {
        pass(10)
        return {}
      })
    },
  },
]
