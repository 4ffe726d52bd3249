import { deployAssembly, destroyStack } from '../../../../local/cloudformation/deploy.ts'
import { localDeployment, synthesized } from '../../../lib/synthesized.ts'
import { type AccountFixture, accountFixture, assemblyOf } from '../../../local/cloudformation/fixture.ts'

let fixture: AccountFixture
beforeEach(async () => {
  fixture = await accountFixture()
})
afterEach(() => fixture.close())

const tablesStack = (deployment: object) => ({ CdcS3Tables: synthesized(deployment).CdcS3Tables ?? {} })
const created = tablesStack(localDeployment)
const existing = {
  ...localDeployment,
  tableBucket: { name: 'aurora-cdc-tables', create: false },
  namespace: { create: false },
  tables: { create: false },
}

const taken = tablesStack(existing)

test('what a destroyed deployment left is in the way of the same one, and is taken over by one that says it is there', async () => {
  await fixture.deploy(created)
  const tables = [...fixture.rest.tables.keys()].toSorted()
  await destroyStack('CdcS3Tables', fixture.open())
  expect([...fixture.rest.tables.keys()].toSorted()).toEqual(tables)

  await expect(fixture.deploy(created)).rejects.toThrow(/aurora-cdc-tables already exists/)
  const account = fixture.open()
  await deployAssembly(assemblyOf(taken, fixture.directory), account)
  expect([...fixture.rest.tables.keys()].toSorted()).toEqual(tables)
  expect(account.find('AWS::S3Tables::Table').every(({ deletionPolicy }) => deletionPolicy === 'Retain')).toBe(true)
})

test('a deployment that comes to say so while it is deployed keeps everything', async () => {
  await fixture.deploy(created)
  const tables = [...fixture.rest.tables.keys()].toSorted()
  const events = await fixture.deploy(taken)
  expect(events.filter((event) => event.endsWith(' retained'))).toHaveLength(tables.length + 2)
  expect([...fixture.rest.tables.keys()].toSorted()).toEqual(tables)
})
