import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { requireAlterable, requireReadable, requireRemovable } from './athena/access.ts'
import { isAlteration, parseAlteration, runAlteration } from './athena/alter.ts'
import { runDelete, runQuery } from './athena/run.ts'
import { AwsError, type AwsRequest, type AwsService, json, notImplemented } from './endpoint.ts'
import type { AwsPlace } from './place.ts'
import { parseBody } from './request-body.ts'

const startShape = z.strictObject({
  QueryString: z.string().min(1).max(262_144),
  ClientRequestToken: z.string().min(32).max(128).optional(),
  QueryExecutionContext: z.strictObject({ Catalog: z.string().optional(), Database: z.string().optional() }).optional(),
  ResultConfiguration: z.strictObject({ OutputLocation: z.string() }).optional(),
  WorkGroup: z.string().default('primary'),
})
const idShape = z.strictObject({ QueryExecutionId: z.string() })
const resultsShape = idShape.extend({ MaxResults: z.int().min(1).max(1000).default(1000), NextToken: z.string().optional() })

const executionShape = z.object({
  id: z.string(),
  token: z.string().optional(),
  sql: z.string(),
  workgroup: z.string(),
  catalog: z.string(),
  database: z.string(),
  output: z.string(),
  submittedAt: z.number(),
  outcome: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('rows'), columns: z.array(z.string()), at: z.number() }),
      z.object({ kind: z.literal('failure'), reason: z.string(), retryable: z.boolean(), at: z.number() }),
    ])
    .optional(),
})
const stateShape = z.object({ executions: z.array(executionShape) })

type Execution = z.output<typeof executionShape>

/** A query waits and runs at least so long (seconds at AWS). */
const queuedSeconds = 0.5
const fastestSeconds = 2

/** Queries that are remembered; Athena keeps them for 45 days. */
const remembered = 200

/** Athena's queries (JSON 1.1) over the Iceberg tables, answered by DuckDB. Results are kept where the workgroup says. */
export function athenaService(place: AwsPlace): AwsService {
  const state = place.account.state('athena', stateShape, { executions: [] })
  // A query of a process that ended is not going on.
  const running = new Set<string>()

  const start = async (request: AwsRequest): Promise<object> => {
    const wanted = parseBody(startShape, request.body, 'InvalidRequestException')
    request.authorize('athena:StartQueryExecution', workgroupArn(place, wanted.WorkGroup))
    const { Catalog = 'AwsDataCatalog', Database = 'default' } = wanted.QueryExecutionContext ?? {}
    const output = wanted.ResultConfiguration?.OutputLocation ?? outputLocation(place, wanted.WorkGroup)
    const [, bucket = ''] = /^s3:\/\/([^/]+)/.exec(output) ?? []
    request.authorize('s3:GetBucketLocation', `arn:${place.account.partition}:s3:::${bucket}`)
    const token = wanted.ClientRequestToken
    const known = token === undefined ? undefined : state.get().executions.find((execution) => execution.token === token)
    if (known) {
      if (known.sql !== wanted.QueryString) throw new AwsError('InvalidRequestException', 'Idempotent parameters do not match')
      return { QueryExecutionId: known.id }
    }
    const execution: Execution = {
      id: randomUUID(),
      ...(token === undefined ? {} : { token }),
      sql: wanted.QueryString,
      workgroup: wanted.WorkGroup,
      catalog: Catalog,
      database: Database,
      output,
      submittedAt: place.now(),
    }
    running.add(execution.id)
    await state.set({ executions: [...state.get().executions.slice(1 - remembered), execution] })
    void finish(request, execution)
    return { QueryExecutionId: execution.id }
  }

  const finish = async (request: AwsRequest, execution: Execution): Promise<void> => {
    const outcome = await outcomeOf(place, request, execution)
    const executions = state.get().executions.map((other) => (other.id === execution.id ? { ...other, outcome } : other))
    running.delete(execution.id)
    await state.set({ executions })
  }

  const find = ({ body, authorize }: AwsRequest, action: string, shape: typeof idShape | typeof resultsShape): Execution => {
    const { QueryExecutionId } = parseBody(shape, body, 'InvalidRequestException')
    const execution = state.get().executions.find(({ id }) => id === QueryExecutionId)
    authorize(action, workgroupArn(place, execution?.workgroup ?? '*'))
    if (!execution) throw new AwsError('InvalidRequestException', `QueryExecution ${QueryExecutionId} was not found`)
    return execution
  }

  return async (request) => {
    if (request.operation === 'StartQueryExecution') return json(await start(request))
    if (request.operation === 'GetQueryExecution')
      return json({ QueryExecution: described(place, find(request, 'athena:GetQueryExecution', idShape), running) })
    if (request.operation === 'GetQueryResults')
      return json(results(place, request, find(request, 'athena:GetQueryResults', resultsShape), running))
    throw notImplemented('athena', request.operation ?? 'a request without an operation')
  }
}

async function outcomeOf(place: AwsPlace, request: AwsRequest, execution: Execution): Promise<Execution['outcome']> {
  try {
    const { columns, rows } = await resultOf(place, request, execution)
    const file = `${execution.output.replace(/\/$/, '')}/${execution.id}.csv`
    request.authorize('s3:PutObject', file.replace('s3://', `arn:${place.account.partition}:s3:::`))
    const path = resultFile(place, execution)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, [columns, ...rows].map((row) => `${row.map(csvValue).join(',')}\n`).join(''))
    return { kind: 'rows', columns, at: place.now() }
  } catch (error) {
    const isOurs = error instanceof AwsError
    const reason = error instanceof Error ? error.message : String(error)
    // A user's error is a mistake in the query or a missing right; anything else is the engine's.
    return {
      kind: 'failure',
      reason,
      retryable: !isOurs && !/^(QueryRefused|PipelineError)$/.test(error instanceof Error ? error.name : ''),
      at: place.now(),
    }
  }
}

async function resultOf(place: AwsPlace, request: AwsRequest, execution: Execution): ReturnType<typeof runQuery> {
  await requireReadable(place, request, execution)
  if (isAlteration(execution.sql)) {
    const alteration = parseAlteration(execution.sql)
    await requireAlterable(place, request, { ...execution, table: alteration.table })
    return runAlteration(place.account.catalog, execution.database, alteration)
  }
  const isDelete = /^\s*DELETE\b/i.test(execution.sql)
  if (isDelete) await requireRemovable(place, request, execution)
  return (isDelete ? runDelete : runQuery)(place.engines.catalogUri(), execution)
}

function resultFile({ account }: AwsPlace, { output, id }: Execution): string {
  return join(account.bucketsDirectory, `${output.replace(/\/$/, '').slice('s3://'.length)}/${id}.csv`)
}

/** Lines of the result's file, as this stand-in writes them: null is nothing, every other value is in quotes. */
function csvRows(text: string): (string | null)[][] {
  const rows: (string | null)[][] = [[]]
  const value = /(?:"((?:[^"]|"")*)")?(,|\n)/gy
  for (const [, quoted, end] of text.matchAll(value)) {
    rows.at(-1)?.push(quoted === undefined ? null : quoted.replaceAll('""', '"'))
    if (end === '\n') rows.push([])
  }
  return rows.slice(0, -1)
}

const csvValue = (value: string | null) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)

/** Derived from its times. */
function stateOf({ now, timeScale }: AwsPlace, { submittedAt, outcome, id }: Execution, running: ReadonlySet<string>) {
  const seconds = (now() - submittedAt) / 1000 / timeScale
  if (!outcome && !running.has(id)) return 'FAILED'
  if (seconds < queuedSeconds) return 'QUEUED'
  if (!outcome || seconds < fastestSeconds) return 'RUNNING'
  return outcome.kind === 'rows' ? 'SUCCEEDED' : 'FAILED'
}

function described(place: AwsPlace, execution: Execution, running: ReadonlySet<string>): object {
  const { id, sql, catalog, database, workgroup, output, submittedAt, outcome } = execution
  const state = stateOf(place, execution, running)
  const failure =
    state !== 'FAILED' ? undefined : outcome?.kind === 'failure' ? outcome : { reason: 'The query engine was stopped', retryable: true }
  return {
    QueryExecutionId: id,
    Query: sql,
    StatementType: isAlteration(sql) ? 'DDL' : 'DML',
    QueryExecutionContext: { Catalog: catalog, Database: database },
    WorkGroup: workgroup,
    ResultConfiguration: { OutputLocation: `${output.replace(/\/$/, '')}/${id}.csv` },
    Status: {
      State: state,
      SubmissionDateTime: submittedAt / 1000,
      ...(outcome && state !== 'RUNNING' && state !== 'QUEUED' ? { CompletionDateTime: outcome.at / 1000 } : {}),
      ...(failure && {
        StateChangeReason: failure.reason,
        AthenaError: {
          ErrorCategory: failure.retryable ? 1 : 2,
          ErrorType: failure.retryable ? 233 : 1001,
          Retryable: failure.retryable,
          ErrorMessage: failure.reason,
        },
      }),
    },
    Statistics: {},
  }
}

/** A page of the result; the first row of the first page is the header. */
function results(place: AwsPlace, { body, authorize }: AwsRequest, execution: Execution, running: ReadonlySet<string>): object {
  const { MaxResults, NextToken = '0' } = parseBody(resultsShape, body, 'InvalidRequestException')
  const { id, outcome, output } = execution
  const state = stateOf(place, execution, running)
  if (state !== 'SUCCEEDED' || outcome?.kind !== 'rows')
    throw new AwsError('InvalidRequestException', `Query did not finish successfully. Final query state: ${state}`)
  authorize('s3:GetObject', `arn:${place.account.partition}:s3:::${output.replace(/^s3:\/\/|\/$/g, '')}/${id}.csv`)
  const all = csvRows(readFileSync(resultFile(place, execution), 'utf8'))
  const from = Number(NextToken)
  return {
    ResultSet: {
      Rows: all
        .slice(from, from + MaxResults)
        .map((row) => ({ Data: row.map((value) => (value === null ? {} : { VarCharValue: value })) })),
      ResultSetMetadata: { ColumnInfo: outcome.columns.map((Name) => ({ Name, Type: 'varchar' })) },
    },
    UpdateCount: 0,
    ...(from + MaxResults < all.length ? { NextToken: String(from + MaxResults) } : {}),
  }
}

function workgroupArn({ account }: AwsPlace, workgroup: string): string {
  return account.arn('athena', `workgroup/${workgroup}`)
}

const workgroupShape = z.object({
  WorkGroupConfiguration: z.object({ ResultConfiguration: z.object({ OutputLocation: z.string().optional() }).optional() }).optional(),
})

function outputLocation({ account }: AwsPlace, name: string): string {
  const workgroup = account.find('AWS::Athena::WorkGroup').find(({ physicalId }) => physicalId === name)
  if (!workgroup) throw new AwsError('InvalidRequestException', `WorkGroup ${name} is not found.`)
  const location = workgroupShape.parse(workgroup.properties).WorkGroupConfiguration?.ResultConfiguration?.OutputLocation
  if (location !== undefined) return location
  throw new AwsError(
    'InvalidRequestException',
    'No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.',
  )
}
