import { ownSchema, publication, replicationSlot } from './names.ts'
import type { SourceQuery } from './source-query.ts'
import { dropSlotSql, ownSchemaQuery, ownTables, publicationQuery, quoteLiteral, slotQuery } from './source-sql.ts'

/** What bears the pipeline's names at the source, and whose it is. */
export interface SourceRemains {
  /** Null: there is none. */
  readonly schema: {
    readonly ours: boolean /** What is in it beside the pipeline's own tables; a few names. */
    readonly strangers: readonly string[]
  } | null
  readonly publication: { readonly ours: boolean } | null
  readonly slot: { readonly ours: boolean; readonly database: string; readonly active: boolean; readonly lost: boolean } | null
}

/** Reads what is there. A slot bears no mark: it is the pipeline's where the marked schema or publication is in its database. */
export async function readRemains(query: SourceQuery): Promise<SourceRemains> {
  const [schema] = await query(ownSchemaQuery)
  const [published] = await query(publicationQuery)
  const [slot] = await query(slotQuery)
  const schemaIsOurs = schema?.['ours'] === 'true'
  const publicationIsOurs = published?.['ours'] === 'true'
  const strangers = schemaIsOurs ? (await query(strangersQuery)).map(({ name }) => name ?? '') : []
  return {
    schema: schema ? { ours: schemaIsOurs, strangers } : null,
    publication: published ? { ours: publicationIsOurs } : null,
    slot: slot
      ? {
          ours: (schemaIsOurs || publicationIsOurs) && slot['here'] === 'true' && slot['plugin'] === 'pgoutput',
          database: slot['database'] ?? '',
          active: slot['active'] === 'true',
          lost: slot['lost'] === 'true',
        }
      : null,
  }
}

/** Relations, functions and types that somebody else put into the pipeline's schema. */
const strangersQuery = `
  SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ${quoteLiteral(ownSchema)} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
     AND c.relname NOT IN (${ownTables.map(({ name }) => quoteLiteral(name)).join(', ')})
  UNION ALL
  SELECT p.proname::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ${quoteLiteral(ownSchema)}
  UNION ALL
  SELECT t.typname::text AS name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE n.nspname = ${quoteLiteral(ownSchema)} AND t.typrelid = 0 AND t.typelem = 0
   ORDER BY name LIMIT 10`

/** What must not be removed, each with what a person can do, as sentences; empty: all that is there is the pipeline's. */
export function notOurs({ schema, publication: published, slot }: SourceRemains): string[] {
  const obstacles: string[] = []
  const move = 'If nothing needs it, drop it yourself; else it stays, and this pipeline was not provisioned here'
  if (schema && !schema.ours)
    obstacles.push(`the schema ${ownSchema} was not created by this pipeline: its comment is not the mark. ${move}`)
  if (schema && schema.strangers.length > 0)
    obstacles.push(
      `the schema ${ownSchema} holds what is not the pipeline's: ${schema.strangers.join(', ')}. Move it to another schema, or drop it`,
    )
  if (published && !published.ours)
    obstacles.push(`the publication ${publication} was not created by this pipeline: its comment is not the mark. ${move}`)
  if (slot && !slot.ours)
    obstacles.push(
      `the replication slot ${replicationSlot} of the database ${slot.database} cannot be told to be this pipeline's: neither a schema ${ownSchema} nor a publication with the mark is beside it. ` +
        `If nothing needs it: ${dropSlotSql}`,
    )
  return obstacles
}

/** Drops the slot; nothing where it is gone. As text: the Data API knows no other results. */
export const dropSlotQuery = `
  SELECT pg_drop_replication_slot(slot_name)::text AS dropped FROM pg_replication_slots
   WHERE slot_name = ${quoteLiteral(replicationSlot)} AND database = current_database()`

/** How far the slot's reader has confirmed the WAL up to an LSN: no row when there is no slot. Parameter: lsn. */
export const drainQuery = `
  SELECT active::text AS active, coalesce(confirmed_flush_lsn >= :lsn::pg_lsn, false)::text AS confirmed,
         coalesce(pg_wal_lsn_diff(:lsn::pg_lsn, confirmed_flush_lsn), 0)::bigint::text AS behind
    FROM pg_replication_slots WHERE slot_name = ${quoteLiteral(replicationSlot)}`
