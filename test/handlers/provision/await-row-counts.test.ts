import { AthenaClient, GetQueryExecutionCommand, GetQueryResultsCommand, StartQueryExecutionCommand } from '@aws-sdk/client-athena'
import { mockClient } from 'aws-sdk-client-mock'
import { awaitRowCounts, countedGroups, type RowCounts } from '../../../handlers/provision/await-row-counts.ts'
import { capturedTables, parseTables } from '../../../pipeline/tables.ts'
import { asked, minutesAgo, place } from './asked.ts'

const athena = mockClient(AthenaClient)
beforeEach(() => {
  athena.reset()
  athena
    .on(StartQueryExecutionCommand)
    .callsFake(({ ClientRequestToken }: { ClientRequestToken: string }) => ({ QueryExecutionId: ClientRequestToken }))
})

/** In the answer's real shape, the header first. */
const resultSet = (...rows: [string, string][]) => ({
  ResultSet: {
    Rows: [['name', 'count'], ...rows].map((row) => ({ Data: row.map((VarCharValue) => ({ VarCharValue })) })),
    ResultSetMetadata: { ColumnInfo: [{ Name: 'name', Type: 'varchar' }] },
  },
  UpdateCount: 0,
})
const status = (State: 'QUEUED' | 'SUCCEEDED' | 'FAILED', more: object = {}) => ({ QueryExecution: { Status: { State, ...more } } })

/** A clock on which every look takes four seconds. */
function slowly() {
  let time = place.now().getTime()
  return { ...place, now: () => new Date((time += 4000)) }
}

test('rows come by table', async () => {
  athena.on(GetQueryExecutionCommand).resolves(status('SUCCEEDED'))
  athena.on(GetQueryResultsCommand).resolves(resultSet(['orders', '7'], ['products', '12345678901234567890']))
  expect(await awaitRowCounts(asked(), place)).toMatchObject({
    ready: true,
    seen: 'rows: orders 7, products 12345678901234567890',
    rows: { orders: '7', products: '12345678901234567890' },
  })
  const [call] = athena.commandCalls(StartQueryExecutionCommand)
  expect(call?.args[0].input).toEqual({
    QueryString: expect.stringMatching(
      /^SELECT 'orders' AS name, count\(\*\) AS count FROM "s3tablescatalog\/.*\nUNION ALL\nSELECT 'products'[^\n]*$/,
    ),
    QueryExecutionContext: { Catalog: 's3tablescatalog/aurora-cdc-tables', Database: 'aurora_cdc' },
    WorkGroup: 'aurora-cdc-checks',
    ClientRequestToken: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
})

test('a query that still runs is joined by the next look; a redrive, or a failure of Athena’s own, asks anew', async () => {
  athena.on(GetQueryExecutionCommand).resolves(status('QUEUED'))
  const first = await awaitRowCounts(asked(), slowly())
  expect(first).toMatchObject({ ready: false, rows: {}, attempt: 1, seen: expect.stringContaining('is QUEUED') })
  athena
    .on(GetQueryExecutionCommand)
    .resolves(status('FAILED', { StateChangeReason: 'no capacity', AthenaError: { ErrorCategory: 1, Retryable: true } }))
  const second = await awaitRowCounts(asked(first), slowly())
  expect(second).toMatchObject({ ready: false, attempt: 2, seen: expect.stringContaining('no capacity') })
  await awaitRowCounts(asked(second), slowly())
  const redriven = { ...asked<RowCounts>(), execution: { ...asked().execution, RedriveTime: minutesAgo(1).toISOString() } }
  await awaitRowCounts(redriven, slowly())
  const tokens = athena.commandCalls(StartQueryExecutionCommand).map(({ args: [{ input }] }) => input.ClientRequestToken)
  expect(tokens[1]).toBe(tokens[0])
  expect(new Set(tokens).size).toBe(3)
})

test('a query that fails by itself is an error with Athena’s reason', async () => {
  const reason = 'TABLE_NOT_FOUND: line 1:1'
  athena
    .on(GetQueryExecutionCommand)
    .resolves(status('FAILED', { StateChangeReason: reason, AthenaError: { ErrorCategory: 2, Retryable: false } }))
  await expect(awaitRowCounts(asked(), place)).rejects.toMatchObject({ name: 'QueryFailed', message: expect.stringContaining(reason) })
})

test('400 tables are counted by queries of 50, and the answer stays small', async () => {
  const declared = Array.from({ length: 400 }, (_, index) => ({
    schema: 'public',
    name: `a_table_of_a_deployment_${index}`,
    columns: [{ name: 'id', type: 'integer' }],
    primaryKey: ['id'],
  }))
  const tables = capturedTables(parseTables({ tables: declared }))
  expect(countedGroups(tables).map((group) => group.length)).toEqual(Array.from({ length: 8 }, () => 50))
  athena.on(GetQueryExecutionCommand).resolves(status('SUCCEEDED'))
  athena.on(GetQueryResultsCommand).callsFake(({ QueryExecutionId }: { QueryExecutionId: string }) => {
    const sql = String(
      athena.commandCalls(StartQueryExecutionCommand).find(({ args: [{ input }] }) => input.ClientRequestToken === QueryExecutionId)
        ?.args[0].input.QueryString,
    )
    return resultSet(...[...sql.matchAll(/SELECT '(\w+)'/g)].map(([, name = '']): [string, string] => [name, '1000000']))
  })
  const answer = await awaitRowCounts(asked(), { ...place, plan: { ...place.plan, tables } })
  expect(Object.keys(answer.rows)).toHaveLength(400)
  expect(JSON.stringify(answer).length).toBeLessThan(40_000)
  for (const {
    args: [{ input }],
  } of athena.commandCalls(StartQueryExecutionCommand))
    expect(input.QueryString?.length).toBeLessThan(262_144)
})
