import { cloudFormationSchema, icebergSchema, restSchema, uniqueKeys } from '../../pipeline/iceberg-schema.ts'
import { type CapturedTable, parseTables } from '../../pipeline/tables.ts'

function table(entry: object): CapturedTable {
  const [parsed] = parseTables({ tables: [{ schema: 'public', name: 't', ...entry }] })
  if (!parsed) throw new Error('no table')
  return parsed
}

const twoKeys = table({
  columns: [
    { name: 'Note', type: 'text' },
    { name: 'Region', type: 'integer', nullable: false },
    { name: 'labels', type: 'text[]', iceberg: { type: 'list<string>' } },
    { name: 'id', type: 'bigint', nullable: false },
    { name: 'late', type: 'text', added: true },
    { name: 'gone', type: 'numeric(12,2)', dropped: true },
  ],
  primaryKey: ['id', 'Region'],
})

test('columns have ids from 1 in their order, elements of lists the ids after all columns', () => {
  const { fields } = icebergSchema(twoKeys)
  expect(fields.map(({ id, name }) => [id, name])).toEqual([
    [1, 'note'],
    [2, 'region'],
    [3, 'labels'],
    [4, 'id'],
    [5, 'gone'],
  ])
  expect(fields[2]?.type).toEqual({ type: 'list', 'element-id': 6, element: 'string', 'element-required': false })
})

test('a column added after the creation is not in the schema, one dropped at the source stays', () => {
  const names = icebergSchema(twoKeys).fields.map(({ name }) => name)
  expect(names).not.toContain('late')
  expect(names).toContain('gone')
})

test('a widened column has the type of the creation in the schema', () => {
  const wide = table({
    columns: [
      { name: 'id', type: 'bigint', iceberg: { createdAs: 'int' } },
      { name: 'n', type: 'bigint' },
    ],
    primaryKey: ['id'],
  })
  expect(icebergSchema(wide).fields.map(({ type }) => type)).toEqual(['int', 'long'])
})

test('exactly the key columns are required and identify a row', () => {
  const { fields, identifierFieldIds } = icebergSchema(twoKeys)
  expect(fields.filter(({ required }) => required).map(({ name }) => name)).toEqual(['region', 'id'])
  expect(identifierFieldIds).toEqual([2, 4])
})

test("unique keys are the Iceberg names in the primary key's order", () => {
  expect(uniqueKeys(twoKeys)).toEqual(['id', 'region'])
})

test('a table without a key has no identifier fields, and no column is required', () => {
  const schema = icebergSchema(table({ columns: [{ name: 'a', type: 'text', nullable: false }], primaryKey: [] }))
  expect(schema).toEqual({ fields: [{ id: 1, name: 'a', required: false, type: 'string' }], identifierFieldIds: [] })
  expect(cloudFormationSchema(schema)).not.toHaveProperty('IdentifierFieldIds')
})

test('the forms for CloudFormation and for the REST catalog say the same', () => {
  const schema = icebergSchema(twoKeys)
  const cloudFormation = cloudFormationSchema(schema)
  const rest = restSchema(schema)
  expect(cloudFormation.IdentifierFieldIds).toEqual(rest['identifier-field-ids'])
  expect(
    cloudFormation.SchemaV2FieldList.map(({ Id, Name, Required, Type }) => ({ id: Id, name: Name, required: Required, type: Type })),
  ).toEqual(rest.fields)
})

test('a key column that is not in the creation is refused', () => {
  const broken = { ...twoKeys, columns: twoKeys.columns.map((column) => (column.name === 'id' ? { ...column, added: true } : column)) }
  expect(() => icebergSchema(broken)).toThrow('a column of the primary key is not in the table')
})
