import { AthenaClient, GetQueryExecutionCommand, StartQueryExecutionCommand } from '@aws-sdk/client-athena'
import { GetTableCommand, GlueClient } from '@aws-sdk/client-glue'
import { mockClient } from 'aws-sdk-client-mock'
import { checkColumns } from '../../../handlers/provision/check-columns.ts'
import { type AlteringAnswer, ensureColumns } from '../../../handlers/provision/ensure-columns.ts'
import { capturedTables, parseTables } from '../../../pipeline/tables.ts'
import { asked, place as local } from './asked.ts'

const athena = mockClient(AthenaClient)
const glue = mockClient(GlueClient)

const table = (name: string, ...columns: object[]) => ({
  schema: 'public',
  name,
  columns: [{ name: 'id', type: 'int' }, ...columns],
  primaryKey: ['id'],
})
const tables = [
  table('plain', { name: 'note', type: 'text' }),
  table('grown', { name: 'late', type: 'text', added: true }, { name: 'n', type: 'bigint', iceberg: { createdAs: 'int' } }),
]
const place = { ...local, plan: { ...local.plan, tables: capturedTables(parseTables({ tables })) } }

/** What Glue has of the table, and Athena's answer to the statements in order; those that succeed change it. */
let current: Map<string, string>
let statements: { sql: string; token: string }[]
let outcome: (sql: string) => 'SUCCEEDED' | 'RUNNING' | { reason: string; retryable?: boolean }
let isVisible: boolean

function change(sql: string): void {
  const [, name, type] = /(?:ADD COLUMNS \(|CHANGE COLUMN `n` )`(\w+)` (\w+)/.exec(sql) ?? []
  current.set(name ?? '', type ?? '')
}

beforeEach(() => {
  current = new Map([
    ['id', 'int'],
    ['n', 'int'],
  ])
  statements = []
  isVisible = true
  outcome = () => 'SUCCEEDED'
  glue.reset()
  athena.reset()
  glue.on(GetTableCommand).callsFake(() => ({
    Table: {
      StorageDescriptor: {
        Columns: [
          ...[...current].map(([Name, Type]) => ({ Name, Type, Parameters: { 'iceberg.field.current': 'true' } })),
          // A column of a former schema is no column.
          { Name: 'late', Type: 'string', Parameters: { 'iceberg.field.current': 'false' } },
        ].filter(({ Name }, index, all) => index < all.length - 1 || !current.has(Name)),
      },
    },
  }))
  athena
    .on(StartQueryExecutionCommand)
    .callsFake(({ QueryString: sql, ClientRequestToken: token }: { QueryString: string; ClientRequestToken: string }) => {
      const known = statements.findIndex((one) => one.token === token)
      if (known === -1) statements.push({ sql, token })
      return { QueryExecutionId: String(known === -1 ? statements.length - 1 : known) }
    })
  athena.on(GetQueryExecutionCommand).callsFake(({ QueryExecutionId }: { QueryExecutionId: string }) => {
    const sql = statements[Number(QueryExecutionId)]?.sql ?? ''
    const ended = outcome(sql)
    if (ended === 'SUCCEEDED' && isVisible) change(sql)
    if (typeof ended === 'string') return { QueryExecution: { Status: { State: ended } } }
    const AthenaError = { Retryable: ended.retryable === true }
    return { QueryExecution: { Status: { State: 'FAILED', StateChangeReason: ended.reason, AthenaError } } }
  })
})

const slowly = () => {
  let time = place.now().getTime()
  return { ...place, now: () => new Date((time += 4000)) }
}
const ask = (previous: AlteringAnswer | null = null, at = place) => ensureColumns(asked(previous), at)

test('only tables with columns that came later or were widened are looked at', async () => {
  expect(await checkColumns(asked(), local)).toMatchObject({ pending: false, already: ['every Iceberg table has the declared columns'] })
  expect(glue.calls()).toEqual([])
  expect(await checkColumns(asked(), place)).toMatchObject({
    pending: true,
    already: [],
    seen: 'the columns of Iceberg tables need 2 changes',
  })
  expect(glue.commandCalls(GetTableCommand).map(({ args: [{ input }] }) => input)).toEqual([
    { CatalogId: '111122223333:s3tablescatalog/aurora-cdc-tables', DatabaseName: 'aurora_cdc', Name: 'grown' },
  ])
})

test('columns are added and widened, each by a statement in the catalog of the bucket', async () => {
  expect(await ask()).toMatchObject({
    ready: true,
    did: ['added public.grown.late (string)', 'widened public.grown.n from int to bigint'],
  })
  expect(statements.map(({ sql }) => sql)).toEqual([
    'ALTER TABLE `grown` ADD COLUMNS (`late` string)',
    'ALTER TABLE `grown` CHANGE COLUMN `n` `n` bigint',
  ])
  expect(athena.commandCalls(StartQueryExecutionCommand)[0]?.args[0].input).toMatchObject({
    QueryExecutionContext: { Catalog: 's3tablescatalog/aurora-cdc-tables', Database: 'aurora_cdc' },
    WorkGroup: 'aurora-cdc-checks',
  })
  expect(await checkColumns(asked(), place)).toMatchObject({ pending: false })
  expect(await ask()).toMatchObject({ ready: true, did: [] })
  expect(statements).toHaveLength(2)
})

test('a statement that still runs is joined by the next call, and so it is after a kill', async () => {
  outcome = () => 'RUNNING'
  const first = await ask(null, slowly())
  expect(first).toMatchObject({ ready: false, seen: expect.stringContaining('is RUNNING') })
  // Killed before it answered: the same question again.
  await ask(null, slowly())
  expect(statements).toHaveLength(1)
  outcome = () => 'SUCCEEDED'
  expect(await ask(first)).toMatchObject({
    ready: true,
    did: ['added public.grown.late (string)', 'widened public.grown.n from int to bigint'],
  })
  expect(statements).toHaveLength(2)
})

test('what another execution did in between is not a failure, and not told as done', async () => {
  outcome = (sql) => {
    change(sql)
    return { reason: 'FAILED: Cannot add column, name already exists' }
  }
  expect(await ask()).toMatchObject({ ready: true, did: [] })
})

test('a statement that fails ends it with the reason; one that lost against another commit is made again', async () => {
  outcome = () => ({ reason: 'FAILED: SemanticException' })
  await expect(ask()).rejects.toMatchObject({ name: 'QueryFailed', message: expect.stringContaining('SemanticException') })
  outcome = () => ({ reason: 'ICEBERG_COMMIT_ERROR: concurrent update' })
  const first = await ask()
  expect(first).toMatchObject({ ready: false, attempts: 2 })
  outcome = () => 'SUCCEEDED'
  expect(await ask(first)).toMatchObject({ ready: true })
  expect(new Set(statements.map(({ token }) => token)).size).toBe(3)
})

test('a column is waited for until Glue shows it, and is not added twice', async () => {
  isVisible = false
  const first = await ask()
  expect(first).toMatchObject({ ready: false, seen: expect.stringContaining('Glue does not show yet') })
  isVisible = true
  expect(await ask(first)).toMatchObject({
    ready: true,
    did: ['added public.grown.late (string)', 'widened public.grown.n from int to bigint'],
  })
  expect(statements).toHaveLength(2)
})

test('a table that is not there is told, and so is everything that cannot be followed', async () => {
  current = new Map([
    ['id', 'int'],
    ['n', 'string'],
    ['late', 'int'],
  ])
  await expect(checkColumns(asked(), place)).rejects.toMatchObject({
    name: 'ColumnsImpossible',
    message: expect.stringMatching(/grown\.late is int, which cannot become string[\s\S]*grown\.n is string, which cannot become bigint/),
  })
  const error = Object.assign(new Error('Entity Not Found'), { name: 'EntityNotFoundException', $fault: 'client', $metadata: {} })
  glue.on(GetTableCommand).rejects(error)
  await expect(checkColumns(asked(), place)).rejects.toMatchObject({
    name: 'ColumnsImpossible',
    message: expect.stringContaining('The Iceberg table aurora_cdc.grown is not there'),
  })
})
