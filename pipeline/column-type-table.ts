import type { IcebergType, PostgresType } from './column-types.ts'

/**
 * How the JSON value of a change event becomes the JSON value that Firehose takes for the column's Iceberg type
 * (`handlers/transform/codecs.ts` implements each). `decimal(p,s)` has its Iceberg type's numbers, `numeric(s)` the scale that
 * PostgreSQL prints, `bits(n)` the length, `list<…>` its elements' codec.
 */
export type Codec =
  | 'text'
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'numeric'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'binary'
  | 'real-text'
  | 'double-text'
  | 'date-text'
  | 'time-text'
  | 'timetz-text'
  | 'timestamp-text'
  | 'timestamptz-text'
  | 'interval-text'
  | 'bytea-text'
  | 'hstore-text'
  | 'json-text'
  | `decimal(${number},${number})`
  | `numeric(${number})`
  | `bits(${number})`
  | `list<${string}>`

/** One Iceberg form of a type and the codec that leads there. */
export type Form = readonly [IcebergType, Codec]

export interface TypeRow {
  /** The Iceberg types that hold every value, or fail by name on those they cannot; the first is the default. */
  readonly forms: readonly Form[] | ((modifiers: readonly number[]) => readonly Form[])
  /** A value alone can be so large (2 kB) that PostgreSQL stores it out of line. */
  readonly toastable?: boolean | ((modifiers: readonly number[]) => boolean)
  /** What Debezium or Iceberg does not carry faithfully. */
  readonly warnings?: readonly string[]
  /** The same, inside an array. */
  readonly arrayWarnings?: readonly string[]
}

const text: readonly Form[] = [['string', 'text']]
const unrepresentable = (values: string) =>
  `${values} has no value in Iceberg: such a row fails as UnrepresentableValue (as "string" it does not)`
const infinity = unrepresentable('infinity')
const notFinite = unrepresentable('NaN or infinity')
const snapshotDates = "Debezium's initial snapshot reads dates before Christ as dates after Christ (streaming does not)"
const nullInArray = 'Debezium sends null for such an array'
/** Warnings that say that a value of the type does not arrive, always or while streaming. */
export const notSent = 'Debezium does not send columns of this type: the Iceberg column stays null'
export const nullWhileStreaming = 'Debezium sends null for this type while streaming (the initial snapshot has the value)'

/** Every type of PostgreSQL that Debezium knows, and what becomes of it. */
export const typeRows: Readonly<Record<string, TypeRow>> = {
  smallint: {
    forms: [
      ['int', 'int'],
      ['long', 'long'],
    ],
  },
  integer: {
    forms: [
      ['int', 'int'],
      ['long', 'long'],
    ],
  },
  bigint: { forms: [['long', 'long']] },
  oid: { forms: [['long', 'long']] },
  numeric: { forms: numericForms, arrayWarnings: ['Debezium sends null for an array that holds NaN'] },
  money: { forms: [['decimal(19,2)', 'decimal(19,2)']], arrayWarnings: [notSent] },
  real: {
    forms: [
      ['float', 'float'],
      ['string', 'real-text'],
    ],
    warnings: [notFinite],
  },
  'double precision': {
    forms: [
      ['double', 'float'],
      ['string', 'double-text'],
    ],
    warnings: [notFinite],
  },
  boolean: { forms: [['boolean', 'boolean']] },
  bit: {
    forms: ([length = 1]) =>
      length === 1
        ? [['boolean', 'boolean']]
        : [
            ['string', `bits(${length})`],
            ['binary', 'binary'],
          ],
    toastable: ([length = 1]) => length > 16_000,
    arrayWarnings: [nullInArray],
  },
  'bit varying': {
    forms: [['binary', 'binary']],
    toastable: true,
    warnings: ["Debezium loses the value's length: B'1' and B'0001' are the same bytes"],
    arrayWarnings: [notSent],
  },
  character: { forms: text, toastable: ([length = 1]) => length * 4 > 2000 },
  'character varying': { forms: text, toastable: ([length = Infinity]) => length * 4 > 2000 },
  bpchar: { forms: text, toastable: true },
  text: { forms: text, toastable: true },
  citext: { forms: text, toastable: true },
  '"char"': { forms: text },
  name: {
    forms: text,
    warnings: [nullWhileStreaming],
    arrayWarnings: [notSent],
  },
  uuid: {
    forms: [
      ['string', 'text'],
      ['uuid', 'text'],
    ],
  },
  json: { forms: text, toastable: true },
  jsonb: { forms: text, toastable: true },
  xml: { forms: text, toastable: true },
  hstore: { forms: [['string', 'hstore-text']], toastable: true },
  ltree: { forms: text, toastable: true },
  tsvector: { forms: text, toastable: true },
  bytea: {
    forms: [
      ['binary', 'binary'],
      ['string', 'bytea-text'],
    ],
    toastable: true,
  },
  date: {
    forms: [
      ['date', 'date'],
      ['string', 'date-text'],
    ],
    warnings: [infinity, snapshotDates],
  },
  'time without time zone': {
    forms: [
      ['string', 'time-text'],
      ['time', 'time'],
    ],
    arrayWarnings: ['Debezium cuts the elements to milliseconds'],
  },
  'time with time zone': { forms: [['string', 'timetz-text']], warnings: ['Debezium sends it in UTC: the offset is lost'] },
  'timestamp without time zone': {
    forms: [
      ['timestamp', 'timestamp'],
      ['string', 'timestamp-text'],
    ],
    warnings: [infinity, snapshotDates],
  },
  'timestamp with time zone': {
    forms: [
      ['timestamptz', 'timestamptz'],
      ['string', 'timestamptz-text'],
    ],
    warnings: [infinity],
  },
  interval: {
    forms: [['string', 'interval-text']],
    warnings: ['Debezium sends infinity as an interval of no length'],
    arrayWarnings: [notSent],
  },
  inet: { forms: text },
  cidr: { forms: text },
  macaddr: { forms: text },
  macaddr8: { forms: text },
  ...each(['int4range', 'int8range', 'numrange', 'tsrange', 'tstzrange', 'daterange'], { forms: text }),
  ...each(['point', 'line', 'lseg', 'box', 'circle'], { forms: [['string', 'json-text']], arrayWarnings: [notSent] }),
  ...each(['path', 'polygon'], { forms: [['string', 'json-text']], toastable: true, arrayWarnings: [notSent] }),
  ...each(['int4multirange', 'int8multirange', 'nummultirange', 'tsmultirange', 'tstzmultirange', 'datemultirange'], {
    forms: text,
    warnings: [notSent],
  }),
  ...each(['tsquery', 'pg_lsn', 'xid', 'xid8', 'cid', 'tid', 'jsonpath', 'pg_snapshot', 'txid_snapshot', 'int2vector', 'oidvector'], {
    forms: text,
    warnings: [notSent],
  }),
  ...each(
    ['regclass', 'regtype', 'regproc', 'regprocedure', 'regoper', 'regoperator', 'regrole', 'regnamespace', 'regconfig', 'regdictionary'],
    { forms: text, warnings: [notSent] },
  ),
}

/** Types that are not PostgreSQL's own, by their kind. */
export const userDefinedRows: Readonly<Record<PostgresType['kind'], TypeRow>> = {
  enum: { forms: text, arrayWarnings: ['Debezium sends null for an array that holds NULL'] },
  range: { forms: text, toastable: true, warnings: [notSent] },
  domain: { forms: text, toastable: true },
  base: {
    forms: text,
    toastable: true,
    warnings: ['a type that Debezium may not know: if it does not send the column, it stays null in Iceberg'],
  },
  composite: { forms: text, toastable: true, warnings: [notSent] },
  multirange: { forms: text, toastable: true, warnings: [notSent] },
}

/** Iceberg's decimal has at most 38 digits; PostgreSQL's scale may be negative, or larger than the precision. */
function numericForms([precision, scale = 0]: readonly number[]): readonly Form[] {
  if (precision === undefined) {
    const scales = Array.from({ length: 39 }, (_, s): Form => [`decimal(38,${s})`, `decimal(38,${s})`])
    return [['string', 'numeric'], ...scales]
  }
  const digits = scale < 0 ? precision - scale : Math.max(precision, scale)
  const places = Math.max(scale, 0)
  const asText: Form = ['string', `numeric(${places})`]
  return digits > 38 ? [asText] : [[`decimal(${digits},${places})`, `decimal(${digits},${places})`], asText]
}

function each(names: readonly string[], row: TypeRow): Record<string, TypeRow> {
  return Object.fromEntries(names.map((name) => [name, row]))
}
