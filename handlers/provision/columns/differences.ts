import { GetTableCommand, type GlueClient } from '@aws-sdk/client-glue'
import {
  type CatalogedColumn,
  type ColumnChange,
  type ColumnDifferences,
  columnDifferences,
  evolvedTables,
} from '../../../pipeline/column-changes.ts'
import { PipelineError } from '../../../pipeline/errors.ts'
import type { ProvisioningPlan } from '../../../pipeline/provisioning-plan.ts'
import { isServiceException } from '../aws-errors.ts'

type Place = Pick<ProvisioningPlan, 'account' | 'tableBucket' | 'namespace' | 'tables'>

/** Looks that are made beside one another: a table a call is all that Glue has, and a function has a minute. */
const looksAtOnce = 10

/**
 * What is to be changed in Iceberg tables, in the order of their declaration. Only those are looked at that are to be other than they were created.
 * @param iceberg the name of the one to look at; all of them without it
 * @throws PipelineError `ColumnsImpossible` with everything that cannot be followed
 */
export async function columnChanges(glue: GlueClient, plan: Place, iceberg?: string): Promise<ColumnChange[]> {
  const tables = evolvedTables(plan.tables).filter((table) => iceberg === undefined || table.iceberg === iceberg)
  const all: ColumnDifferences[] = []
  for (let from = 0; from < tables.length; from += looksAtOnce) {
    const some = tables.slice(from, from + looksAtOnce)
    all.push(...(await Promise.all(some.map(async (table) => columnDifferences(table, await catalogedColumns(glue, plan, table.iceberg))))))
  }
  const impossible = all.flatMap((differences) => differences.impossible)
  if (impossible.length > 0) {
    throw new PipelineError(
      'ColumnsImpossible',
      `Iceberg tables cannot become what is declared:\n${impossible.map((sentence) => `- ${sentence}`).join('\n')}`,
    )
  }
  return all.flatMap(({ changes }) => changes)
}

/** @throws PipelineError `ColumnsImpossible` where the table is not there */
async function catalogedColumns(glue: GlueClient, { account, tableBucket, namespace }: Place, name: string): Promise<CatalogedColumn[]> {
  try {
    const CatalogId = `${account}:s3tablescatalog/${tableBucket}`
    const { Table } = await glue.send(new GetTableCommand({ CatalogId, DatabaseName: namespace, Name: name }))
    const columns = Table?.StorageDescriptor?.Columns ?? []
    // Columns of former schemas may be listed, too.
    const current = columns.filter(({ Parameters }) => Parameters?.['iceberg.field.current'] !== 'false')
    return current.map(({ Name = '', Type = '' }) => ({ name: Name, type: Type }))
  } catch (error) {
    if (!isServiceException(error) || error.name !== 'EntityNotFoundException') throw error
    throw new PipelineError(
      'ColumnsImpossible',
      `The Iceberg table ${namespace}.${name} is not there: deploy CdcS3Tables, or create it as tables.json has it`,
      {
        cause: error,
      },
    )
  }
}
