import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { icebergTypeOf, parsePostgresType } from '../../pipeline/column-types.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import { ownSchema, publication, replicationSlot } from '../../pipeline/names.ts'
import {
  dropPublicationStatement,
  ownSchemaQuery,
  publicationQuery,
  quoteIdentifier,
  quoteTable,
  slotQuery,
} from '../../pipeline/source-sql.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { type CatalogTable, isKeyIndex, readTables } from './catalog.ts'
import { typeHint } from './declare.ts'

/** Something that keeps a source from being captured, and what repairs it (SQL where SQL does). */
export interface Finding {
  readonly problem: string
  readonly repair: string
}

/**
 * Checks a database before anything is created in it; changes nothing.
 * @throws PipelineError `SourceNotReady` with all findings, each with its repair
 */
export async function checkSource(client: ClientBase, tables: readonly CapturedTable[]): Promise<void> {
  const findings = await sourceFindings(client, tables)
  if (findings.length === 0) return
  const lines = findings.map(({ problem, repair }) => `- ${problem}\n    ${repair}`)
  throw new PipelineError('SourceNotReady', `The source cannot be captured yet:\n  ${lines.join('\n  ')}`)
}

/**
 * Sees to it that nothing reads the slot before this run's connector does: a second reader would wait for ever, and take tables out of the
 * publication that the first one captures. The connector of a run that ended a moment ago is waited for.
 * @throws PipelineError `SourceNotReady`
 */
export async function refuseOtherReader(client: ClientBase, patienceMs = 10_000): Promise<void> {
  const deadline = Date.now() + patienceMs
  while ((await client.query<{ active: string }>(slotQuery)).rows[0]?.active === 'true') {
    if (Date.now() > deadline) {
      throw new PipelineError(
        'SourceNotReady',
        `The replication slot ${replicationSlot} is being read already: another run, or a deployed connector, captures this database. Stop that one first`,
      )
    }
    await sleep(200)
  }
}

/** All that keeps these tables from being captured; empty: nothing. */
export async function sourceFindings(client: ClientBase, tables: readonly CapturedTable[]): Promise<Finding[]> {
  const captured = tables.filter((table) => table.capture && table.schema !== ownSchema)
  const catalog = await readTables(client, captured)
  return [
    ...(await serverFindings(client)),
    ...(await ownershipFindings(client)),
    ...captured.flatMap((table) => {
      const current = catalog.find(({ schema, name }) => schema === table.schema && name === table.name)
      if (current) return [...tableFindings(table, current)]
      const repair = 'Set "capture": false for it, or correct schema and name (npm run discover)'
      return [{ problem: `${table.schema}.${table.name} does not exist`, repair }]
    }),
  ]
}

/** Version, settings and rights. Amazon RDS and Aurora are known by their own setting. */
async function serverFindings(client: ClientBase): Promise<Finding[]> {
  const { rows } = await client.query<Record<keyof ServerState, string>>(serverQuery)
  const server = rows[0]
  if (!server) return []
  const findings: Finding[] = []
  const isRds = server.rds !== ''
  const setting = (name: string, value: string) =>
    isRds
      ? `Set ${name === 'wal_level' ? 'rds.logical_replication to 1' : `${name} to ${value}`} in the cluster's parameter group and reboot the writer`
      : `ALTER SYSTEM SET ${name} = ${value}; then restart PostgreSQL`
  if (Number(server.version) < 140000)
    findings.push({ problem: `PostgreSQL ${server.release} is too old`, repair: 'Use PostgreSQL 14 or newer' })
  if (server.standby === 'true')
    findings.push({ problem: 'This server is a standby', repair: 'Give the address of the primary (Aurora: the writer)' })
  if (server.wal_level !== 'logical')
    findings.push({ problem: `wal_level is ${server.wal_level}, not logical`, repair: setting('wal_level', 'logical') })
  if (Number(server.other_slots) >= Number(server.max_slots)) {
    const repair = setting('max_replication_slots', String(Number(server.max_slots) + 5))
    findings.push({ problem: `All ${server.max_slots} replication slots are taken (max_replication_slots)`, repair })
  }
  if (Number(server.other_senders) >= Number(server.max_senders)) {
    const repair = setting('max_wal_senders', String(Number(server.max_senders) + 5))
    findings.push({ problem: `All ${server.max_senders} WAL senders are taken (max_wal_senders)`, repair })
  }
  const role = quoteIdentifier(server.role)
  if (server.replicates !== 'true') {
    const repair = isRds ? `GRANT rds_replication TO ${role}` : `ALTER ROLE ${role} REPLICATION`
    findings.push({ problem: `${server.role} may not replicate`, repair: `As an administrator: ${repair}` })
  }
  if (server.creates !== 'true') {
    const repair = `As an administrator: GRANT CREATE ON DATABASE ${quoteIdentifier(server.database)} TO ${role}`
    findings.push({ problem: `${server.role} may not create a schema and a publication in ${server.database}`, repair })
  }
  return findings
}

interface ServerState {
  version: unknown
  release: unknown
  rds: unknown
  standby: unknown
  wal_level: unknown
  max_slots: unknown
  other_slots: unknown
  max_senders: unknown
  other_senders: unknown
  role: unknown
  database: unknown
  replicates: unknown
  creates: unknown
}

const serverQuery = `
  SELECT current_setting('server_version_num') AS version, current_setting('server_version') AS release,
         coalesce(current_setting('rds.logical_replication', true), '') AS rds, pg_is_in_recovery()::text AS standby,
         current_setting('wal_level') AS wal_level, current_setting('max_replication_slots') AS max_slots,
         (SELECT count(*) FROM pg_replication_slots WHERE slot_name <> '${replicationSlot}')::text AS other_slots,
         current_setting('max_wal_senders') AS max_senders,
         (SELECT count(*) FROM pg_stat_replication r WHERE NOT EXISTS (
            SELECT FROM pg_replication_slots s WHERE s.slot_name = '${replicationSlot}' AND s.active_pid = r.pid))::text AS other_senders,
         current_user AS role, current_database() AS database,
         (SELECT rolsuper OR rolreplication OR EXISTS (
            SELECT FROM pg_roles g WHERE g.rolname = 'rds_replication' AND pg_has_role(current_user, g.oid, 'MEMBER'))
            FROM pg_roles WHERE rolname = current_user)::text AS replicates,
         has_database_privilege(current_database(), 'CREATE')::text AS creates`

/** What already bears the pipeline's names and is not the pipeline's. */
async function ownershipFindings(client: ClientBase): Promise<Finding[]> {
  const findings: Finding[] = []
  const schema = (await client.query<{ ours: string }>(ownSchemaQuery)).rows[0]
  const isOurs = schema?.ours === 'true'
  if (schema && !isOurs) {
    const repair = `Rename it (ALTER SCHEMA ${quoteIdentifier(ownSchema)} RENAME TO …): the pipeline keeps its own tables under that name`
    findings.push({ problem: `The schema ${ownSchema} exists and is not the pipeline's`, repair })
  }
  const current = (await client.query<{ ours: string }>(publicationQuery)).rows[0]
  if (current && current.ours !== 'true') {
    const repair = `If nothing else reads it: ${dropPublicationStatement}`
    findings.push({ problem: `The publication ${publication} exists and is not the pipeline's`, repair })
  }
  const slot = (await client.query<{ plugin: string | null; database: string | null; here: string | null; active: string }>(slotQuery))
    .rows[0]
  if (slot && !(isOurs && slot.here === 'true' && slot.plugin === 'pgoutput')) {
    const owner =
      slot.here === 'true'
        ? `${slot.active === 'true' ? 'in use by' : 'left by'} something else`
        : `that of database ${slot.database ?? '(none)'}`
    const repair = `If nothing needs it any more (in its database): SELECT pg_drop_replication_slot('${replicationSlot}')`
    findings.push({ problem: `The replication slot ${replicationSlot} exists and is ${owner}`, repair })
  }
  return findings
}

/** How a table differs from its declaration, and what keeps its changes from being followed. */
function* tableFindings(declared: CapturedTable, current: CatalogTable): Iterable<Finding> {
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
  if (!current.owned)
    yield { problem: `${of} belongs to another role, which alone may publish it`, repair: `ALTER TABLE ${name} OWNER TO CURRENT_USER` }
  if (!current.selectable)
    yield { problem: `${of} may not be read`, repair: `GRANT SELECT ON ${name} TO CURRENT_USER, and USAGE on its schema` }
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
