import { icebergTypeOf, isToastable, parsePostgresType } from './column-types.ts'
import { ownSchema, publication, replicationSlot } from './names.ts'
import { type CatalogTable, isKeyIndex, readTables, typeHint } from './source-catalog.ts'
import type { SourceQuery } from './source-query.ts'
import {
  dropPublicationStatement,
  dropSlotSql,
  ownSchemaQuery,
  publicationQuery,
  quoteIdentifier,
  quoteTable,
  replicationGrant,
  slotQuery,
} from './source-sql.ts'
import { type ReaderRights, readRights, readServer, type ServerState } from './source-state.ts'
import { everCapturedQuery, recordsThereQuery } from './table-snapshots.ts'
import type { CapturedTable } from './tables.ts'

/** Something that keeps a source from being captured, and what repairs it (SQL where SQL does). */
export interface Finding {
  readonly problem: string
  readonly repair: string
  /** The slot is lost, with changes: the one thing that is repaired by copying the tables again. */
  readonly lostSlot?: true
  /** A table that came under capture too late to be copied. */
  readonly unsnapshottable?: true
}

/**
 * All that keeps these tables from being captured; empty: nothing. `query` asks as the role that prepares the source, `reader` as Debezium's
 * where that is another one.
 */
export async function sourceFindings(query: SourceQuery, tables: readonly CapturedTable[], reader?: SourceQuery): Promise<Finding[]> {
  const captured = tables.filter((table) => table.capture && table.schema !== ownSchema)
  const server = await readServer(query)
  const rights = await readRights(reader ?? query, captured)
  const catalog = await readTables(query, captured)
  const roles = { preparation: server.role, reader: rights.role, unreadable: rights.unreadable }
  return [
    ...serverFindings(server),
    ...rightsFindings(server, rights),
    ...(await ownershipFindings(query, reader ? rights.role : undefined)),
    ...captured.flatMap((table) => {
      const current = catalog.find(({ schema, name }) => schema === table.schema && name === table.name)
      if (current) return [...tableFindings(table, current, roles)]
      const repair = 'Set "capture": false for it, or correct schema and name (npm run discover)'
      return [{ problem: `${table.schema}.${table.name} does not exist`, repair }]
    }),
  ]
}

/** Version and settings. Amazon RDS and Aurora are known by their own setting. */
function* serverFindings(server: ServerState): Iterable<Finding> {
  const setting = (name: string, value: string) =>
    isRds(server)
      ? `Set ${name === 'wal_level' ? 'rds.logical_replication to 1' : `${name} to ${value}`} in the cluster's parameter group and reboot the writer`
      : `ALTER SYSTEM SET ${name} = ${value}; then restart PostgreSQL`
  if (Number(server.version) < 140000) yield { problem: `PostgreSQL ${server.release} is too old`, repair: 'Use PostgreSQL 14 or newer' }
  if (server.standby === 'true')
    yield { problem: 'This server is a standby', repair: 'Give the address of the primary (Aurora: the writer)' }
  if (server.walLevel !== 'logical') {
    const off = isRds(server) ? ` (rds.logical_replication is ${server.rds})` : ''
    yield { problem: `wal_level is ${server.walLevel}, not logical${off}`, repair: setting('wal_level', 'logical') }
  }
  if (Number(server.otherSlots) >= Number(server.maxSlots)) {
    const repair = setting('max_replication_slots', String(Number(server.maxSlots) + 5))
    yield { problem: `All ${server.maxSlots} replication slots are taken (max_replication_slots)`, repair }
  }
  if (Number(server.otherSenders) >= Number(server.maxSenders)) {
    const repair = setting('max_wal_senders', String(Number(server.maxSenders) + 5))
    yield { problem: `All ${server.maxSenders} WAL senders are taken (max_wal_senders)`, repair }
  }
}

function* rightsFindings(server: ServerState, rights: ReaderRights): Iterable<Finding> {
  const database = quoteIdentifier(server.database)
  if (!rights.replicates) {
    yield { problem: `${rights.role} may not replicate`, repair: `As an administrator: ${replicationGrant(rights.role, isRds(server))}` }
  }
  if (!rights.connects) {
    const repair = `As an administrator: GRANT CONNECT ON DATABASE ${database} TO ${quoteIdentifier(rights.role)}`
    yield { problem: `${rights.role} may not connect to ${server.database}`, repair }
  }
  if (server.creates !== 'true') {
    const repair = `As an administrator: GRANT CREATE ON DATABASE ${database} TO ${quoteIdentifier(server.role)}`
    yield { problem: `${server.role} may not create a schema and a publication in ${server.database}`, repair }
  }
}

const isRds = ({ rds }: ServerState) => rds !== ''

/** What already bears the pipeline's names and is not the pipeline's. `reader` is the role whose connector alone may read the slot. */
async function ownershipFindings(query: SourceQuery, reader: string | undefined): Promise<Finding[]> {
  const findings: Finding[] = []
  const [schema] = await query(ownSchemaQuery)
  const isOurs = schema?.['ours'] === 'true'
  if (schema && !isOurs) {
    const repair = `Rename it (ALTER SCHEMA ${quoteIdentifier(ownSchema)} RENAME TO …): the pipeline keeps its own tables under that name`
    findings.push({ problem: `The schema ${ownSchema} exists and is not the pipeline's`, repair })
  }
  const [current] = await query(publicationQuery)
  if (current && current['ours'] !== 'true') {
    const repair = `If nothing else reads it: ${dropPublicationStatement}`
    findings.push({ problem: `The publication ${publication} exists and is not the pipeline's`, repair })
  }
  const [slot] = await query(slotQuery)
  if (slot && !(isOurs && slot['here'] === 'true' && slot['plugin'] === 'pgoutput')) {
    const owner =
      slot['here'] === 'true'
        ? `${slot['active'] === 'true' ? 'in use by' : 'left by'} something else`
        : `that of database ${slot['database'] ?? '(none)'}`
    const repair = `If nothing needs it any more (in its database): ${dropSlotSql}`
    findings.push({ problem: `The replication slot ${replicationSlot} exists and is ${owner}`, repair })
  } else if (slot?.['lost'] === 'true') {
    const problem = `The replication slot ${replicationSlot} is lost: PostgreSQL has removed WAL that it still needed, so changes are missing`
    findings.push({ problem, repair: recoverSlot, lostSlot: true })
  } else if (!slot && isOurs && (await wasCaptured(query))) {
    const problem = `The replication slot ${replicationSlot} is gone, and tables were captured by it: changes since then are missing`
    findings.push({ problem, repair: recoverSlot, lostSlot: true })
  } else if (reader !== undefined && slot?.['reader'] && slot['reader'] !== reader) {
    const repair = 'Stop what reads it (pg_stat_activity shows its session): one slot has one reader'
    findings.push({ problem: `The replication slot ${replicationSlot} is being read by ${slot['reader']}, not by ${reader}`, repair })
  }
  return findings
}

/** The one way back. */
export const recoverSlot =
  'Have every table copied again: start an execution with the input {"recover": "lost-slot"} (npm start: with --reset); see docs/runbook.md, SlotLost'

/** Whether the records at the source tell of a slot that there was. */
async function wasCaptured(query: SourceQuery): Promise<boolean> {
  const [found] = await query(recordsThereQuery)
  if (found?.['there'] !== 'true') return false
  const [captured] = await query(everCapturedQuery)
  return captured?.['captured'] === 'true'
}

interface Roles {
  readonly preparation: string
  readonly reader: string
  readonly unreadable: ReadonlySet<string>
}

/** How a table differs from its declaration, and what keeps its changes from being followed. */
function* tableFindings(declared: CapturedTable, current: CatalogTable, roles: Roles): Iterable<Finding> {
  const name = quoteTable(current)
  const of = `${declared.schema}.${declared.name}`
  const rediscover = 'Run npm run discover again: it tells what can be followed'
  for (const column of declared.columns) {
    const now = current.columns.find((candidate) => candidate.name === column.name)
    if (column.dropped) continue
    if (!now) yield { problem: `${of}.${column.name} does not exist`, repair: 'Mark the column "dropped": true (npm run discover does)' }
    else {
      const type = parsePostgresType(now.type, typeHint(now))
      if (type.text !== column.type.text && (type.name !== column.type.name || icebergTypeOf(type) !== icebergTypeOf(column.type))) {
        yield { problem: `${of}.${column.name} is ${now.type}, declared as ${column.type.text}`, repair: rediscover }
      }
    }
  }
  if (declared.primaryKey.join('\0') !== current.primaryKey.join('\0')) {
    yield {
      problem: `${of} has the primary key (${current.primaryKey.join(', ')}), declared as (${declared.primaryKey.join(', ')})`,
      repair: rediscover,
    }
  }
  if (current.unlogged) yield { problem: `${of} is unlogged and cannot be published`, repair: `ALTER TABLE ${name} SET LOGGED` }
  if (!current.owned) {
    const repair = `As its owner or an administrator: ALTER TABLE ${name} OWNER TO ${quoteIdentifier(roles.preparation)}`
    yield { problem: `${of} belongs to another role, which alone may publish it`, repair }
  }
  if (roles.unreadable.has(name)) {
    const to = quoteIdentifier(roles.reader)
    const repair = `GRANT USAGE ON SCHEMA ${quoteIdentifier(current.schema)} TO ${to}; GRANT SELECT ON ${name} TO ${to}`
    yield { problem: `${of} may not be read by ${roles.reader}`, repair }
  }
  yield* identityFindings(declared, current, name, of)
}

function* identityFindings(declared: CapturedTable, current: CatalogTable, name: string, of: string): Iterable<Finding> {
  // Full identity is set by ensuring the source, where the declaration asks for it.
  if (declared.replicaIdentity === 'full') return
  if (current.replicaIdentity === 'index' && !isKeyIndex(current)) {
    yield {
      problem: `${of} has an index other than the primary key as replica identity: its deletes come without the key`,
      repair: `ALTER TABLE ${name} REPLICA IDENTITY DEFAULT`,
    }
  }
  if (current.replicaIdentity === 'nothing' && declared.replicaIdentity !== 'nothing') {
    yield {
      problem: `${of} has REPLICA IDENTITY NOTHING: once published, PostgreSQL refuses UPDATE and DELETE on it`,
      repair: `ALTER TABLE ${name} REPLICA IDENTITY DEFAULT`,
    }
  }
  if (current.primaryKey.length === 0 && current.replicaIdentity === 'default' && declared.replicaIdentity !== 'nothing') {
    yield {
      problem: `${of} has no primary key: once published, PostgreSQL refuses UPDATE and DELETE on it`,
      repair: `ALTER TABLE ${name} ADD PRIMARY KEY (…); or, if it only ever takes inserts, declare it with "replicaIdentity": "nothing", or "full"`,
    }
  }
}

/**
 * Captured tables with columns whose values may be stored out of line (TOAST), and a replica identity that leaves such a value out of an update's
 * event when it did not change. Capturable all the same: most such columns never hold more than the 2 kB from which that happens.
 */
export function outOfLineTables(captured: readonly CapturedTable[]): string[] {
  return captured
    .filter(({ schema, replicaIdentity }) => schema !== ownSchema && replicaIdentity !== 'full')
    .filter(({ columns, primaryKey }) => {
      return columns.some(({ name, type, dropped }) => !dropped && !primaryKey.includes(name) && isToastable(type))
    })
    .map(({ schema, name }) => `${schema}.${name}`)
}
