import { type DuckDBConnection, type DuckDBResult, StatementType } from '@duckdb/node-api'
import { PipelineError } from '../../pipeline/errors.ts'
import { icebergCatalog } from '../iceberg/catalog.ts'
import type { Lake } from '../iceberg/duckdb.ts'
import { quoteIdentifier } from '../iceberg/iceberg-type.ts'
import { metadataQuery, metadataTables } from './metadata-tables.ts'
import { athenaReferences, type Reference, replaceReferences } from './references.ts'
import { snapshotAt, snapshotOf, type TableHistory, tableHistory } from './table-history.ts'
import { isWord, significant, tokenize, withLowerCaseNames } from './tokens.ts'

export interface QuerySettings {
  readonly lake: Lake
  readonly catalogUri: string
  readonly namespace: string
}

/** Answers Athena's SQL over the Iceberg tables; reads only. */
export interface QuerySession {
  /**
   * Runs one statement (without semicolon) and hands its rows, which stream, to `use`.
   * @throws PipelineError `QueryRefused` for what is not a query, not understood, or names what does not exist
   */
  query<T>(sql: string, use: (result: DuckDBResult) => Promise<T>): Promise<T>
  close(): void
}

/** Opens a session whose default catalog and schema are the table bucket and the namespace. */
export async function openQuerySession(settings: QuerySettings): Promise<QuerySession> {
  const connection = await settings.lake.connect()
  await connection.run(`USE ${quoteIdentifier(settings.lake.catalogName)}.${quoteIdentifier(settings.namespace)}`)
  return {
    async query(sql, use) {
      requireQuery(sql)
      try {
        const rewritten = await rewrite(sql, connection, settings)
        await requireReadOnly(connection, rewritten)
        return await use(await connection.stream(rewritten))
      } catch (error) {
        throw error instanceof PipelineError ? error : await explained(error, settings)
      }
    },
    close: () => connection.closeSync(),
  }
}

/** The statements that begin with these words are queries; the rest is told so before anything of it is looked at. */
function requireQuery(sql: string): void {
  const [first, second] = significant(tokenize(sql))
  const isQuery = isWord(first, 'SELECT', 'WITH', 'VALUES', 'TABLE', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN') || first?.text === '('
  if (isQuery && !(isWord(first, 'EXPLAIN') && isWord(second, 'ANALYZE'))) return
  throw new PipelineError('QueryRefused', `${first?.kind === 'word' ? first.text.toUpperCase() : 'This'} is refused: ${readOnly}`)
}

const readOnly =
  'only queries are answered (SELECT, WITH, VALUES, SHOW, DESCRIBE, EXPLAIN). The Iceberg tables follow the source: change the rows in PostgreSQL'

/** What DuckDB's own parser takes for anything but a query is not run: `WITH … DELETE`, for one. */
async function requireReadOnly(connection: DuckDBConnection, sql: string): Promise<void> {
  const statements = await connection.extractStatements(sql)
  for (let index = 0; index < statements.count; index += 1) {
    const prepared = await statements.prepare(index)
    const isRead = prepared.statementType === StatementType.SELECT || prepared.statementType === StatementType.EXPLAIN
    prepared.destroySync()
    if (!isRead || statements.count > 1) throw new PipelineError('QueryRefused', `This is refused: ${readOnly}`)
  }
}

/** The statement in DuckDB's SQL. */
async function rewrite(sql: string, connection: DuckDBConnection, settings: QuerySettings): Promise<string> {
  const tables = await icebergCatalog(settings.catalogUri).listTables(settings.namespace)
  const statement = withLowerCaseNames(sql, new Set([...tables, settings.namespace, settings.lake.catalogName]))
  const references = athenaReferences(statement)
  const replacements: string[] = []
  for (const reference of references) replacements.push(await replacement(reference, replacements.length, connection, settings))
  return replaceReferences(statement, references, replacements)
}

async function replacement(reference: Reference, index: number, connection: DuckDBConnection, settings: QuerySettings): Promise<string> {
  if (reference.kind === 'zoned-literal') return reference.text
  const { namespace, table, history } = await namedTable(reference.table, settings)
  const name = [settings.lake.catalogName, namespace, table].map(quoteIdentifier).join('.')
  if (reference.kind === 'time-travel') {
    const snapshot =
      reference.by === 'timestamp'
        ? snapshotAt(history, table, await instantOf(reference.expression, connection))
        : snapshotOf(history, table, reference.expression.replace(/^'(.*)'$/s, '$1'))
    // DuckDB takes an alias before AT only, Athena behind it.
    return `(SELECT * FROM ${name} AT (VERSION => ${snapshot}))${reference.aliased ? '' : ` AS ${quoteIdentifier(table)}`}`
  }
  const query = metadataQuery(reference.of, { catalogName: settings.lake.catalogName, namespace, table, history })
  // A table rather than a subquery, so that its name can qualify columns; named anew for each reference of a statement.
  const view = `${table}$${reference.of}${index === 0 ? '' : `#${index}`}`
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${quoteIdentifier(view)} AS ${query}`)
  return `temp.main.${quoteIdentifier(view)}`
}

interface NamedTable {
  readonly namespace: string
  readonly table: string
  readonly history: TableHistory
}

/** The table that one to three parts name. */
async function namedTable(parts: readonly string[], settings: QuerySettings): Promise<NamedTable> {
  const [table = '', namespace = settings.namespace, catalog = settings.lake.catalogName] = parts.toReversed()
  if (catalog !== settings.lake.catalogName) throw otherCatalog(catalog, settings)
  const history = await tableHistory(settings.catalogUri, namespace, table)
  if (!history) throw await unknownTable(table, settings)
  return { namespace, table, history }
}

/** Microseconds since 1970 of an expression without columns; timestamps without a zone are UTC, as in Athena. */
async function instantOf(expression: string, connection: DuckDBConnection): Promise<bigint> {
  try {
    const reader = await connection.runAndReadAll(`SELECT epoch_us(CAST((${expression}) AS TIMESTAMPTZ))`)
    const value = reader.getRows()[0]?.[0]
    if (typeof value === 'bigint') return value
  } catch (error) {
    throw new PipelineError('QueryRefused', `${expression} is not a timestamp to travel to: ${firstLine(error)}`, { cause: error })
  }
  throw new PipelineError('QueryRefused', `${expression} is not a timestamp to travel to`)
}

/** DuckDB's complaint, or a better one where the query names what does not exist. */
async function explained(error: unknown, settings: QuerySettings): Promise<unknown> {
  // What does not parse is reported by the binding, with words of its own before the parser's.
  const message = (error instanceof Error ? error.message : String(error)).replace(/^Failed to extract statements: /, '')
  const table = /Table with name (.+?) does not exist/.exec(message)?.[1]
  if (table !== undefined) return unknownTable(table.toLowerCase(), settings, error)
  const catalog = /Catalog "(.+?)" does not exist/.exec(message)?.[1]
  if (catalog !== undefined) return otherCatalog(catalog, settings, error)
  return /^\w+( \w+)* Error:/.test(message) ? new PipelineError('QueryRefused', message, { cause: error }) : error
}

async function unknownTable(table: string, { catalogUri, namespace }: QuerySettings, cause?: unknown): Promise<PipelineError> {
  const tables = await icebergCatalog(catalogUri).listTables(namespace)
  const known = tables.length === 0 ? 'there is none yet' : tables.toSorted().join(', ')
  const metadata = table.includes('$') ? `; of each, ${metadataTables.map((name) => `$${name}`).join(', ')}` : ''
  return new PipelineError('QueryRefused', `There is no table ${table}. Tables of ${namespace}: ${known}${metadata}`, { cause })
}

function otherCatalog(catalog: string, { lake, namespace }: QuerySettings, cause?: unknown): PipelineError {
  const known = `"${lake.catalogName}"."${namespace}"`
  return new PipelineError('QueryRefused', `There is no catalog "${catalog}" here: the tables are in ${known}`, { cause })
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''
}
