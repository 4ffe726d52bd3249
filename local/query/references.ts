import { PipelineError } from '../../pipeline/errors.ts'
import { endOf, identifierName, isSymbol, isWord, significant, type Token, tokenize } from './tokens.ts'

/** A stretch of the SQL text that DuckDB does not understand as Athena does. */
export type Reference = { readonly start: number; readonly end: number } & (
  | {
      readonly kind: 'time-travel'
      readonly by: 'timestamp' | 'version'
      /** The parts of the table's name, which the stretch begins with. */
      readonly table: readonly string[]
      /** Whether an alias follows the stretch. */
      readonly aliased: boolean
      /** What follows `AS OF`, zoned literals made DuckDB's. */
      readonly expression: string
    }
  | { readonly kind: 'metadata'; readonly table: readonly string[]; readonly of: string }
  | { readonly kind: 'zoned-literal'; readonly text: string }
)

/** `orders$snapshots` → orders, snapshots. */
const metadataName = /^(?<table>.+)\$(?<of>snapshots|history|files|manifests|refs|partitions|properties)$/

/**
 * All references of a statement, in its order, none inside another:
 *
 *     name [ "." name [ "." name ] ] "FOR" ( "TIMESTAMP" | "VERSION" | "SYSTEM_TIME" | "SYSTEM_VERSION" ) "AS" "OF" expression
 *     [ name "." [ name "." ] ] '"' table "$" metadata '"'
 *     "TIMESTAMP" "'" timestamp zone "'"
 *
 * @throws PipelineError `QueryRefused` where `AS OF` is followed by no expression
 */
export function athenaReferences(sql: string): Reference[] {
  const tokens = significant(tokenize(sql))
  const references: Reference[] = []
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]
    if (!token) break
    if (isTimeTravel(tokens, index)) {
      const last = expressionEnd(tokens, index + 4)
      const lastToken = tokens[last - 1]
      if (last === index + 4 || !lastToken) throw new PipelineError('QueryRefused', 'FOR … AS OF is followed by no timestamp or snapshot')
      const { parts, start } = qualifiedName(tokens, index - 1)
      references.push({
        kind: 'time-travel',
        by: isWord(tokens[index + 1], 'TIMESTAMP', 'SYSTEM_TIME') ? 'timestamp' : 'version',
        table: parts,
        aliased: isAlias(tokens[last]),
        expression: tokens
          .slice(index + 4, last)
          .map((_, offset, all) => zonedText(all, offset))
          .join(' '),
        start,
        end: endOf(lastToken),
      })
      index = last - 1
      continue
    }
    const metadata = token.kind === 'quoted' ? metadataName.exec(identifierName(token))?.groups : undefined
    if (metadata?.['table'] && metadata['of']) {
      const { parts, start } = qualifiedName(tokens, index)
      references.push({ kind: 'metadata', table: [...parts.slice(0, -1), metadata['table']], of: metadata['of'], start, end: endOf(token) })
    } else if (zonedText(tokens, index) !== token.text) {
      references.push({ kind: 'zoned-literal', text: zonedText(tokens, index), start: token.start, end: endOf(token) })
    }
  }
  return references
}

/** The SQL text with its references replaced; the replacements are in their order. */
export function replaceReferences(sql: string, references: readonly Reference[], replacements: readonly string[]): string {
  let text = ''
  let from = 0
  references.forEach(({ start, end }, index) => {
    text += sql.slice(from, start) + (replacements[index] ?? '')
    from = end
  })
  return text + sql.slice(from)
}

function isTimeTravel(tokens: readonly Token[], index: number): boolean {
  return (
    isWord(tokens[index], 'FOR') &&
    isWord(tokens[index + 1], 'TIMESTAMP', 'VERSION', 'SYSTEM_TIME', 'SYSTEM_VERSION') &&
    isWord(tokens[index + 2], 'AS') &&
    isWord(tokens[index + 3], 'OF')
  )
}

/** What may follow a table without being its alias. */
const afterTable =
  /^(WHERE|GROUP|HAVING|ORDER|LIMIT|OFFSET|FETCH|UNION|INTERSECT|EXCEPT|JOIN|INNER|LEFT|RIGHT|FULL|CROSS|NATURAL|ON|USING|TABLESAMPLE|WINDOW|QUALIFY)$/i

function isAlias(token: Token | undefined): boolean {
  return token?.kind === 'quoted' || (token?.kind === 'word' && !afterTable.test(token.text))
}

/** The name that ends at a token, with what qualifies it. */
function qualifiedName(tokens: readonly Token[], last: number): { parts: string[]; start: number } {
  const parts: string[] = []
  let index = last
  let start = tokens[last]?.start ?? 0
  for (;;) {
    const token = tokens[index]
    if (!token || (token.kind !== 'word' && token.kind !== 'quoted')) break
    parts.unshift(identifierName(token))
    start = token.start
    if (!isSymbol(tokens[index - 1], '.')) break
    index -= 2
  }
  return { parts, start }
}

/** A word before a literal with a zone reads `TIMESTAMPTZ`: DuckDB's TIMESTAMP would leave the zone out. Other tokens stay. */
function zonedText(tokens: readonly Token[], index: number): string {
  const token = tokens[index]
  const literal = tokens[index + 1]
  const isZoned =
    isWord(token, 'TIMESTAMP') &&
    literal?.kind === 'string' &&
    /\d\s*(?:[a-z][\w/+-]*|[+-]\d\d?(?::?\d\d)?)'$/i.test(literal.text.replace(/^'\d+-\d+-\d+/, "'"))
  return isZoned ? 'TIMESTAMPTZ' : (token?.text ?? '')
}

/**
 * Index behind the expression that begins at a token:
 *
 *     expression = operand { ( "+" | "-" | "*" | "/" ) operand | "AT" "TIME" "ZONE" operand }
 *     operand    = [ "+" | "-" ] ( number | string | "(" … ")" | ( "TIMESTAMP" | "DATE" | "TIME" ) string
 *                | "INTERVAL" string word [ "TO" word ] | name [ "(" … ")" ] )
 */
function expressionEnd(tokens: readonly Token[], begin: number): number {
  let index = operandEnd(tokens, begin)
  for (;;) {
    const token = tokens[index]
    let next: number
    if (token?.kind === 'symbol' && '+-*/'.includes(token.text)) next = index + 1
    else if (isWord(token, 'AT') && isWord(tokens[index + 1], 'TIME') && isWord(tokens[index + 2], 'ZONE')) next = index + 3
    else return index
    const end = operandEnd(tokens, next)
    if (end === next) return index
    index = end
  }
}

function operandEnd(tokens: readonly Token[], begin: number): number {
  const sign = tokens[begin]
  const index = sign?.kind === 'symbol' && '+-'.includes(sign.text) ? begin + 1 : begin
  const token = tokens[index]
  if (!token) return begin
  if (isSymbol(token, '(')) return closingEnd(tokens, index)
  if (token.kind === 'number' || token.kind === 'string') return index + 1
  if (token.kind !== 'word') return begin
  if (isWord(token, 'TIMESTAMP', 'DATE', 'TIME') && tokens[index + 1]?.kind === 'string') return index + 2
  if (isWord(token, 'INTERVAL')) return isWord(tokens[index + 3], 'TO') ? index + 5 : index + 3
  return isSymbol(tokens[index + 1], '(') ? closingEnd(tokens, index + 1) : index + 1
}

/** Index behind the parenthesis that closes the one at a token. */
function closingEnd(tokens: readonly Token[], open: number): number {
  let depth = 0
  for (let index = open; index < tokens.length; index += 1) {
    if (isSymbol(tokens[index], '(')) depth += 1
    if (isSymbol(tokens[index], ')')) depth -= 1
    if (depth === 0) return index + 1
  }
  return tokens.length
}
