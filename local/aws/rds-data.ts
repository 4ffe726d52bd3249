import { Client, DatabaseError, type QueryArrayResult } from 'pg'
import { z } from 'zod'
import { positional } from '../../pipeline/source-query.ts'
import { errorCode } from '../engines/error-code.ts'
import { textOnly } from '../source/connection.ts'
import { AwsError, type AwsService, json, notImplemented } from './endpoint.ts'
import type { AwsPlace } from './place.ts'
import { columnMetadata, field, formattedValue, requireSupported, type TextValue } from './rds-data/values.ts'

const value = z.strictObject({
  isNull: z.boolean().optional(),
  booleanValue: z.boolean().optional(),
  longValue: z.number().int().optional(),
  doubleValue: z.number().optional(),
  stringValue: z.string().optional(),
  arrayValue: z.unknown().optional(),
})

const executeStatement = z.strictObject({
  resourceArn: z.string().min(11).max(100),
  secretArn: z.string().min(11).max(100),
  sql: z.string().max(65_536),
  database: z.string().max(64).optional(),
  schema: z.string().optional(),
  parameters: z.array(z.strictObject({ name: z.string(), value })).optional(),
  includeResultMetadata: z.boolean().optional(),
  continueAfterTimeout: z.boolean().optional(),
  formatRecordsAs: z.enum(['NONE', 'JSON']).optional(),
})

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.limitations.html */
const largestAnswer = 1024 * 1024
const callTimeoutMs = 45_000

/** The RDS Data API's ExecuteStatement (REST JSON) for the source's Aurora cluster, which here is the PostgreSQL of the engines. */
export function rdsDataService(place: Pick<AwsPlace, 'engines' | 'secrets'>, { clusterArn }: { readonly clusterArn: string }): AwsService {
  return async ({ method, path, body, authorize }) => {
    if (method !== 'POST' || path !== '/Execute') throw notImplemented('rds-data', `${method} ${path}`)
    const shape = executeStatement.safeParse(JSON.parse(body))
    if (!shape.success) throw new AwsError('ValidationException', z.prettifyError(shape.error))
    const statement = shape.data
    authorize('rds-data:ExecuteStatement', statement.resourceArn)
    authorize('secretsmanager:GetSecretValue', statement.secretArn)
    if (statement.resourceArn !== clusterArn)
      throw new AwsError('DatabaseNotFoundException', `DBCluster ${statement.resourceArn} not found`, 404)
    if (statement.schema !== undefined) throw new AwsError('ValidationException', 'The schema parameter isn’t supported')
    const secret = place.secrets.find(({ arn }) => arn === statement.secretArn)
    const { username, password } = secret?.value ?? {}
    if (!secret) throw new AwsError('SecretsErrorException', `Secrets Manager can't find the secret ${statement.secretArn}`)
    if (username === undefined || password === undefined)
      throw new AwsError('InvalidSecretException', `The secret has no username or no password`)
    return json(await run(place.engines.postgresUrl(), statement, { user: username, password }))
  }
}

type Statement = z.infer<typeof executeStatement>

async function run(postgresUrl: string, statement: Statement, credentials: { user: string; password: string }): Promise<unknown> {
  const url = new URL(postgresUrl)
  url.username = encodeURIComponent(credentials.user)
  url.password = encodeURIComponent(credentials.password)
  if (statement.database !== undefined) url.pathname = `/${encodeURIComponent(statement.database)}`
  const client = new Client({ connectionString: url.href, types: textOnly, query_timeout: callTimeoutMs })
  // A connection lost between two messages is an event of the client; the query reports it.
  client.on('error', () => undefined)
  try {
    await client.connect()
    // Extended: the server itself refuses several statements, as it does the Data API's.
    const query = { ...bound(statement), rowMode: 'array' as const, queryMode: 'extended' }
    return answer(statement, await client.query<TextValue[]>(query))
  } catch (error) {
    throw dataApiError(error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** The statement with its parameters by number, each with the type that the Data API gives it: a string is a text, which PostgreSQL casts to nothing by itself. */
function bound({ sql, parameters = [] }: Statement): { text: string; values: unknown[] } {
  const values = new Map(parameters.map(({ name, value: given }) => [name, parameterValue(name, given)]))
  const { text, names } = numbered(sql, Object.fromEntries(values), (number, name) => `$${number}${values.get(name)?.cast ?? ''}`)
  return { text, values: names.map((name) => values.get(name)?.value) }
}

function numbered(...args: Parameters<typeof positional>): ReturnType<typeof positional> {
  try {
    return positional(...args)
  } catch (error) {
    throw new AwsError('ValidationException', error instanceof Error ? error.message : String(error))
  }
}

function parameterValue(name: string, given: z.infer<typeof value>): { cast: string; value: unknown } {
  if (given.arrayValue !== undefined) throw new AwsError('ValidationException', `Array parameters are not supported (:${name})`)
  if (given.isNull === true) return { cast: '', value: null }
  if (given.booleanValue !== undefined) return { cast: '::boolean', value: given.booleanValue }
  if (given.longValue !== undefined) return { cast: '::bigint', value: given.longValue }
  if (given.doubleValue !== undefined) return { cast: '::double precision', value: given.doubleValue }
  if (given.stringValue !== undefined) return { cast: '::text', value: given.stringValue }
  throw new AwsError('ValidationException', `The parameter :${name} has no value`)
}

function answer(
  { sql, formatRecordsAs, includeResultMetadata }: Statement,
  { fields, rows, rowCount, command }: QueryArrayResult<TextValue[]>,
) {
  requireSupported(fields)
  const body = isSelect(sql) && formatRecordsAs === 'JSON' ? formatted(fields, rows) : plain(fields, rows, includeResultMetadata === true)
  if (JSON.stringify(body).length > largestAnswer)
    throw new AwsError('BadRequestException', 'Database returned more than the allowed response size limit')
  return { ...body, numberOfRecordsUpdated: command === 'SELECT' ? 0 : (rowCount ?? 0), generatedFields: [] }
}

/** `formatRecordsAs` is ignored for anything else. Whether WITH begins a SELECT is not documented: here it does not. */
const isSelect = (sql: string) => /^\s*SELECT\b/i.test(sql)

type Fields = QueryArrayResult<TextValue[]>['fields']

function formatted(fields: Fields, rows: readonly TextValue[][]) {
  const records = rows.map((row) =>
    Object.fromEntries(fields.map((column, index) => [column.name, formattedValue(column, row[index] ?? null)])),
  )
  return { formattedRecords: JSON.stringify(records) }
}

function plain(fields: Fields, rows: readonly TextValue[][], withMetadata: boolean) {
  if (fields.length === 0) return {}
  return {
    records: rows.map((row) => fields.map((column, index) => field(column, row[index] ?? null))),
    ...(withMetadata ? { columnMetadata: fields.map(columnMetadata) } : {}),
  }
}

/** PostgreSQL's errors in the words of the Data API: `ERROR: …; Position: 15; SQLState: 42P01`. */
function dataApiError(error: unknown): unknown {
  if (error instanceof DatabaseError) {
    if (error.message.includes('cannot insert multiple commands'))
      return new AwsError('ValidationException', 'Multistatements aren’t supported')
    const detail = error.detail === undefined ? '' : `\n  Detail: ${error.detail}`
    const position = error.position === undefined ? '' : `; Position: ${error.position}`
    return new AwsError(
      'DatabaseErrorException',
      `${error.severity ?? 'ERROR'}: ${error.message}${detail}${position}; SQLState: ${error.code}`,
    )
  }
  if (errorCode(error) === 'ECONNREFUSED' || (error instanceof Error && /Connection terminated|ECONNRESET/.test(error.message)))
    return new AwsError('DatabaseUnavailableException', 'The writer instance in the DB cluster isn’t available', 504)
  if (error instanceof Error && error.message === 'Query read timeout')
    return new AwsError('StatementTimeoutException', 'Request timed out')
  return error
}
