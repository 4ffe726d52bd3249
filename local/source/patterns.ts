import { PipelineError } from '../../pipeline/errors.ts'
import type { SourceTable } from '../../pipeline/source-sql.ts'

/**
 * One pattern of `--tables`: `schema.table`, or `table` alone for `public.table`. Unquoted parts are folded to lower case, as in SQL, and
 * may hold `*` for any characters; parts in double quotes are taken as they stand (`sales."Order Lines"`, a quote doubled).
 */
export interface TablePattern {
  /** As the user wrote it. */
  readonly text: string
  /** True: names exactly one table. */
  readonly exact: boolean
  readonly matches: (table: SourceTable) => boolean
}

interface Part {
  readonly text: string
  readonly quoted: boolean
}

/**
 * The patterns of a comma-separated list.
 * @throws PipelineError `InvalidUsage` naming the pattern that is none.
 */
export function parsePatterns(list: string): TablePattern[] {
  return splitOutsideQuotes(list, ',').map((item) => {
    const text = item.trim()
    const parts = splitOutsideQuotes(text, '.').map((part) => parsePart(part, text))
    const [table, schema = { text: 'public', quoted: true }, ...others] = parts.reverse()
    if (!table || others.length > 0) throw invalid(text, 'it has more than a schema and a table')
    const matchers = [partMatcher(schema), partMatcher(table)] as const
    return {
      text,
      exact: [schema, table].every((part) => part.quoted || !part.text.includes('*')),
      matches: (candidate) => matchers[0](candidate.schema) && matchers[1](candidate.name),
    }
  })
}

/** The pattern that names exactly this table. */
export function exactPattern({ schema, name }: SourceTable): TablePattern {
  return { text: `${schema}.${name}`, exact: true, matches: (table) => table.schema === schema && table.name === name }
}

function parsePart(written: string, pattern: string): Part {
  const part = written.trim()
  if (part.startsWith('"')) {
    if (!/^"(?:[^"]|"")+"$/.test(part)) throw invalid(pattern, 'a quoted name must be one whole part')
    return { text: part.slice(1, -1).replaceAll('""', '"'), quoted: true }
  }
  if (part === '') throw invalid(pattern, 'a part is empty')
  if (part.includes('"')) throw invalid(pattern, 'a quoted name must be one whole part')
  return { text: part.toLowerCase(), quoted: false }
}

function partMatcher({ text, quoted }: Part): (name: string) => boolean {
  if (quoted || !text.includes('*')) return (name) => name === text
  const literal = text.split('*').map((piece) => piece.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  const expression = new RegExp(`^${literal.join('.*')}$`, 's')
  return (name) => expression.test(name)
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts = ['']
  let quoted = false
  for (const character of text) {
    if (character === '"') quoted = !quoted
    if (character === separator && !quoted) parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts
}

function invalid(pattern: string, why: string): PipelineError {
  return new PipelineError(
    'InvalidUsage',
    `"${pattern}" is not a table pattern: ${why}. Write schema.table, schema.* or schema."Odd Name", several separated by commas`,
  )
}
