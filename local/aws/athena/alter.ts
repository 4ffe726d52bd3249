import { CatalogError, type IcebergCatalog } from '../../iceberg/catalog.ts'
import { type SchemaChange, SchemaRefusal } from '../../iceberg/schema-evolution.ts'
import { AwsError } from '../endpoint.ts'

/** `ALTER TABLE` of one Iceberg table: the statements that change columns. */
export interface Alteration {
  readonly table: string
  readonly change: SchemaChange
}

const name = '`?([a-z0-9_]+)`?'
const alter = new RegExp(`^\\s*ALTER TABLE ${name} (?:ADD COLUMNS \\((.+)\\)|CHANGE (?:COLUMN )?${name} ${name} (\\S+))\\s*;?\\s*$`, 'is')

export const isAlteration = (sql: string) => /^\s*ALTER\s+TABLE\b/i.test(sql)

/**
 * What a statement of Athena's DDL changes. https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html
 * @throws AwsError which becomes the reason for which it failed
 */
export function parseAlteration(sql: string): Alteration {
  const [, table, columns, column, renamed, type = ''] = alter.exec(sql) ?? []
  if (table === undefined)
    throw new AwsError(
      'InvalidRequestException',
      'FAILED: ParseException: this local Athena alters tables by ADD COLUMNS and CHANGE COLUMN',
    )
  if (columns === undefined) {
    if (column === undefined || renamed !== column)
      throw new AwsError('InvalidRequestException', 'FAILED: this local Athena renames no columns')
    return { table, change: { widen: column, to: icebergType(type) } }
  }
  const add = splitColumns(columns).map((text) => {
    const [, added, addedType = ''] = new RegExp(`^\\s*${name}\\s+(\\S+)\\s*$`, 'i').exec(text) ?? []
    if (added === undefined) throw new AwsError('InvalidRequestException', 'FAILED: ParseException: a column is a name and a type')
    return { name: added, type: icebergType(addedType) }
  })
  return { table, change: { add } }
}

/** At commas outside of `decimal(12,2)` and `array<…>`. */
function splitColumns(text: string): string[] {
  return text.split(/,(?![^(]*\))/)
}

/** Types that Athena's DDL has for Iceberg tables. https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html */
function icebergType(text: string): string {
  const type = text.toLowerCase()
  const element = /^array<(.+)>$/.exec(type)?.[1]
  if (element !== undefined) return `list<${icebergType(element)}>`
  if (type === 'bigint') return 'long'
  if (/^(boolean|int|float|double|date|timestamp|string|binary|decimal\(\d+,\d+\))$/.test(type)) return type
  throw new AwsError('InvalidRequestException', `FAILED: ParseException: Unsupported data type for an Iceberg table: ${text}`)
}

/**
 * Commits the change. Another writer's change of the schema in between has it fail, as it does Athena's.
 * @throws AwsError which becomes the reason for which it failed
 */
export async function runAlteration(
  catalog: IcebergCatalog,
  database: string,
  { table, change }: Alteration,
): Promise<{ columns: string[]; rows: [] }> {
  try {
    await catalog.evolveSchema(database, table, change)
    return { columns: [], rows: [] }
  } catch (error) {
    if (error instanceof SchemaRefusal) throw new AwsError('InvalidRequestException', `FAILED: SemanticException ${error.message}`)
    if (error instanceof CatalogError && error.status === 409)
      throw new AwsError('InvalidRequestException', `ICEBERG_COMMIT_ERROR: ${error.message}`)
    throw error
  }
}
