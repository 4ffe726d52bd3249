import { textOf } from '../../../pipeline/source-query.ts'
import {
  cameBackQuery,
  forgetVanishedStatement,
  icebergKeysQuery,
  mostKeys,
  nextVanishedQuery,
  noteVanishedStatement,
  recheckedUpToQuery,
  recheckStatement,
  removedStatement,
  removeRowsStatement,
} from '../../../pipeline/vanished-keys.ts'
import { awaitEnd, resultPage, startQuery } from '../athena.ts'
import type { Piece } from './progress.ts'

/** Keys that one statement at the source looks up, in characters: a request of the Data API is not to grow with the length of keys. */
const statementCharacters = 50_000

/** Lists the Iceberg table's keys as they are at one moment, and notes those that the source does not have. */
export const listKeys: Piece = async (progress, work) => {
  const { keyed, named, source, place, athena, token, untilMilliseconds } = work
  const { plan, now } = place
  let { queryId } = progress
  if (queryId === null) {
    await source.execute(forgetVanishedStatement, named)
    queryId = await startQuery(athena, plan, icebergKeysQuery(plan, keyed), token('keys', progress.attempts))
  }
  const end = await awaitEnd(athena, queryId, untilMilliseconds, now)
  if (end.state === 'retryable')
    return { ...progress, queryId: null, nextPage: null, listed: 0, attempts: progress.attempts + 1, seen: end.seen }
  if (end.state === 'running') return { ...progress, queryId, seen: end.seen }
  let { nextPage, listed, vanished } = progress
  do {
    const page = await resultPage(athena, queryId, nextPage)
    for (const keys of keyPortions(page.rows))
      vanished += await source.execute(noteVanishedStatement(keyed), { ...named, keys: JSON.stringify(keys) })
    listed += page.rows.length
    nextPage = page.next
  } while (nextPage !== null && now().getTime() < untilMilliseconds)
  const seen = `looked up ${listed.toLocaleString('en-US')} keys at the source, which has not ${vanished.toLocaleString('en-US')} of them`
  return { ...progress, queryId, nextPage, listed, vanished, seen, phase: nextPage === null ? 'remove' : 'list' }
}

/** Each key as the JSON of its texts, in lists of bounded length. */
export function keyPortions(rows: readonly (readonly string[])[]): string[][] {
  const lists: string[][] = []
  let characters = Number.POSITIVE_INFINITY
  for (const row of rows) {
    const key = JSON.stringify(row)
    characters += key.length
    if (characters > statementCharacters) {
      lists.push([])
      characters = key.length
    }
    lists.at(-1)?.push(key)
  }
  return lists
}

/** Removes rows whose keys vanished from Iceberg, some thousands in a commit. What of them comes back meanwhile is found afterwards. */
export const removeRows: Piece = async (progress, work) => {
  const { keyed, named, source, place, athena, token, untilMilliseconds } = work
  const { plan, now } = place
  const most = String(keyed.forms.length === 1 ? mostKeys.ofOneColumn : mostKeys.ofSeveral)
  let { removed, attempts } = progress
  do {
    const keys = (await source.query(nextVanishedQuery, { ...named, most })).map((row) => textOf(row, 'key'))
    // Also where this execution removed nothing: one before it may have been cut off after its removals.
    if (keys.length === 0) return { ...progress, removed, attempts, phase: 'recheck', seen: `removed ${removed} rows` }
    const sql = removeRowsStatement(plan, keyed, keys.map(keyTexts))
    const end = await awaitEnd(athena, await startQuery(athena, plan, sql, token(sql, attempts)), untilMilliseconds, now)
    if (end.state === 'retryable') attempts += 1
    if (end.state !== 'succeeded') return { ...progress, removed, attempts, seen: end.seen }
    await source.execute(removedStatement, { ...named, keys: JSON.stringify(keys) })
    removed += keys.length
  } while (now().getTime() < untilMilliseconds)
  return { ...progress, removed, attempts, seen: `removed ${removed} rows` }
}

function keyTexts(key: string): string[] {
  const texts: unknown = JSON.parse(key)
  return Array.isArray(texts) ? texts.map(String) : []
}

/**
 * Looks, once all removals are committed, whether the source has any of the keys again. A row that is written from now on is delivered after the
 * removals; one that was written before may have been removed with the others.
 */
export const recheckKeys: Piece = async (progress, { keyed, named, source, place, untilMilliseconds }) => {
  let { rechecked } = progress
  while (place.now().getTime() < untilMilliseconds) {
    const [row] = await source.query(recheckedUpToQuery, { ...named, after: rechecked })
    const upto = row?.['upto'] ?? null
    if (upto === null) {
      const [found] = await source.query(cameBackQuery, named)
      const cameBack = Number(found?.['count'] ?? 0)
      return {
        ...progress,
        rechecked,
        cameBack,
        attempts: 1,
        phase: cameBack === 0 ? 'done' : 'return',
        seen: `${cameBack} rows came back meanwhile`,
      }
    }
    await source.execute(recheckStatement(keyed), { ...named, after: rechecked, upto })
    rechecked = upto
  }
  return { ...progress, rechecked, seen: 'looking whether any of the rows came back meanwhile' }
}
