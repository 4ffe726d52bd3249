import { destroyStack } from '../../../../local/cloudformation/deploy.ts'
import { type AccountFixture, accountFixture, tablesTemplate } from '../fixture.ts'

let fixture: AccountFixture
beforeEach(async () => {
  fixture = await accountFixture()
})
afterEach(() => fixture.close())

const status = { Id: 2, Name: 'status', Required: false, Type: 'string' }
const labels = {
  Id: 3,
  Name: 'labels',
  Required: false,
  Type: { type: 'list', 'element-id': 4, element: 'string', 'element-required': false },
}

test("a table is created in the catalog with the template's schema, identifier fields and required columns", async () => {
  expect(await fixture.deploy({ Tables: tablesTemplate([status, labels]) })).toEqual([
    'Bucket created',
    'Namespace created',
    'Orders created',
  ])
  expect(fixture.rest.tables.get('aurora_cdc.orders')).toMatchObject({
    schema: {
      type: 'struct',
      'identifier-field-ids': [1],
      fields: [
        { id: 1, name: 'order_id', required: true, type: 'int' },
        { id: 2, name: 'status', required: false, type: 'string' },
        { id: 3, name: 'labels', required: false, type: { type: 'list', 'element-id': 4, element: 'string', 'element-required': false } },
      ],
    },
    properties: { 'format-version': '2' },
  })
})

test('a table is never replaced: another schema is refused, worded as CloudFormation does, with what to do', async () => {
  await fixture.deploy({ Tables: tablesTemplate([status]) })
  const before = fixture.rest.tables.get('aurora_cdc.orders')
  await expect(fixture.deploy({ Tables: tablesTemplate([{ ...status, Type: 'int' }]) })).rejects.toMatchObject({
    name: 'DeploymentRefused',
    message: expect.stringMatching(
      /^Tables: Orders: CloudFormation cannot update a stack when a custom-named resource requires replacing\. Rename .*table\/aurora_cdc\.orders.*IcebergMetadata.*"added"/,
    ),
  })
  expect(fixture.rest.tables.get('aurora_cdc.orders')).toBe(before)
  expect(await fixture.deploy({ Tables: tablesTemplate([status]) })).toEqual([
    'Bucket unchanged',
    'Namespace unchanged',
    'Orders unchanged',
  ])
})

test('what S3 Tables can change in place is an update', async () => {
  await fixture.deploy({ Tables: tablesTemplate() })
  expect(
    await fixture.deploy({ Tables: tablesTemplate([], { SnapshotManagement: { Status: 'enabled', MaxSnapshotAgeHours: 240 } }) }),
  ).toContain('Orders updated')
})

test('a retained table survives its removal from the template and the end of its stack, and is not taken over silently', async () => {
  const template = tablesTemplate([status])
  await fixture.deploy({ Tables: template })
  const { Orders, ...others } = template.Resources
  expect(await fixture.deploy({ Tables: { Resources: others } })).toContain('Orders retained')
  expect(fixture.rest.tables.has('aurora_cdc.orders')).toBe(true)
  await expect(fixture.deploy({ Tables: template })).rejects.toThrow('already exists')
  await destroyStack('Tables', fixture.open())
  expect(fixture.rest.tables.has('aurora_cdc.orders')).toBe(true)
  expect(fixture.rest.namespaces.has('aurora_cdc')).toBe(true)
  expect(Orders.DeletionPolicy).toBe('Retain')
})

test('without Retain, tables, namespace and bucket go, in this order', async () => {
  const text = JSON.stringify(tablesTemplate([status])).replaceAll('"Retain"', '"Delete"')
  await fixture.deploy({ Tables: JSON.parse(text) })
  const events: string[] = []
  await destroyStack('Tables', fixture.open(), (event) => events.push('logicalId' in event ? event.logicalId : event.action))
  expect(events).toEqual(['Orders', 'Namespace', 'Bucket', 'destroyed'])
  expect(fixture.rest.tables.size + fixture.rest.namespaces.size).toBe(0)
})

test('a table that a cut-off deployment has already made is taken up, one that nobody recorded is refused', async () => {
  const cut = fixture.open()
  const cutOff = { ...cut, save: async () => (fixture.rest.tables.size > 0 ? Promise.reject(new Error('killed')) : cut.save()) }
  await expect(fixture.deploy({ Tables: tablesTemplate() }, cutOff)).rejects.toThrow('killed')
  expect(fixture.rest.tables.size).toBe(1)
  expect(await fixture.deploy({ Tables: tablesTemplate() })).toContain('Orders created')

  const other = fixture.rest.tables.get('aurora_cdc.orders')
  if (other) fixture.rest.tables.set('aurora_cdc.products', other)
  const template = tablesTemplate()
  const Products = { ...template.Resources.Orders, Properties: { ...template.Resources.Orders.Properties, TableName: 'products' } }
  await expect(fixture.deploy({ Tables: { Resources: { ...template.Resources, Products } } })).rejects.toThrow(
    'The table aurora_cdc.products already exists',
  )
})

test.each<[string, object[], object, string]>([
  ['a property that the type does not have', [], { IcebergMetdata: {} }, 'Unrecognized key: "IcebergMetdata"'],
  ['an upper-case column', [{ ...status, Name: 'Status' }], {}, 'Glue and Athena do not see'],
  ['an upper-case table', [], { TableName: 'Orders' }, 'TableName: lower-case letters'],
  ['a type that Iceberg does not have', [{ ...status, Type: 'varchar' }], {}, 'status: '],
  ['an id that is taken', [{ ...status, Id: 1 }], {}, 'status: its id or name is taken'],
  [
    'a table bucket that is not there',
    [],
    { TableBucketARN: 'arn:aws:s3tables:us-east-1:111122223333:bucket/other' },
    'The specified table bucket does not exist',
  ],
  ['a namespace that is not there', [], { Namespace: 'other' }, 'The specified namespace does not exist'],
])('%s is refused', async (_what, fields, table, message) => {
  await expect(fixture.deploy({ Tables: tablesTemplate(fields, table) })).rejects.toMatchObject({
    name: 'DeploymentRefused',
    message: expect.stringContaining(message),
  })
  expect(fixture.rest.tables.size).toBe(0)
})

test.each<[string, object, number[], string]>([
  ['optional', { Required: false, Type: 'int' }, [1, 2], 'key: an identifier field must be required'],
  ['floating point', { Required: true, Type: 'double' }, [2], 'key: an identifier field cannot be of this type'],
  ['not a field', { Required: true, Type: 'int' }, [3], 'identifier field 3 is not a field'],
])('an identifier field that is %s is refused', async (_what, field, ids, message) => {
  const text = JSON.stringify(tablesTemplate([{ Id: 2, Name: 'key', ...field }])).replace(
    '"IdentifierFieldIds":[1]',
    `"IdentifierFieldIds":${JSON.stringify(ids)}`,
  )
  await expect(fixture.deploy({ Tables: JSON.parse(text) })).rejects.toThrow(message)
})

test('the local catalog is one table bucket', async () => {
  const second = { Resources: { Bucket: { Type: 'AWS::S3Tables::TableBucket', Properties: { TableBucketName: 'second' } } } }
  await expect(fixture.deploy({ Tables: tablesTemplate(), Second: second })).rejects.toThrow(
    'Second: Bucket: the local catalog is one table bucket',
  )
})
