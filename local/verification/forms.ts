import { columnCodec, type PostgresType } from '../../pipeline/column-types.ts'
import { quoteIdentifier } from '../../pipeline/source-sql.ts'
import type { CapturedColumn } from '../../pipeline/tables.ts'

/**
 * How a column's values are made comparable: an SQL expression at each side that gives text, and what makes equal values equal text.
 * What a value should become is the type table's statement (`pipeline/column-types.ts`); this one is derived from PostgreSQL's and DuckDB's
 * own casts, not from the transform, so that it can tell when the transform is wrong.
 */
export interface ComparedColumn {
  readonly name: string
  readonly isKey: boolean
  /** Over the source's row; the session is `connectSource`'s. */
  readonly source: string
  /** Over the Iceberg table's row, for DuckDB. */
  readonly iceberg: string
  readonly normalize: (text: string) => string
  /** The same for sums that the databases make themselves; undefined: they cannot make equal values equal text. */
  readonly inSql: TextInSql | undefined
}

/** Expressions that give equal text for equal values at both sides, as they are. */
export interface TextInSql {
  readonly source: string
  readonly iceberg: string
  /** Whether the text is of digits and the like: a comma after it ends it. */
  readonly isPlain: boolean
}

interface Form {
  readonly source: (column: string) => string
  readonly iceberg: (column: string) => string
  readonly normalize: (text: string) => string
}

/** The column's comparison; a sentence where its values cannot be compared. */
export function comparedColumn(column: CapturedColumn, isKey: boolean): ComparedColumn | string {
  const codec = columnCodec(column.type, column.iceberg.type)
  if (codec === undefined) return `there is no way from ${column.type.text} to ${column.iceberg.type}`
  const form = formOf(codec, column.type)
  if (typeof form === 'string') return form
  const source = form.source(quoteIdentifier(column.name))
  const iceberg = form.iceberg(quoteIdentifier(column.iceberg.name))
  return { name: column.name, isKey, source, iceberg, normalize: form.normalize, inSql: textInSql(codec, form, column) }
}

/** Codecs whose text is a number, a date, an instant, hexadecimal digits or a word without a comma. */
const plainCodecs = new Set<string>(['int', 'long', 'boolean', 'date', 'time', 'timestamp', 'timestamptz', 'binary'])

function textInSql(codec: string, { source, iceberg, normalize }: Form, column: CapturedColumn): TextInSql | undefined {
  const name = quoteIdentifier(column.name)
  const text = { source: source(name), iceberg: iceberg(quoteIdentifier(column.iceberg.name)) }
  const isPlain = plainCodecs.has(codec)
  // PostgreSQL's cast is several times as fast as format().
  if (codec === 'int' || codec === 'long') return { ...text, source: `${name}::text`, isPlain }
  if (normalize === unchanged) return { ...text, isPlain }
  const [, scale] = /^decimal\(\d+,(\d+)\)$/.exec(codec) ?? []
  if (scale === undefined) return undefined
  return {
    source: `trim_scale(${name}::numeric)::text`,
    iceberg: Number(scale) === 0 ? text.iceberg : `rtrim(rtrim(${text.iceberg}, '0'), '.')`,
    isPlain: true,
  }
}

const unchanged = (text: string) => text
const varchar = (column: string) => `CAST(${column} AS VARCHAR)`
/** PostgreSQL's output of any type; a cast to text would cut the padding of `character(n)`. */
const output = (column: string) => `CASE WHEN ${column} IS NOT NULL THEN format('%s', ${column}) END`
const asText: Form = { source: output, iceberg: varchar, normalize: unchanged }

/** Microseconds of a finite date-time; infinity by its name. */
const microseconds = (column: string) =>
  `CASE WHEN isfinite(${column}) THEN trunc(extract(epoch FROM ${column}) * 1000000)::text ELSE ${column}::text END`
const microsecondsForm: Form = { source: microseconds, iceberg: (column) => `CAST(epoch_us(${column}) AS VARCHAR)`, normalize: unchanged }

/** By codec; what is not here is text at both sides. */
const plainForms: Readonly<Record<string, Form>> = {
  float: {
    source: (column) => `${column}::float8::text`,
    iceberg: (column) => `CAST(CAST(${column} AS DOUBLE) AS VARCHAR)`,
    normalize: shortestNumber,
  },
  date: {
    source: (column) => `CASE WHEN isfinite(${column}) THEN (${column} - DATE '1970-01-01')::text ELSE ${column}::text END`,
    iceberg: (column) => `CAST(date_diff('day', DATE '1970-01-01', ${column}) AS VARCHAR)`,
    normalize: unchanged,
  },
  time: {
    source: (column) => `trunc(extract(epoch FROM ${column}) * 1000000)::text`,
    iceberg: (column) => `CAST(epoch_us(${column}) AS VARCHAR)`,
    normalize: unchanged,
  },
  timestamp: microsecondsForm,
  timestamptz: microsecondsForm,
  'timetz-text': { ...asText, source: (column) => `(${column} AT TIME ZONE 'UTC')::text` },
}

function formOf(codec: string, type: PostgresType): Form | string {
  const element = /^list<(.+)>$/.exec(codec)?.[1]
  // What an array of arrays loses on its way is a difference, and is found as one.
  if (element !== undefined) return listForm(formOf(element, { ...type, array: false }))
  const plain = plainForms[codec]
  if (plain) return plain
  if (codec === 'json-text') return 'it is carried as JSON text of what Debezium makes of it, which PostgreSQL has no form for'
  if (codec === 'boolean')
    return type.name === 'bit'
      ? { ...asText, source: (column) => `(${column} = B'1')::text` }
      : { ...asText, source: (column) => `${column}::text` }
  if (codec === 'binary') {
    if (type.name !== 'bytea') return 'Debezium sends its bits as bytes without their number'
    return { source: (column) => `encode(${column}, 'hex')`, iceberg: (column) => `lower(hex(${column}))`, normalize: unchanged }
  }
  if (codec.startsWith('decimal(')) {
    return { ...asText, source: (column) => `${column}::numeric::text`, normalize: shortestDecimal }
  }
  return asText
}

function listForm(element: Form | string): Form | string {
  if (typeof element === 'string') return element
  return {
    source: (column) =>
      `CASE WHEN ${column} IS NOT NULL THEN coalesce((SELECT json_agg(${element.source('e')} ORDER BY i) FROM unnest(${column}) WITH ORDINALITY AS u(e, i)), '[]')::text END`,
    iceberg: (column) => `CAST(to_json(list_transform(${column}, lambda e: ${element.iceberg('e')})) AS VARCHAR)`,
    normalize: (list: string) => {
      const elements: unknown = JSON.parse(list)
      return JSON.stringify(
        Array.isArray(elements) ? elements.map((item) => (typeof item === 'string' ? element.normalize(item) : item)) : elements,
      )
    },
  }
}

/** Both sides print a double so that it can be read back, in different ways; -0 stays apart from 0. */
function shortestNumber(text: string): string {
  const number = Number(text.replace(/inf$/, 'Infinity'))
  return Object.is(number, -0) ? '-0' : Number.isNaN(number) ? text.toLowerCase() : String(number)
}

/** `1.10` → `1.1`: the scale is the column's, not the value's. */
function shortestDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
