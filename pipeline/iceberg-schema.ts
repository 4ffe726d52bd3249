import { creationType } from './column-changes.ts'
import { PipelineError } from './errors.ts'
import type { CapturedTable } from './tables.ts'

/** A type in Iceberg's JSON form: a primitive's name, or a list with the id of its element. */
export type IcebergTypeJson =
  | string
  | { readonly type: 'list'; readonly 'element-id': number; readonly element: IcebergTypeJson; readonly 'element-required': boolean }

export interface IcebergField {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: IcebergTypeJson
}

/** The schema that an Iceberg table is created with. */
export interface IcebergSchema {
  readonly fields: readonly IcebergField[]
  /** Ids of the primary key's columns, ascending: Iceberg knows them as a set. Empty: the table has no key. */
  readonly identifierFieldIds: readonly number[]
}

/**
 * The schema of a captured table's creation: columns added later are not in it, and a widened one has its first type, since CloudFormation
 * replaces a table whose schema changes. Columns have the ids 1…n in their order, elements of lists the ids after that. Only key columns are required: the row of a
 * delete carries nothing else.
 */
export function icebergSchema(table: CapturedTable): IcebergSchema {
  const columns = table.columns.filter((column) => !column.added)
  let nextId = columns.length + 1
  const elementId = () => nextId++
  const fields = columns.map((column, index) => ({
    id: index + 1,
    name: column.iceberg.name,
    required: table.primaryKey.includes(column.name),
    type: typeJson(creationType(column), elementId),
  }))
  const identifierFieldIds = fields.filter((field) => field.required).map((field) => field.id)
  if (identifierFieldIds.length !== table.primaryKey.length) {
    throw new PipelineError(
      'InvalidTables',
      `${table.schema}.${table.name}: a column of the primary key is not in the table's creation: declare the table under a new iceberg.name`,
    )
  }
  return { fields, identifierFieldIds }
}

function typeJson(type: string, elementId: () => number): IcebergTypeJson {
  const element = /^list<(.+)>$/.exec(type)?.[1]
  if (element === undefined) return type
  const id = elementId()
  // Elements of a PostgreSQL array may be null.
  return { type: 'list', 'element-id': id, element: typeJson(element, elementId), 'element-required': false }
}

/** Names of the columns that identify a row, in the primary key's order: Firehose's unique keys. */
export function uniqueKeys(table: CapturedTable): string[] {
  return table.primaryKey.flatMap((key) => table.columns.filter((column) => column.name === key).map((column) => column.iceberg.name))
}

/** The schema as the Iceberg REST catalog takes it. https://iceberg.apache.org/spec/#appendix-c-json-serialization */
export function restSchema({ fields, identifierFieldIds }: IcebergSchema) {
  return { type: 'struct', 'schema-id': 0, 'identifier-field-ids': identifierFieldIds, fields } as const
}

/** `IcebergSchemaV2` of `AWS::S3Tables::Table`, in CloudFormation's own casing. */
export function cloudFormationSchema({ fields, identifierFieldIds }: IcebergSchema) {
  return {
    SchemaV2FieldType: 'struct',
    SchemaV2FieldList: fields.map(({ id, name, required, type }) => ({ Id: id, Name: name, Required: required, Type: type })),
    ...(identifierFieldIds.length > 0 && { IdentifierFieldIds: [...identifierFieldIds] }),
  }
}
