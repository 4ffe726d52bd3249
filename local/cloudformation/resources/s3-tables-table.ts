import { z } from 'zod'
import { type IcebergSchema, type IcebergTypeJson, restSchema } from '../../../pipeline/iceberg-schema.ts'
import { CatalogError } from '../../iceberg/catalog.ts'
import { parseIcebergType } from '../../iceberg/iceberg-type.ts'
import { parseProperties, type ResourceContext, type ResourceProvider, refused, tags } from '../provider.ts'

const name = z.string().regex(/^[a-z0-9][a-z0-9_]{0,254}$/, 'lower-case letters, digits and _, starting with a letter or digit')
/** A type as text, or in Iceberg's JSON form where it is nested. */
const typeJson = z.custom<IcebergTypeJson>((value) => typeof value === 'string' || (typeof value === 'object' && value !== null))

const tableShape = z.strictObject({
  TableBucketARN: z.string(),
  Namespace: z.string(),
  TableName: name,
  OpenTableFormat: z.literal('ICEBERG'),
  IcebergMetadata: z.strictObject({
    IcebergSchemaV2: z.strictObject({
      SchemaV2FieldType: z.literal('struct'),
      SchemaV2FieldList: z
        .array(
          z.strictObject({
            Id: z.int().min(1),
            Name: z
              .string()
              .regex(/^[a-z0-9_]{1,255}$/, 'lower-case letters, digits and _: Glue and Athena do not see a table with others'),
            Required: z.boolean(),
            Type: typeJson,
            Doc: z.string().optional(),
          }),
        )
        .min(1),
      IdentifierFieldIds: z.array(z.int()).optional(),
      SchemaId: z.int().optional(),
    }),
    TableProperties: z.record(z.string(), z.string()).optional(),
  }),
  Compaction: z
    .strictObject({ Status: z.enum(['enabled', 'disabled']).optional(), TargetFileSizeMB: z.int().min(64).max(512).optional() })
    .optional(),
  SnapshotManagement: z
    .strictObject({
      Status: z.enum(['enabled', 'disabled']).optional(),
      MinSnapshotsToKeep: z.int().min(1).optional(),
      MaxSnapshotAgeHours: z.int().min(1).optional(),
    })
    .optional(),
  StorageClassConfiguration: z.strictObject({ StorageClass: z.enum(['STANDARD', 'INTELLIGENT_TIERING']) }).optional(),
  Tags: tags,
})

type TableProperties = z.output<typeof tableShape>

/** An Iceberg table in the local REST catalog, with the schema, identifier fields and required columns of the template. */
export const s3TablesTable: ResourceProvider = {
  type: 'AWS::S3Tables::Table',
  replacedBy: ['TableBucketARN', 'Namespace', 'OpenTableFormat', 'IcebergMetadata', 'StorageClassConfiguration'],
  replacementAdvice:
    'a replaced table would lose its rows. The schema is that of the creation: mark a column that came later with "added", one that went with "dropped" and a wider one with "createdAs", and declare a table with another key or ' +
    'other types under a new iceberg.name',
  identify(properties, context) {
    const { TableBucketARN, Namespace, TableName } = parseProperties(tableShape, properties, context)
    // At AWS the last part is drawn at random; here a table is found by its name.
    const arn = `${TableBucketARN}/table/${Namespace}.${TableName}`
    return {
      physicalId: arn,
      arn,
      attributes: { TableARN: arn, WarehouseLocation: `s3://${Namespace}/${TableName}`, VersionToken: context.unique.slice(0, 20) },
    }
  },
  async check(properties, context) {
    const table = parseProperties(tableShape, properties, context)
    const { account } = context
    if (!account.findByArn(table.TableBucketARN))
      throw refused(context, `The specified table bucket does not exist: ${table.TableBucketARN}`)
    if (!account.find('AWS::S3Tables::Namespace').some((namespace) => namespace.physicalId === table.Namespace)) {
      throw refused(context, `The specified namespace does not exist: ${table.Namespace}`)
    }
    checkSchema(table, context)
  },
  async create(properties, context, resumed) {
    const table = parseProperties(tableShape, properties, context)
    const { catalog } = context.account
    try {
      await catalog.createTable(table.Namespace, table.TableName, restSchema(schemaOf(table)), table.IcebergMetadata.TableProperties)
    } catch (error) {
      if (!(error instanceof CatalogError) || error.status !== 409) throw error
      if (!resumed) throw refused(context, `The table ${table.Namespace}.${table.TableName} already exists`)
    }
  },
  async update(properties, before, context) {
    const { TableName } = parseProperties(tableShape, properties, context)
    if (before.properties.TableName !== TableName) throw refused(context, 'the local catalog cannot rename a table')
  },
  async delete({ properties, stack, logicalId }, { catalog }) {
    const { Namespace, TableName } = parseProperties(tableShape, properties, { stack, logicalId })
    if (await catalog.loadTable(Namespace, TableName)) await catalog.dropTable(Namespace, TableName)
  },
}

function schemaOf({ IcebergMetadata: { IcebergSchemaV2: schema } }: TableProperties): IcebergSchema {
  return {
    fields: schema.SchemaV2FieldList.map(({ Id, Name, Required, Type }) => ({ id: Id, name: Name, required: Required, type: Type })),
    identifierFieldIds: schema.IdentifierFieldIds ?? [],
  }
}

/** https://iceberg.apache.org/spec/#identifier-field-ids */
function checkSchema(table: TableProperties, context: ResourceContext): void {
  const { fields, identifierFieldIds } = schemaOf(table)
  const faults = fields.flatMap(({ id, name: field, type }, index) => {
    const twins = fields.slice(0, index).filter((other) => other.id === id || other.name === field)
    return [...twins.map(() => `${field}: its id or name is taken`), ...typeFaults(field, type)]
  })
  for (const id of identifierFieldIds) {
    const field = fields.find((candidate) => candidate.id === id)
    if (!field) faults.push(`identifier field ${id} is not a field`)
    else if (!field.required) faults.push(`${field.name}: an identifier field must be required`)
    else if (typeof field.type !== 'string' || /^(float|double)$/.test(field.type))
      faults.push(`${field.name}: an identifier field cannot be of this type`)
  }
  if (faults.length > 0) throw refused(context, `IcebergSchemaV2: ${faults.join('; ')}`)
}

function typeFaults(field: string, type: IcebergTypeJson): string[] {
  try {
    parseIcebergType(type)
    return []
  } catch (error) {
    return [`${field}: ${error instanceof Error ? error.message : String(error)}`]
  }
}
