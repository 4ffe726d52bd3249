import { type FirehoseOperation, operationOf } from '../../pipeline/change-event.ts'
import { signalTable } from '../../pipeline/names.ts'
import type { ColumnPlan, TablePlan, TransformPlan } from '../../pipeline/transform-plan.ts'
import { encoderOf } from './codecs/codec.ts'
import type { Encoder } from './codecs/encoder.ts'

/** Where Firehose routes a row, and how it applies it. */
export interface Routing {
  readonly otfMetadata: {
    readonly destinationDatabaseName: string
    readonly destinationTableName: string
    readonly operation: FirehoseOperation
  }
}

export interface DeclaredColumn {
  readonly name: string
  /** `schema.table.column`, for messages. */
  readonly label: string
  readonly nameBytes: Uint8Array
  /** The Iceberg column has the same name, so a key can be copied. */
  readonly sameName: boolean
  /** `"name":` of the Iceberg column. */
  readonly keyText: string
  /** The same after a row's brace, and after a comma. */
  readonly openingKeyText: string
  readonly followingKeyText: string
  readonly encode: Encoder
  readonly isKey: boolean
  readonly isDecimal: boolean
  readonly mayBeAbsent: boolean
  readonly nullWhenUnavailable: boolean
}

/** A table of the plan, made ready for work. */
export interface DeclaredTable {
  /** `schema.table`, the table's name in messages and metrics. */
  readonly label: string
  readonly columns: readonly DeclaredColumn[]
  readonly indexOf: ReadonlyMap<string, number>
  /** Indexes into `columns`. */
  readonly key: readonly number[]
  /** Every other column as null: what follows the key in the row of a delete. */
  readonly deletedRest: string
  readonly captured: boolean
  readonly canDelete: boolean
  readonly isSignal: boolean
  readonly routing: Readonly<Record<FirehoseOperation, Routing>>
}

export interface DeclaredTables {
  /** The table with these names at the source. */
  find(schema: string, name: string): DeclaredTable | undefined
}

export function declaredTables(plan: TransformPlan): DeclaredTables {
  const tables = new Map(plan.tables.map((table) => [sourceName(table.schema, table.name), declaredTable(table, plan.namespace)]))
  const signal: TablePlan = { ...signalTable, iceberg: '', columns: [], key: [], capture: false }
  tables.set(sourceName(signal.schema, signal.name), { ...declaredTable(signal, plan.namespace), isSignal: true })
  return { find: (schema, name) => tables.get(sourceName(schema, name)) }
}

/** No identifier of PostgreSQL holds a zero byte. */
const sourceName = (schema: string, name: string) => `${schema}\0${name}`

function declaredTable(table: TablePlan, namespace: string): DeclaredTable {
  const label = `${table.schema}.${table.name}`
  const columns = table.columns.map((column, index) => declaredColumn(column, label, table.key.includes(index)))
  const rest = columns.filter((column) => !column.isKey).map((column) => `,${column.keyText}null`)
  const routing = (operation: FirehoseOperation): Routing => ({
    otfMetadata: { destinationDatabaseName: namespace, destinationTableName: table.iceberg, operation },
  })
  return {
    label,
    columns,
    indexOf: new Map(columns.map((column, index) => [column.name, index])),
    key: table.key,
    deletedRest: `${rest.join('')}}`,
    captured: table.capture !== false,
    canDelete: table.deletes !== false,
    isSignal: false,
    routing: { insert: routing('insert'), update: routing(operationOf.u), delete: routing(operationOf.d) },
  }
}

function declaredColumn(
  { name, as = name, codec, mayBeAbsent, nullWhenUnavailable }: ColumnPlan,
  table: string,
  isKey: boolean,
): DeclaredColumn {
  const keyText = `${JSON.stringify(as)}:`
  return {
    name,
    label: `${table}.${name}`,
    nameBytes: Buffer.from(name),
    sameName: as === name,
    keyText,
    openingKeyText: `{${keyText}`,
    followingKeyText: `,${keyText}`,
    encode: encoderOf(codec),
    isKey,
    isDecimal: codec.startsWith('decimal'),
    mayBeAbsent: mayBeAbsent === true,
    nullWhenUnavailable: nullWhenUnavailable === true,
  }
}
