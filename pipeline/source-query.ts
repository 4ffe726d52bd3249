/** A row of the source, every value as PostgreSQL's own text. */
export type SourceRow = Readonly<Record<string, string | null>>

/**
 * Runs one query at the source. Parameters stand in it as `:name`, are texts, and are cast in the SQL; every column of the answer is cast to
 * text there: that is what both the RDS Data API and a driver give without loss.
 */
export type SourceQuery = (sql: string, parameters?: Readonly<Record<string, string>>) => Promise<readonly SourceRow[]>

/** A column that the query selects and that is never null. */
export function textOf(row: SourceRow, column: string): string {
  const value = row[column]
  if (value === undefined || value === null) throw new Error(`the query answered no ${column}`)
  return value
}

// What is quoted, in any of PostgreSQL's ways, holds no parameters; a cast's two colons are none either.
const lexical = /'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1|::|:([a-z_]\w*)/g

/**
 * SQL with its parameters by number, as drivers of PostgreSQL want them. Each `:name` becomes what `place` makes of its number.
 * @throws Error for a parameter that is not given
 */
export function positional(
  sql: string,
  parameters: Readonly<Record<string, unknown>>,
  place: (number: number, name: string) => string = (number) => `$${number}`,
): { text: string; names: string[] } {
  const names: string[] = []
  const text = sql.replaceAll(lexical, (token, _tag: string | undefined, name: string | undefined) => {
    if (name === undefined) return token
    if (!Object.hasOwn(parameters, name)) throw new Error(`the parameter :${name} is not given`)
    if (!names.includes(name)) names.push(name)
    return place(names.indexOf(name) + 1, name)
  })
  return { text, names }
}
