import { ExecuteStatementCommand, type ExecuteStatementResponse, type RDSDataClient } from '@aws-sdk/client-rds-data'
import { PipelineError } from '../../pipeline/errors.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import type { SourceQuery, SourceRow } from '../../pipeline/source-query.ts'
import { isServiceException } from './aws-errors.ts'

/** The source as one of its roles sees it, through the RDS Data API. */
export interface DataApi {
  /** Of a SELECT. */
  readonly query: SourceQuery
  /** Any other statement; answers how many rows it changed. */
  execute(sql: string, parameters?: Readonly<Record<string, string>>): Promise<number>
}

/**
 * The Data API with the user of a secret. It runs one statement a call; its JSON answers are for SELECTs only, and every value of ours is text.
 * @throws PipelineError (from both functions) `SourceUnreachable`, `SourceBusy`, `DataApiDisabled`, `SourceSecretUnusable`, `SourceQueryFailed`
 */
export function dataApi(client: RDSDataClient, { clusterArn, database }: ProvisioningPlan['source'], secretArn: string): DataApi {
  const send = async (sql: string, parameters: Readonly<Record<string, string>>, formatRecordsAs?: 'JSON') => {
    const named = Object.entries(parameters).map(([name, stringValue]) => ({ name, value: { stringValue } }))
    try {
      return await client.send(
        new ExecuteStatementCommand({
          resourceArn: clusterArn,
          secretArn,
          database,
          sql,
          parameters: named,
          formatRecordsAs,
          includeResultMetadata: formatRecordsAs !== undefined,
        }),
      )
    } catch (error) {
      throw sourceError(error, { clusterArn, secretArn, sql })
    }
  }
  return {
    query: async (sql, parameters = {}) => rowsOf(await send(sql, parameters, 'JSON')),
    execute: async (sql, parameters = {}) => (await send(sql, parameters)).numberOfRecordsUpdated ?? 0,
  }
}

/** `formatRecordsAs` is for SELECTs; whether a query that begins with WITH is one is not documented, so either form is read. */
function rowsOf({ formattedRecords, records, columnMetadata = [] }: ExecuteStatementResponse): SourceRow[] {
  const rows: unknown =
    formattedRecords !== undefined
      ? JSON.parse(formattedRecords)
      : records?.map((fields) =>
          Object.fromEntries(fields.map((field, index) => [columnMetadata[index]?.label ?? '', field.isNull ? null : field.stringValue])),
        )
  if (!Array.isArray(rows) || !rows.every(isRow)) {
    throw new Error('the Data API answered something else than rows of texts: cast every column to text')
  }
  return rows
}

function isRow(row: unknown): row is SourceRow {
  return typeof row === 'object' && row !== null && Object.values(row).every((value) => typeof value === 'string' || value === null)
}

/** PostgreSQL's code in a message of the Data API: `ERROR: …; Position: 15; SQLState: 42P01`. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return /SQLState: (\w{5})/.exec(error.message)?.[1] ?? sqlState(error.cause)
}

interface Asked {
  readonly clusterArn: string
  readonly secretArn: string
  readonly sql: string
}

/** Connections lost or refused, deadlocks, and statements cancelled: another try may do. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const transientStates = /^(08...|57...|53300|40001|40P01)$/
const transientNames =
  /^(DatabaseResuming|DatabaseUnavailable|ServiceUnavailableError|InternalServerError|StatementTimeout|ThrottlingException|TooManyRequests)/

function sourceError(error: unknown, { clusterArn, secretArn, sql }: Asked): unknown {
  if (!isServiceException(error)) return error
  const { name } = error
  const message = withoutValues(error.message)
  const state = sqlState(error)
  const named = (as: PipelineError['name'], text: string) => new PipelineError(as, text, { cause: error })
  if (transientNames.test(name) || (state !== undefined && transientStates.test(state)))
    return named('SourceUnreachable', `The source ${clusterArn} cannot answer now: ${name}: ${message}`)
  if (name === 'HttpEndpointNotEnabledException' || message.includes('HttpEndpoint is not enabled')) {
    const command = `aws rds enable-http-endpoint --resource-arn ${clusterArn}`
    return named('DataApiDisabled', `The Data API of ${clusterArn} is off. Turn it on (nothing restarts): ${command}`)
  }
  if (/^(InvalidSecret|SecretsError)/.test(name) || state?.startsWith('28') === true)
    return named('SourceSecretUnusable', `The Data API cannot log in to ${clusterArn} with the secret ${secretArn}: ${message}`)
  if (state === '55P03') {
    const advice = 'A transaction has held a table for more than 10 s (see pg_stat_activity). Nothing was changed by it'
    return named('SourceBusy', `${advice}: ${startOf(sql)}`)
  }
  if (name === 'DatabaseErrorException' || state !== undefined)
    return named('SourceQueryFailed', `PostgreSQL refused “${startOf(sql)}”: ${message}`)
  return error
}

/** Details of PostgreSQL's errors quote rows: `Detail: Key (id)=(1) already exists.` */
function withoutValues(message: string): string {
  return message.replaceAll(/\s*(Detail|Where|Hint):(?:(?!; SQLState:|; Position:)[\s\S])*/g, '')
}

/** Enough of a statement to know it by; its values are parameters. */
function startOf(sql: string): string {
  const line = sql.trim().replaceAll(/\s+/g, ' ')
  return line.length > 120 ? `${line.slice(0, 120)}…` : line
}
