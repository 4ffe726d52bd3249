import type { TableDeclaration } from '../../../pipeline/tables-file.ts'
import { filesBelow } from '../whole-path/throwaway.ts'
import { type OperatedRun, operate, samples } from './operated-run.ts'

const customers: TableDeclaration = {
  schema: 'public',
  name: 'New_customers',
  columns: [
    { name: 'customer', type: 'uuid', nullable: false },
    { name: 'Number', type: 'integer', nullable: false },
    { name: 'name', type: 'text' },
  ],
  primaryKey: ['customer', 'Number'],
}
const empty: TableDeclaration = {
  schema: 'public',
  name: 'empty_one',
  columns: [{ name: 'id', type: 'bigint', nullable: false }],
  primaryKey: ['id'],
}
const keyless: TableDeclaration = {
  schema: 'public',
  name: 'keyless',
  columns: [{ name: 'note', type: 'text' }],
  primaryKey: [],
  replicaIdentity: 'nothing',
}
const quoted = 'public."New_customers"'

let operated: OperatedRun
beforeAll(async () => {
  operated = await operate()
}, 400_000)
afterAll(() => operated?.end(), 300_000)

const atSource = (sql: string) => operated.current.atSource((client) => client.query(sql))
const unequal = async () =>
  (await operated.current.verify()).tables.filter(
    ({ differences, problem }) => problem ?? Object.values(differences).some((count) => count > 0),
  )

test('a table that is added to a pipeline in use is read beside the stream of the others', async () => {
  await atSource(`CREATE TABLE ${quoted} (customer uuid, "Number" int, name text, PRIMARY KEY (customer, "Number"));
    INSERT INTO ${quoted} SELECT md5(n::text)::uuid, n, 'customer ' || n FROM generate_series(1, 3000) AS n;
    CREATE TABLE public.empty_one (id bigint PRIMARY KEY);
    CREATE TABLE public.keyless (note text);
    ALTER TABLE public.keyless REPLICA IDENTITY NOTHING`)
  const before = operated.writer.committed
  // Cut off in the middle twice: what was asked for stays asked for, and is asked for once.
  await operated.redeploy([...samples, customers, empty, keyless], ['Look for tables to snapshot', 'Have Debezium snapshot the tables'])
  for (const name of ['New_customers', 'empty_one']) expect(operated.told).toContain(`asked for a snapshot: public.${name} is new`)
  expect(operated.report.did).not.toContainEqual(expect.stringContaining('asked for a snapshot'))
  const signals = await atSource("SELECT DISTINCT signal_id FROM cdc.snapshots WHERE table_name IN ('New_customers', 'empty_one')")
  expect(signals.rows).toHaveLength(1)
  expect(operated.report.rows).toMatchObject({ new_customers: '3000', empty_one: '0', keyless: '0' })
  expect(operated.entered).toContain('Have Debezium snapshot the tables')
  // What happens to it from now on is streamed.
  await atSource(`INSERT INTO ${quoted} VALUES (md5('new')::uuid, 0, 'another'); INSERT INTO public.empty_one VALUES (1); INSERT INTO public.keyless VALUES ('x');
    UPDATE ${quoted} SET name = NULL WHERE "Number" < 10; DELETE FROM ${quoted} WHERE "Number" > 2990`)
  expect(operated.writer.committed).toBeGreaterThan(before + 20)
  expect(await unequal()).toEqual([])
}, 400_000)

test('an execution with nothing new says so, and goes around the snapshot', async () => {
  expect(await operated.execute({})).toMatchObject({ status: 'SUCCEEDED' })
  expect(operated.entered).toContain('Is any table to be snapshotted?')
  expect(operated.entered).not.toContain('Have Debezium snapshot the tables')
}, 200_000)

test('every row arrived, and no record failed', async () => {
  await operated.writer.stop()
  expect(await unequal()).toEqual([])
  expect(filesBelow(operated.current.run.paths.buckets).filter((file) => !file.endsWith('.csv'))).toEqual([])
}, 300_000)
