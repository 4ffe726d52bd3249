import { ExecuteStatementCommand, type ExecuteStatementRequest, RDSDataClient } from '@aws-sdk/client-rds-data'
import { dataApi } from '../../../handlers/provision/data-api.ts'
import { type DataApiSource, startDataApiSource } from './data-api-source.ts'

let source: DataApiSource
let client: RDSDataClient
beforeAll(async () => {
  source = await startDataApiSource()
  client = new RDSDataClient({ maxAttempts: 1 })
}, 60_000)
afterAll(() => source.stop())

const execute = (sql: string, more: Partial<ExecuteStatementRequest> = {}) =>
  client.send(new ExecuteStatementCommand({ resourceArn: source.clusterArn, secretArn: source.secretArn, database: 'app', sql, ...more }))

test('a SELECT is answered as JSON, or as records with what their columns are', async () => {
  expect(await execute("SELECT 'a' AS t, 1 AS n, NULL::text AS x, true AS b", { formatRecordsAs: 'JSON' })).toMatchObject({
    formattedRecords: '[{"t":"a","n":1,"x":null,"b":true}]',
    numberOfRecordsUpdated: 0,
  })
  expect(await execute("SELECT 'a' AS t, 1 AS n, NULL::text AS x", { includeResultMetadata: true })).toMatchObject({
    records: [[{ stringValue: 'a' }, { longValue: 1 }, { isNull: true }]],
    columnMetadata: [
      { name: 't', typeName: 'text' },
      { name: 'n', typeName: 'int4' },
      { name: 'x', typeName: 'text' },
    ],
  })
})

test('parameters go by name, and a string is a text that PostgreSQL casts to nothing by itself', async () => {
  const parameters = [{ name: 'id', value: { stringValue: '7' } }]
  expect(await execute(`SELECT :id::int AS n, ':id' AS "a:id", 'x'::text AS t`, { parameters, formatRecordsAs: 'JSON' })).toMatchObject({
    formattedRecords: '[{"n":7,"a:id":":id","t":"x"}]',
  })
  await expect(execute('SELECT 1 FROM pg_class WHERE relnatts = :id', { parameters })).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: expect.stringMatching(/^ERROR: operator does not exist: smallint = text\n? ?.*; Position: \d+; SQLState: 42883$/s),
  })
  await expect(execute('SELECT :other::int')).rejects.toMatchObject({ name: 'ValidationException' })
})

test.each([
  ['several statements', 'SELECT 1; SELECT 2', {}, 'ValidationException'],
  ['a schema', 'SELECT 1', { schema: 'public' }, 'ValidationException'],
  ['an array', 'SELECT :a', { parameters: [{ name: 'a', value: { arrayValue: { stringValues: ['a'] } } }] }, 'ValidationException'],
  ['an LSN', 'SELECT pg_current_wal_lsn()', {}, 'UnsupportedResultException'],
  ['a name', 'SELECT current_user', {}, 'UnsupportedResultException'],
  ['a regclass', "SELECT 'pg_class'::regclass", {}, 'UnsupportedResultException'],
  ['a large answer', "SELECT repeat('x', 1048576)", {}, 'BadRequestException'],
  ['another cluster', 'SELECT 1', { resourceArn: 'arn:aws:rds:us-east-1:111122223333:cluster:other' }, 'DatabaseNotFoundException'],
  ['an unknown secret', 'SELECT 1', { secretArn: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:none' }, 'SecretsErrorException'],
])('%s is refused', async (_what, sql, more, name) => {
  await expect(execute(sql, more)).rejects.toMatchObject({ name })
})

test('the message of a violated constraint comes without the row’s values', async () => {
  await source.client.query('CREATE TABLE public.keyed (id text PRIMARY KEY)')
  const api = dataApi(client, source.place([]).plan.source, source.secretArn)
  expect(await api.execute("INSERT INTO public.keyed VALUES ('secret value')")).toBe(1)
  await expect(api.execute('INSERT INTO public.keyed VALUES (:id)', { id: 'secret value' })).rejects.toMatchObject({
    name: 'SourceQueryFailed',
    message:
      'PostgreSQL refused “INSERT INTO public.keyed VALUES (:id)”: ERROR: duplicate key value violates unique constraint "keyed_pkey"; SQLState: 23505',
  })
})
