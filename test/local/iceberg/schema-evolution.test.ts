import { evolvedSchema, SchemaRefusal } from '../../../local/iceberg/schema-evolution.ts'

const schema = {
  'schema-id': 0,
  'identifier-field-ids': [1],
  fields: [
    { id: 1, name: 'id', required: true, type: 'int' },
    { id: 2, name: 'amount', required: false, type: 'decimal(12, 2)' },
    { id: 3, name: 'tags', required: false, type: { type: 'list', 'element-id': 4, element: 'string', 'element-required': false } },
  ],
} as const

test('columns come last, optional, with ids that no column ever had', () => {
  const change = {
    add: [
      { name: 'a', type: 'list<int>' },
      { name: 'b', type: 'string' },
    ],
  }
  const evolved = evolvedSchema(schema, 9, change)
  expect(evolved.lastColumnId).toBe(12)
  expect(evolved.schema).toEqual({
    ...schema,
    fields: [
      ...schema.fields,
      { id: 10, name: 'a', required: false, type: { type: 'list', 'element-id': 12, element: 'int', 'element-required': false } },
      { id: 11, name: 'b', required: false, type: 'string' },
    ],
  })
})

test.each([
  ['id', 'long'],
  ['amount', 'decimal(14,2)'],
])('%s becomes %s under its id', (widen, to) => {
  const { schema: evolved, lastColumnId } = evolvedSchema(schema, 9, { widen, to })
  expect(lastColumnId).toBe(9)
  expect(evolved.fields).toEqual(schema.fields.map((field) => (field.name === widen ? { ...field, type: to } : field)))
})

test.each([
  [{ add: [{ name: 'id', type: 'int' }] }, 'Cannot add column, name already exists: id'],
  [{ widen: 'gone', to: 'long' }, 'Cannot update missing column: gone'],
  [{ widen: 'id', to: 'string' }, 'Cannot change column type: id'],
  [{ widen: 'amount', to: 'decimal(14,3)' }, 'Cannot change column type: amount'],
  [{ widen: 'amount', to: 'decimal(10,2)' }, 'Cannot change column type: amount'],
  [{ widen: 'tags', to: 'string' }, 'Cannot change column type: tags'],
])('refused: %j', (change, says) => {
  const act = () => evolvedSchema(schema, 9, change)
  expect(act).toThrow(SchemaRefusal)
  expect(act).toThrow(says)
})
