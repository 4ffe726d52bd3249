import { columnCodec } from './column-types.ts'
import { quoteIdentifier } from './source-sql.ts'
import type { CapturedColumn, CapturedTable } from './tables.ts'

/** How the values of a key column are compared: by a text that Athena makes of the Iceberg column, and that PostgreSQL makes a value of. */
export interface KeyForm {
  /** Athena's expression of the text. */
  readonly iceberg: string
  /** PostgreSQL's condition that the column has the value of a text; `column` is quoted. */
  readonly matches: (column: string, text: string) => string
}

/** The forms of a table's key, in its order; undefined where one of its columns has none: what Iceberg holds of it cannot be made the value again. */
export function keyForms(table: CapturedTable): KeyForm[] | undefined {
  const forms = table.primaryKey.map((key) => table.columns.find(({ name }) => name === key)).map((column) => column && keyForm(column))
  const known = forms.filter((form) => form !== undefined)
  return known.length === forms.length && known.length > 0 ? known : undefined
}

function keyForm({ type, iceberg }: CapturedColumn): KeyForm | undefined {
  const codec = columnCodec(type, iceberg.type)
  const name = quoteIdentifier(iceberg.name)
  const plain = iceberg.type === 'string' ? name : `CAST(${name} AS varchar)`
  if (codec === undefined || type.array || codec.startsWith('list<') || codec === 'json-text') return undefined
  if (codec === 'binary') {
    // Bits come as bytes without their number.
    return type.name === 'bytea'
      ? { iceberg: `to_hex(${name})`, matches: (column, text) => `${column} = decode(${text}, 'hex')` }
      : undefined
  }
  if (codec === 'boolean' && type.name === 'bit')
    return { iceberg: plain, matches: (column, text) => `${column} = CASE WHEN (${text})::boolean THEN B'1' ELSE B'0' END` }
  // Debezium sends it in UTC, and PostgreSQL tells two zones of one instant apart.
  if (codec === 'timetz-text')
    return { iceberg: plain, matches: (column, text) => `(${column} AT TIME ZONE 'UTC') = (${text})::time with time zone` }
  const cast = type.name === 'money' ? 'numeric::money' : type.text
  return { iceberg: plain, matches: (column, text) => `${column} = (${text})::${cast}` }
}

/** PostgreSQL's condition that a row of the table (`row` names it) has the key, a JSON list of texts. */
export function keyCondition(table: CapturedTable, forms: readonly KeyForm[], row: string, key: string): string {
  return forms
    .map(({ matches }, index) => matches(`${row}.${quoteIdentifier(table.primaryKey[index] ?? '')}`, `${key}::json->>${index}`))
    .join(' AND ')
}
