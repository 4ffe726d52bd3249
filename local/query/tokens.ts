export interface Token {
  readonly kind: 'space' | 'word' | 'quoted' | 'string' | 'number' | 'symbol'
  /** As written. */
  readonly text: string
  /** Offset of the first character in the SQL text. */
  readonly start: number
}

/**
 * The tokens of an SQL text, as Athena reads it; together they are the whole text.
 *
 *     space   white space, -- to the end of the line, slash-star to star-slash
 *     string  '…', a quote doubled, no escapes          quoted   "…", a quote doubled
 *     word    a letter or _, then letters, digits, _    number   digits, with fraction and exponent
 *     symbol  any other character
 *
 * What is not closed (a string, a comment) reaches to the end of the text.
 */
const grammar =
  /(?<space>\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>'(?:[^']|'')*(?:'|$))|(?<quoted>"(?:[^"]|"")*(?:"|$))|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<symbol>[\s\S])/gu

export function tokenize(sql: string): Token[] {
  return [...sql.matchAll(grammar)].map((match) => ({ kind: kindOf(match.groups), text: match[0], start: match.index }))
}

const kinds = ['space', 'string', 'quoted', 'word', 'number', 'symbol'] as const

function kindOf(groups: Record<string, string | undefined> | undefined): Token['kind'] {
  return kinds.find((kind) => groups?.[kind] !== undefined) ?? 'symbol'
}

/** Without white space and comments. */
export function significant(tokens: readonly Token[]): Token[] {
  return tokens.filter(({ kind }) => kind !== 'space')
}

/** Whether a token is this keyword, in any case. */
export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text.toUpperCase())
}

export function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.text === symbol
}

/** Offset behind a token. */
export function endOf(token: Token): number {
  return token.start + token.text.length
}

/** The name that an identifier token stands for: Athena folds to lower case, in quotes too. */
export function identifierName({ kind, text }: Token): string {
  return (kind === 'quoted' ? text.slice(1, -1).replaceAll('""', '"') : text).toLowerCase()
}

/** The SQL text with these names in lower case wherever it has them as identifiers: Athena does not tell `Orders` from `orders`, the catalog does. */
export function withLowerCaseNames(sql: string, names: ReadonlySet<string>): string {
  return tokenize(sql)
    .map((token) =>
      (token.kind === 'word' || token.kind === 'quoted') && names.has(identifierName(token)) ? token.text.toLowerCase() : token.text,
    )
    .join('')
}

/** The statements of a text, without their semicolons; `rest` is what follows the last semicolon and may still be being typed. */
export function splitStatements(sql: string): { statements: string[]; rest: string } {
  const statements: string[] = []
  let begin = 0
  for (const token of tokenize(sql)) {
    if (!isSymbol(token, ';')) continue
    statements.push(sql.slice(begin, token.start))
    begin = endOf(token)
  }
  return { statements: statements.filter(hasContent), rest: sql.slice(begin) }
}

/** Whether a text is more than white space and comments. */
export function hasContent(sql: string): boolean {
  return significant(tokenize(sql)).length > 0
}
