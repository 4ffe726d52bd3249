import type { Codec } from './column-types.ts'
import { columnCodec, isNullWhenUnavailable } from './column-types.ts'
import { PipelineError } from './errors.ts'
import { type CapturedTable, currentTables } from './tables.ts'

export interface TransformSettings {
  /** The Iceberg namespace, which Firehose calls the database. */
  readonly namespace: string
  /** Firehose's operation for created rows: `update` is safe to repeat, `insert` appends and leaves duplicates on replay. */
  readonly creates: 'update' | 'insert'
  /** What becomes of a truncate: a named failure, or dropped. Rows stay in Iceberg either way. */
  readonly truncates: 'fail' | 'drop'
}

/** All that the transform knows: plain JSON, so that it can stand in the bundle as a literal. */
export interface TransformPlan extends TransformSettings {
  readonly tables: readonly TablePlan[]
}

export interface TablePlan {
  readonly schema: string
  readonly name: string
  /** Name of the Iceberg table. */
  readonly iceberg: string
  readonly columns: readonly ColumnPlan[]
  /** Indexes into `columns`, in the order of the primary key. */
  readonly key: readonly number[]
  /** Not true: late change events are dropped. */
  readonly capture?: false
  /** Deletes carry an index that need not be the primary key: Debezium then invents the key. */
  readonly deletes?: false
}

export interface ColumnPlan {
  readonly name: string
  /** Name of the Iceberg column where it is not the same. */
  readonly as?: string
  readonly codec: Codec
  /** Known to be missing from some change events: added to a table that had rows, or dropped at the source. */
  readonly mayBeAbsent?: true
  /** In an update without the row before, null may stand for a value that did not change. */
  readonly nullWhenUnavailable?: true
}

/**
 * The compiled declaration of the tables, for the bundle of the transform.
 * @throws PipelineError `InvalidTables` where a column's Iceberg type does not hold its PostgreSQL type.
 */
export function transformPlan(tables: readonly CapturedTable[], settings: TransformSettings): TransformPlan {
  const { namespace, creates, truncates } = settings
  return { namespace, creates, truncates, tables: currentTables(tables).map(tablePlan) }
}

function tablePlan(table: CapturedTable): TablePlan {
  const { schema, name, iceberg, columns, primaryKey, replicaIdentity, capture } = table
  return {
    schema,
    name,
    iceberg,
    columns: columns.map((column): ColumnPlan => {
      const codec = columnCodec(column.type, column.iceberg.type)
      if (codec === undefined) {
        throw new PipelineError(
          'InvalidTables',
          `${schema}.${name}: column "${column.name}" (${column.type.text}) cannot become ${column.iceberg.type}`,
        )
      }
      return {
        name: column.name,
        ...(column.iceberg.name !== column.name && { as: column.iceberg.name }),
        codec,
        ...((column.added || column.dropped) && { mayBeAbsent: true as const }),
        ...(isNullWhenUnavailable(column.type) && { nullWhenUnavailable: true as const }),
      }
    }),
    key: primaryKey.map((key) => columns.findIndex((column) => column.name === key)),
    ...(!capture && { capture: false as const }),
    ...(replicaIdentity === 'index' && { deletes: false as const }),
  }
}
