import type { ClientBase } from 'pg'
import { PipelineError } from '../../pipeline/errors.ts'
import { canaryTable, ownSchema, publication, replicationSlot, signalTable } from '../../pipeline/names.ts'
import {
  alterPublicationStatements,
  createPublicationStatements,
  grantStatements,
  missingRightsQuery,
  ownSchemaStatements,
  publicationQuery,
  publishedTables,
  quoteTable,
  replicaIdentityFullStatement,
  type SourceTable,
  slotQuery,
} from '../../pipeline/source-sql.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { errorCode } from '../engines/error-code.ts'
import { readTables } from './catalog.ts'

/** One thing that is created or changed at the source. */
export interface SourceAction {
  /** For the user, before it happens. */
  readonly sentence: string
  readonly statements: readonly string[]
}

/**
 * What is missing at the source for these tables to be captured, compared with what is there; empty: nothing. `role` is Debezium's, where
 * it is another than the connected one.
 */
export async function wantedActions(client: ClientBase, tables: readonly CapturedTable[], role?: string): Promise<SourceAction[]> {
  const captured = tables.filter((table) => table.capture)
  const current = await readTables(client, captured)
  const own = await readTables(client, [signalTable, canaryTable])
  const actions: SourceAction[] = []
  if (own.length < 2) {
    actions.push({
      sentence: `create the schema ${ownSchema} with the tables ${signalTable.name} and ${canaryTable.name}`,
      statements: ownSchemaStatements(),
    })
  }
  for (const table of current) {
    const declared = captured.find(({ schema, name }) => schema === table.schema && name === table.name)
    if (declared?.replicaIdentity !== 'full' || table.replicaIdentity === 'full') continue
    actions.push({
      sentence: `set the replica identity of ${table.schema}.${table.name} to full, as declared (it was ${table.replicaIdentity})`,
      statements: [replicaIdentityFullStatement(table)],
    })
  }
  actions.push(...(await publicationActions(client, publishedTables(captured))))
  if (role !== undefined) actions.push(...(await grantActions(client, role, publishedTables(captured))))
  return actions
}

async function grantActions(client: ClientBase, role: string, tables: readonly SourceTable[]): Promise<SourceAction[]> {
  const names = JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })))
  const { rows } = await client.query<{ replication: string; rds: string; tables: string }>(missingRightsQuery, [role, names])
  const missing = rows[0]
  if (!missing) throw new PipelineError('SourceNotReady', `The role ${role} does not exist at the source: create it, or name another`)
  if (missing.replication !== 'true' && missing.tables !== 'true') return []
  const statements = grantStatements(role, tables, missing.rds === 'true' ? 'rds' : 'attribute')
  // Who may replicate already needs no administrator to say so again.
  return [
    {
      sentence: `let ${role} replicate and read the captured tables`,
      statements: statements.slice(missing.replication === 'true' ? 0 : 1),
    },
  ]
}

async function publicationActions(client: ClientBase, wanted: readonly SourceTable[]): Promise<SourceAction[]> {
  const { rows } = await client.query<{ tables: string; publishes_everything: string }>(publicationQuery)
  const current = rows[0]
  if (!current) {
    return [
      { sentence: `create the publication ${publication} of ${wanted.length} tables`, statements: createPublicationStatements(wanted) },
    ]
  }
  const published = tableNames(JSON.parse(current.tables))
  const names = new Set(wanted.map(quoteTable))
  const isSame = published.size === names.size && [...names].every((name) => published.has(name))
  if (isSame && current.publishes_everything === 'true') return []
  const added = [...names].filter((name) => !published.has(name))
  const removed = [...published].filter((name) => !names.has(name))
  const parts = [added.length > 0 && `add ${added.join(', ')}`, removed.length > 0 && `take out ${removed.join(', ')}`].filter(
    (part) => part !== false,
  )
  return [
    {
      sentence: `change the publication ${publication}: ${parts.length > 0 ? parts.join('; ') : 'publish every kind of change'}`,
      statements: alterPublicationStatements(wanted),
    },
  ]
}

function tableNames(list: unknown): Set<string> {
  if (!Array.isArray(list)) throw new Error('the publication query answered no list')
  return new Set(list.map(({ schema, name }: SourceTable) => quoteTable({ schema, name })))
}

/**
 * Creates at the source what capturing these tables needs: the schema `cdc`, replica identities where declared, the publication. Compares
 * first: prepared again, nothing happens. `role` is Debezium's, where it is another than the connected one. Announces everything before the first change, the slot included (Debezium creates that one).
 * @throws PipelineError `SourceNotReady`
 */
export async function prepareSource(
  client: ClientBase,
  tables: readonly CapturedTable[],
  { announce, role }: { announce: (sentence: string) => void; role?: string },
): Promise<SourceAction[]> {
  const actions = await wantedActions(client, tables, role)
  for (const { sentence } of actions) announce(sentence)
  const slot = await client.query(slotQuery)
  if (slot.rowCount === 0) announce(`let the connector create the replication slot ${replicationSlot}`)
  if (actions.length === 0) return []
  await client.query('BEGIN')
  try {
    // A table in use by a long transaction is reported, rather than every later query on it made to wait behind this one.
    await client.query("SET LOCAL lock_timeout = '10s'")
    for (const statement of actions.flatMap(({ statements }) => statements)) await client.query(statement)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw new PipelineError('SourceNotReady', preparationFault(error), { cause: error })
  }
  return actions
}

function preparationFault(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (errorCode(error) === '55P03') {
    return 'The source could not be prepared: a transaction held a table for more than 10 s (see pg_stat_activity). Nothing was changed; run this again'
  }
  return `The source could not be prepared: ${message}. Nothing was changed`
}
