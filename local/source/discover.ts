import { isDeepStrictEqual } from 'node:util'
import type { ClientBase } from 'pg'
import { PipelineError } from '../../pipeline/errors.ts'
import { type CapturedTable, currentTables, parseTables } from '../../pipeline/tables.ts'
import type { TableDeclaration } from '../../pipeline/tables-file.ts'
import { readRelations, readTables } from './catalog.ts'
import { declareTables, unusableKeyColumn } from './declare.ts'
import { exactPattern, type TablePattern } from './patterns.ts'
import { type Selection, selectTables } from './select.ts'
import { type TableWarning, tableWarnings } from './warnings.ts'

export interface Discovery {
  /** What `tables.json` should hold. */
  readonly declarations: readonly TableDeclaration[]
  /** The same, understood. */
  readonly tables: readonly CapturedTable[]
  /** What differs from the declaration given, each a sentence; empty: nothing. */
  readonly changes: readonly string[]
  readonly warnings: readonly { readonly schema: string; readonly name: string; readonly warnings: readonly TableWarning[] }[]
  readonly skipped: Selection['skipped']
  /** Declared tables that the source does not have any more. */
  readonly gone: readonly { readonly schema: string; readonly name: string }[]
}

/**
 * Declares the tables that the patterns name, on top of those already declared (which are brought up to date).
 * @throws PipelineError `InvalidUsage` for a pattern that names nothing, `InvalidTables` for changes that Iceberg tables cannot follow
 */
export async function discoverTables(
  client: ClientBase,
  patterns: readonly TablePattern[],
  declared: readonly TableDeclaration[] = [],
): Promise<Discovery> {
  const relations = await readRelations(client)
  const selection = selectTables(relations, patterns)
  const isThere = ({ schema, name }: TableDeclaration) => relations.some((relation) => relation.schema === schema && relation.name === name)
  // A table that is no longer captured may be anything by now.
  const followed = declared.filter((table) => table.capture !== false)
  const wanted = selectTables(relations, [...followed.filter(isThere).map(exactPattern), ...selection.tables.map(exactPattern)])
  const skipped = [...selection.skipped]
  const catalog = (await readTables(client, wanted.tables)).filter((table) => {
    const entries = declared.filter(({ schema, name }) => schema === table.schema && name === table.name)
    const entry = entries.find(({ capture }) => capture !== false) ?? entries[0]
    const column = entry ? undefined : unusableKeyColumn(table)
    if (column) {
      const why = `Iceberg allows no identifier of type ${column.type}, which the key column "${column.name}" has: give it a key of another type`
      skipped.push({ schema: table.schema, name: table.name, why })
    }
    return !column && entry?.capture !== false
  })
  const { tables: declarations, refused, changes } = declareTables(declared, catalog)
  if (refused.length > 0)
    throw new PipelineError('InvalidTables', `The declared tables cannot follow the source:\n  ${refused.join('\n  ')}`)
  const tables = parseTables({ tables: declarations }, 'What was found at the source')
  return {
    declarations,
    tables,
    changes: isDeepStrictEqual(declarations, declared) ? [] : changes,
    skipped,
    gone: followed.filter((table) => !isThere(table)).map(({ schema, name }) => ({ schema, name })),
    warnings: catalog.flatMap((table) => {
      const understood = currentTables(tables).find(({ schema, name }) => schema === table.schema && name === table.name)
      return understood ? [{ schema: table.schema, name: table.name, warnings: tableWarnings(table, understood) }] : []
    }),
  }
}
