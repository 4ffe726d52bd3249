import { PipelineError } from './errors.ts'
import { ownSchema, publication } from './names.ts'
import { type CatalogTable, readTables, tableNames } from './source-catalog.ts'
import { type SourceQuery, textOf } from './source-query.ts'
import {
  alterPublicationStatements,
  createPublicationStatements,
  grantStatements,
  missingRightsQuery,
  ownSchemaStatements,
  ownTables,
  publicationQuery,
  publishedTables,
  quoteTable,
  replicaIdentityFullStatement,
  type SourceTable,
} from './source-sql.ts'
import type { CapturedTable } from './tables.ts'

/** One thing that is created or changed at the source, whole or not at all. */
export interface SourceAction {
  /** For the user, before it happens: `create the publication …`. */
  readonly sentence: string
  /** For the user, once it has happened: `created the publication …`. */
  readonly done: string
  readonly statements: readonly string[]
}

export interface SourcePreparation {
  /** What is missing; empty: nothing. */
  readonly actions: readonly SourceAction[]
  /** What is as wanted, each a sentence. */
  readonly already: readonly string[]
}

/** Debezium's role, and what it is given: all that it needs, or no more than its rights on the pipeline's own tables. */
export interface GrantedRole {
  readonly role: string
  readonly on: 'everything' | 'own schema'
}

/** What is missing at the source for these tables to be captured, compared with what is there. */
export async function sourcePreparation(
  query: SourceQuery,
  tables: readonly CapturedTable[],
  granted?: GrantedRole,
): Promise<SourcePreparation> {
  const captured = tables.filter((table) => table.capture)
  const wanted = publishedTables(captured)
  const parts = [
    await ownSchemaPart(query),
    identitiesPart(captured, await readTables(query, captured)),
    await publicationPart(query, wanted),
    granted ? await grantsPart(query, granted, granted.on === 'everything' ? wanted : publishedTables([])) : nothing,
  ]
  return { actions: parts.flatMap(({ actions }) => actions), already: parts.flatMap(({ already }) => already) }
}

const nothing: SourcePreparation = { actions: [], already: [] }
const one = (action: SourceAction): SourcePreparation => ({ actions: [action], already: [] })
const asWanted = (sentence: string): SourcePreparation => ({ actions: [], already: [sentence] })

async function ownSchemaPart(query: SourceQuery): Promise<SourcePreparation> {
  const own = await readTables(query, ownTables)
  const names = ownTables.map(({ name }) => name)
  const what = `the schema ${ownSchema} with the tables ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  if (own.length === ownTables.length) return asWanted(`${what} is there`)
  return one({ sentence: `create ${what}`, done: `created ${what}`, statements: ownSchemaStatements() })
}

function identitiesPart(captured: readonly CapturedTable[], current: readonly CatalogTable[]): SourcePreparation {
  const full = captured.filter(({ replicaIdentity }) => replicaIdentity === 'full')
  const actions = current
    .filter(({ schema, name, replicaIdentity }) => {
      return replicaIdentity !== 'full' && full.some((table) => table.schema === schema && table.name === name)
    })
    .map((table): SourceAction => {
      const to = `the replica identity of ${table.schema}.${table.name} to full, as declared (it was ${table.replicaIdentity})`
      return { sentence: `set ${to}`, done: `set ${to}`, statements: [replicaIdentityFullStatement(table)] }
    })
  const rest = full.length - actions.length
  return { actions, already: rest > 0 ? [`the replica identity of ${rest === 1 ? '1 table' : `${rest} tables`} is full, as declared`] : [] }
}

async function publicationPart(query: SourceQuery, wanted: readonly SourceTable[]): Promise<SourcePreparation> {
  const [current] = await query(publicationQuery)
  const what = `the publication ${publication} of ${wanted.length} tables`
  if (!current) return one({ sentence: `create ${what}`, done: `created ${what}`, statements: createPublicationStatements(wanted) })
  const published = quotedNames(JSON.parse(textOf(current, 'tables')))
  const names = new Set(wanted.map(quoteTable))
  const added = [...names].filter((name) => !published.has(name))
  const removed = [...published].filter((name) => !names.has(name))
  if (added.length + removed.length === 0 && current['publishes_everything'] === 'true') return asWanted(`${what} is as wanted`)
  const changes = (add: string, remove: string, publish: string) =>
    [added.length > 0 && `${add} ${fewNames(added)}`, removed.length > 0 && `${remove} ${fewNames(removed)}`].filter(Boolean).join('; ') ||
    `${publish} every kind of change`
  return one({
    sentence: `change the publication ${publication}: ${changes('add', 'take out', 'publish')}`,
    done: `changed the publication ${publication}: ${changes('added', 'took out', 'it publishes')}`,
    statements: alterPublicationStatements(wanted),
  })
}

/** A sentence names no more than a few of hundreds. */
function fewNames(names: readonly string[]): string {
  const few = names.slice(0, 10).join(', ')
  return names.length > 10 ? `${few} and ${names.length - 10} more` : few
}

function quotedNames(list: unknown): Set<string> {
  if (!Array.isArray(list)) throw new Error('the publication query answered no list')
  return new Set(list.map(({ schema, name }: SourceTable) => quoteTable({ schema, name })))
}

async function grantsPart(query: SourceQuery, { role, on }: GrantedRole, tables: readonly SourceTable[]): Promise<SourcePreparation> {
  const [missing] = await query(missingRightsQuery, { role, tables: tableNames(tables) })
  if (!missing) throw new PipelineError('SourceNotReady', `The role ${role} does not exist at the source: create it, or name another`)
  const replicate = on === 'everything' && missing['replication'] === 'true'
  const may = on === 'everything' ? 'replicate and read the captured tables' : `read and signal in the schema ${ownSchema}`
  if (!replicate && missing['tables'] !== 'true') return asWanted(`${role} may ${may}`)
  // Who may replicate already needs no administrator to say so again.
  const replication = !replicate ? 'granted' : missing['rds'] === 'true' ? 'rds' : 'attribute'
  return one({ sentence: `let ${role} ${may}`, done: `let ${role} ${may}`, statements: grantStatements(role, tables, replication) })
}
