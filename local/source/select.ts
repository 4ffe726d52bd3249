import { PipelineError } from '../../pipeline/errors.ts'
import { quoteIdentifier, type SourceTable } from '../../pipeline/source-sql.ts'
import type { Relation } from './catalog.ts'
import type { TablePattern } from './patterns.ts'

export interface Selection {
  readonly tables: readonly Relation[]
  /** What a pattern named and cannot be captured, with the reason. */
  readonly skipped: readonly { readonly schema: string; readonly name: string; readonly why: string }[]
}

/** Why a relation is not captured; a wildcard passes over partitions and extensions' tables without a word. */
const obstacles: Partial<Record<Relation['kind'], { why: string; silent: boolean }>> = {
  view: { why: 'a view has no changes of its own: capture the tables under it', silent: false },
  'materialized view': { why: 'a materialized view is not in the WAL as rows: capture the tables under it', silent: false },
  'foreign table': { why: 'a foreign table changes on another server: capture it there', silent: false },
  partition: { why: 'a partition comes with its parent: capture the partitioned table', silent: true },
}

/**
 * The tables that the patterns name, each once, in the catalog's order.
 * @throws PipelineError `InvalidUsage` with every pattern that names nothing.
 */
export function selectTables(relations: readonly Relation[], patterns: readonly TablePattern[]): Selection {
  const unmatched = patterns.filter((pattern) => !relations.some((relation) => pattern.matches(relation)))
  if (unmatched.length > 0) {
    const lines = unmatched.map((pattern) => `${pattern.text}${nearMiss(relations, pattern)}`)
    throw new PipelineError('InvalidUsage', `No table of the source is named by:\n  ${lines.join('\n  ')}`)
  }
  const tables: Relation[] = []
  const skipped: { schema: string; name: string; why: string }[] = []
  for (const relation of relations) {
    const naming = patterns.filter((pattern) => pattern.matches(relation))
    if (naming.length === 0) continue
    const exact = naming.some((pattern) => pattern.exact)
    const obstacle = obstacles[relation.kind]
    if (obstacle) {
      if (exact || !obstacle.silent) skipped.push({ schema: relation.schema, name: relation.name, why: obstacle.why })
    } else if (exact || !relation.ofExtension) tables.push(relation)
  }
  return { tables, skipped }
}

/** A table whose name differs from an exact pattern in case only. */
function nearMiss(relations: readonly SourceTable[], pattern: TablePattern): string {
  const other = relations.find(({ schema, name }) => pattern.matches({ schema: schema.toLowerCase(), name: name.toLowerCase() }))
  return other ? ` (there is ${quoteIdentifier(other.schema)}.${quoteIdentifier(other.name)}: write it in double quotes)` : ''
}
