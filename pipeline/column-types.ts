import { type Codec, type Form, notSent, nullWhileStreaming, type TypeRow, typeRows, userDefinedRows } from './column-type-table.ts'
import { parseTypeText, type TypeHint } from './column-type-text.ts'

export type { Codec } from './column-type-table.ts'

/** A column's type at the source. */
export interface PostgresType {
  /** PostgreSQL's own text, as `format_type` prints it: `numeric(12,2)`, `timestamp(3) without time zone`, `text[]`, `public.mood`. */
  readonly text: string
  /** Canonical name without modifiers and array brackets: `numeric`, `timestamp without time zone`, `text`; for a domain its base type's name. */
  readonly name: string
  readonly kind: 'base' | 'enum' | 'domain' | 'composite' | 'range' | 'multirange'
  /** The numbers in parentheses: `[12, 2]`, `[3]`, `[]`. For a domain those of its base type. */
  readonly modifiers: readonly number[]
  readonly array: boolean
}

/** An Iceberg v2 type in the notation of S3 Tables: `int`, `decimal(12,2)`, `timestamptz`, `list<string>`. */
export type IcebergType = string

/**
 * A type from its text: what `format_type` prints, or a usual synonym (`varchar(50)`, `int4`, `timestamptz(3)`, `serial`).
 * @throws PipelineError `InvalidTables` for a text that is no type, and for a user-defined type without a hint of its kind.
 */
export function parsePostgresType(typeText: string, hint: TypeHint = {}): PostgresType {
  return parseTypeText(typeText, hint, (name) => Object.hasOwn(typeRows, name))
}

/** The Iceberg type that a column gets unless its declaration says otherwise. */
export function icebergTypeOf(type: PostgresType): IcebergType {
  return formsOf(type)[0]?.[0] ?? 'string'
}

/** The Iceberg types that a column may be declared with; the first is the default. */
export function allowedIcebergTypes(type: PostgresType): IcebergType[] {
  return formsOf(type).map(([icebergType]) => icebergType)
}

/** The codec for a column, or undefined where the type cannot become that Iceberg type. */
export function columnCodec(type: PostgresType, icebergType: IcebergType): Codec | undefined {
  return formsOf(type).find(([allowed]) => allowed === icebergType)?.[1]
}

/** One sentence for each thing that Debezium or Iceberg does not carry faithfully. */
export function typeWarnings(type: PostgresType): string[] {
  const row = rowOf(type)
  const doubtful = isNullWhenUnavailable(type) ? [nullWhenUnavailable] : []
  if (!type.array) return [...(row.warnings ?? []), ...doubtful]
  const ofDomain = type.kind === 'domain' && type.text.endsWith('[]') ? [domainArrayNotSent] : []
  return [
    'Debezium loses the elements of an array of more than one dimension, and where its indexes start',
    'an array that holds nothing but NULL fails as UnrepresentableValue: it looks like one of more than one dimension',
    ...doubtful,
    ...ofDomain,
    ...(row.warnings ?? []),
    ...(row.arrayWarnings ?? []),
  ]
}

/** Why Debezium sends no values of this type, always or while streaming; undefined where it does. One of the type's warnings. */
export function unsentReason(type: PostgresType): string | undefined {
  return typeWarnings(type).find((warning) => unsentWarnings.has(warning))
}

const domainArrayNotSent = 'Debezium does not send arrays of a domain: the Iceberg column stays null'
const unsentWarnings = new Set([notSent, nullWhileStreaming, domainArrayNotSent])

/** Whether one value can be so large that PostgreSQL stores it out of line: unless it changes, it is then missing from an update's event. */
export function isToastable(type: PostgresType): boolean {
  const { toastable = false } = rowOf(type)
  return type.array || (typeof toastable === 'function' ? toastable(type.modifiers) : toastable)
}

/**
 * Whether Debezium sends null, rather than its placeholder, for a value that is stored out of line and did not change. Without the row
 * before, a null in an update may then be a value.
 */
export function isNullWhenUnavailable(type: PostgresType): boolean {
  if (type.array) return !arraysWithPlaceholder.has(type.name)
  return nullScalars.has(type.name) || (type.name === 'bit' && isToastable(type))
}

const nullScalars = new Set(['path', 'polygon', 'bit varying'])
const arraysWithPlaceholder = new Set([
  'text',
  'character varying',
  'character',
  'bpchar',
  'json',
  'jsonb',
  'bytea',
  'integer',
  'bigint',
  'date',
  'uuid',
])
const nullWhenUnavailable =
  'an update that leaves the column null fails as UnavailableValue unless the replica identity is full: the null may stand for a large value that did not change'

/** Whether Iceberg allows the type for an identifier field. https://iceberg.apache.org/spec/#identifier-field-ids */
export function isIdentifierType(icebergType: IcebergType): boolean {
  return !/^(float|double|list<|map<|struct<)/.test(icebergType)
}

function formsOf(type: PostgresType): readonly Form[] {
  const { forms } = rowOf(type)
  const elements = typeof forms === 'function' ? forms(type.modifiers) : forms
  if (!type.array) return elements
  const lists = elements.map(([icebergType, codec]): Form => [`list<${icebergType}>`, `list<${codec}>`])
  return [...lists, ['string', 'json-text']]
}

function rowOf(type: PostgresType): TypeRow {
  const builtIn = type.kind === 'enum' || type.kind === 'composite' ? undefined : typeRows[type.name]
  return builtIn ?? userDefinedRows[type.kind]
}
