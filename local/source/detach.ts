import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { PipelineError } from '../../pipeline/errors.ts'
import { ownSchema, publication, replicationSlot } from '../../pipeline/names.ts'
import {
  dropOwnSchemaStatements,
  dropPublicationStatement,
  dropSlotStatement,
  endSlotReaderStatement,
  ownSchemaQuery,
  publicationQuery,
  slotQuery,
} from '../../pipeline/source-sql.ts'
import { errorCode } from '../engines/error-code.ts'

/**
 * Removes what the pipeline created at the source: slot, publication, schema `cdc`; only what bears its mark. Does nothing when there is
 * nothing. A replica identity that was set to full stays: whoever relies on it by now is not known here. Answers what it removed.
 * @throws PipelineError `SourceNotReady` where something of the user's own stands in the way
 */
export async function detachSource(client: ClientBase, { announce }: { announce: (sentence: string) => void }): Promise<string[]> {
  const removed: string[] = []
  const remove = async (what: string, act: () => Promise<unknown>) => {
    announce(`remove ${what}`)
    await act()
    removed.push(what)
  }
  const schema = (await client.query<{ ours: string }>(ownSchemaQuery)).rows[0]
  const current = (await client.query<{ ours: string }>(publicationQuery)).rows[0]
  const slot = (await client.query<{ here: string | null; plugin: string | null }>(slotQuery)).rows[0]
  const isOurs = schema?.ours === 'true' || current?.ours === 'true'
  // The slot first: it is what makes the source's WAL grow. The schema last: its mark is what tells that the rest is the pipeline's.
  if (isOurs && slot?.here === 'true' && slot.plugin === 'pgoutput')
    await remove(`the replication slot ${replicationSlot}`, () => dropSlot(client))
  if (current?.ours === 'true') await remove(`the publication ${publication}`, () => client.query(dropPublicationStatement))
  if (schema?.ours === 'true') await remove(`the schema ${ownSchema}`, () => dropOwnSchema(client))
  return removed
}

/** A connector that still reads is cut off; the server frees its slot a moment later. */
async function dropSlot(client: ClientBase): Promise<void> {
  const deadline = Date.now() + 15_000
  for (;;) {
    await client.query(endSlotReaderStatement)
    try {
      await client.query(dropSlotStatement)
      return
    } catch (error) {
      // object_in_use
      if (errorCode(error) !== '55006') throw error
      if (Date.now() > deadline) {
        throw new PipelineError(
          'SourceNotReady',
          `The slot ${replicationSlot} is still being read: stop the connector that reads it, then detach again`,
          { cause: error },
        )
      }
    }
    await sleep(100)
  }
}

async function dropOwnSchema(client: ClientBase): Promise<void> {
  try {
    await client.query(`BEGIN; ${dropOwnSchemaStatements().join('; ')}; COMMIT`)
  } catch (error) {
    await client.query('ROLLBACK')
    // dependent_objects_still_exist
    if (errorCode(error) !== '2BP01') throw error
    const message = `The schema ${ownSchema} holds, or is used by, something that is not the pipeline's: move that away, then detach again`
    throw new PipelineError('SourceNotReady', message, { cause: error })
  }
}
