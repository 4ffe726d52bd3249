import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data'
import { mockClient } from 'aws-sdk-client-mock'
import { dataApi } from '../../../handlers/provision/data-api.ts'
import { place } from './asked.ts'
import { serviceException } from './service-exception.ts'

const rdsData = mockClient(RDSDataClient)
beforeEach(() => rdsData.reset())

const { source } = place.plan
const api = dataApi(new RDSDataClient(), source, source.preparationSecret)

test('a query goes with its parameters by name, and comes as rows of texts', async () => {
  rdsData.on(ExecuteStatementCommand).resolves({ formattedRecords: '[{"a":"1","b":null}]', numberOfRecordsUpdated: 0 })
  expect(await api.query('SELECT :x::text AS a', { x: '1' })).toEqual([{ a: '1', b: null }])
  expect(rdsData.commandCalls(ExecuteStatementCommand)[0]?.args[0].input).toEqual({
    resourceArn: 'arn:aws:rds:us-east-1:111122223333:cluster:local',
    secretArn: source.preparationSecret,
    database: source.database,
    sql: 'SELECT :x::text AS a',
    parameters: [{ name: 'x', value: { stringValue: '1' } }],
    formatRecordsAs: 'JSON',
    includeResultMetadata: true,
  })
})

test('an answer in records is read as well: JSON is documented for SELECT only', async () => {
  rdsData.on(ExecuteStatementCommand).resolves({
    records: [[{ stringValue: '1' }, { isNull: true }]],
    columnMetadata: [
      { name: 'a', label: 'a' },
      { name: 'b', label: 'b' },
    ],
  })
  expect(await api.query('WITH w AS (SELECT 1) SELECT a, b FROM w')).toEqual([{ a: '1', b: null }])
})

test('an answer with anything but texts is a bug', async () => {
  rdsData.on(ExecuteStatementCommand).resolves({ formattedRecords: '[{"a":1}]' })
  await expect(api.query('SELECT 1 AS a')).rejects.toThrow('cast every column to text')
})

test.each([
  ['DatabaseResumingException', 'The DB cluster is resuming', 'SourceUnreachable'],
  ['DatabaseUnavailableException', 'The writer instance in the DB cluster isn’t available', 'SourceUnreachable'],
  ['ServiceUnavailableError', '', 'SourceUnreachable'],
  ['StatementTimeoutException', 'Request timed out', 'SourceUnreachable'],
  ['DatabaseErrorException', 'FATAL: sorry, too many clients already; SQLState: 53300', 'SourceUnreachable'],
  ['DatabaseErrorException', 'ERROR: deadlock detected; SQLState: 40P01', 'SourceUnreachable'],
  ['DatabaseErrorException', 'ERROR: canceling statement due to lock timeout; SQLState: 55P03', 'SourceBusy'],
  ['HttpEndpointNotEnabledException', 'HttpEndpoint is not enabled for resource', 'DataApiDisabled'],
  ['BadRequestException', 'HttpEndpoint is not enabled for resource arn:aws:rds:…', 'DataApiDisabled'],
  ['InvalidSecretException', 'The secret has no username', 'SourceSecretUnusable'],
  ['SecretsErrorException', 'Secrets Manager can’t find the specified secret', 'SourceSecretUnusable'],
  ['DatabaseErrorException', 'FATAL: password authentication failed for user "u"; SQLState: 28P01', 'SourceSecretUnusable'],
  ['BadRequestException', 'ERROR: permission denied for table t; SQLState: 42501', 'SourceQueryFailed'],
])('%s: %s is %s', async (name, message, named) => {
  rdsData.on(ExecuteStatementCommand).rejects(serviceException(name, message))
  await expect(api.execute('SELECT 1')).rejects.toMatchObject({ name: named })
})

test('what is not about the source is left to the names of AWS’s errors', async () => {
  const denied = serviceException('AccessDeniedException', 'not authorized to perform: rds-data:ExecuteStatement', 403)
  rdsData.on(ExecuteStatementCommand).rejects(denied)
  await expect(api.execute('SELECT 1')).rejects.toBe(denied)
})

test('a Data API that is off comes with the command that turns it on', async () => {
  rdsData.on(ExecuteStatementCommand).rejects(serviceException('HttpEndpointNotEnabledException', ''))
  await expect(api.query('SELECT 1')).rejects.toThrow(
    'aws rds enable-http-endpoint --resource-arn arn:aws:rds:us-east-1:111122223333:cluster:local',
  )
})

test('the details of PostgreSQL’s errors quote rows, and are left out', async () => {
  const message =
    'ERROR: duplicate key value violates unique constraint "k"\n  Detail: Key (id)=(a secret; really) already exists.; SQLState: 23505'
  rdsData.on(ExecuteStatementCommand).rejects(serviceException('DatabaseErrorException', message))
  await expect(api.execute('INSERT INTO t VALUES (:id)', { id: 'a secret; really' })).rejects.toMatchObject({
    message: 'PostgreSQL refused “INSERT INTO t VALUES (:id)”: ERROR: duplicate key value violates unique constraint "k"; SQLState: 23505',
  })
})
