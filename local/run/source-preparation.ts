import type { Client } from 'pg'
import { quoteIdentifier } from '../../pipeline/source-sql.ts'
import { type CapturedTable, capturedTables } from '../../pipeline/tables.ts'
import { checkSource, refuseOtherReader } from '../source/check.ts'
import { type Discovery, discoverTables } from '../source/discover.ts'
import { parsePatterns } from '../source/patterns.ts'
import { announcePreparation } from '../source/prepare.ts'
import { prepareSamples } from '../source/samples.ts'
import { slotObstacle } from '../source/slot-obstacle.ts'
import { readTablesFile, writeTablesFile } from '../source/tables-file.ts'
import { type Source, withSource } from './source.ts'

type Announce = (sentence: string) => void

/**
 * Looks at the user's own database, and writes which tables of it are captured; changes nothing there. What the state machine is going to create
 * there is announced.
 * @throws PipelineError `SourceNotReady`, `InvalidUsage`
 */
export async function lookAtSource(
  client: Client,
  { patterns, tablesFile, announce }: { readonly patterns: string; readonly tablesFile: string; readonly announce: Announce },
): Promise<readonly CapturedTable[]> {
  const declared = readTablesFile(tablesFile)
  const found = await discoverTables(client, parsePatterns(patterns), declared?.written.tables)
  await checkSource(client, found.tables)
  await refuseOtherReader(client)
  writeTablesFile(tablesFile, found.declarations)
  for (const sentence of findings(found)) announce(sentence)
  await announcePreparation(client, capturedTables(found.tables), { announce })
  return found.tables
}

/** Creates the sample tables, and lets Debezium's role replicate and read them, as whoever owns a database does for the pipeline. */
export async function createSamples(client: Client, tables: readonly CapturedTable[], debezium: string, announce: Announce): Promise<void> {
  await prepareSamples(client)
  await checkSource(client, tables)
  const role = quoteIdentifier(debezium)
  await client.query(`ALTER ROLE ${role} REPLICATION`)
  await client.query(`GRANT USAGE ON SCHEMA public TO ${role}`)
  await client.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
  await announcePreparation(client, capturedTables(tables), { announce, granted: { role: debezium, on: 'own schema' } })
}

/** How often it is looked for what holds the replication slot up. */
const lookEveryMs = 5000

/** Says, as often as it changes and until the signal, what PostgreSQL waits for before it creates the replication slot. */
export function watchSlot(source: Source, announce: Announce, signal: AbortSignal): void {
  let told: string | undefined
  const look = async () => {
    const obstacle = await withSource(source, slotObstacle)
    if (obstacle !== undefined && obstacle !== told) announce(obstacle)
    told = obstacle
  }
  // Whatever is wrong with the source is told by the step that needs it.
  const timer = setInterval(() => void look().catch(() => {}), lookEveryMs)
  signal.addEventListener('abort', () => clearInterval(timer))
}

function* findings({ skipped, warnings, gone }: Discovery): Iterable<string> {
  for (const { schema, name, why } of skipped) yield `${schema}.${name} is left out: ${why}`
  for (const { schema, name } of gone) yield `${schema}.${name} is declared and does not exist any more`
  for (const { schema, name, warnings: about } of warnings) for (const { text } of about) yield `${schema}.${name}: ${text}`
}
