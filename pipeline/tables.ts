import type { IcebergType, PostgresType } from './column-types.ts'

/** What the source writes to the WAL of an updated or deleted row (PostgreSQL's `REPLICA IDENTITY`). */
export type ReplicaIdentity = 'default' | 'full' | 'nothing' | 'index'

/** A table of `tables.json` with everything derived: names, types and defaults are filled in, and the whole is consistent. */
export interface CapturedTable {
  readonly schema: string
  readonly name: string
  /** Name of the Iceberg table in the namespace, lower case. */
  readonly iceberg: string
  /** In the order of the declaration, which is the order of the Iceberg table's creation. */
  readonly columns: readonly CapturedColumn[]
  /** Column names at the source, in the order of the key. Empty: the table has none and only receives inserts. */
  readonly primaryKey: readonly string[]
  readonly replicaIdentity: ReplicaIdentity
  /** False: no longer captured; its late change events are dropped and the Iceberg table stays. */
  readonly capture: boolean
}

export interface CapturedColumn {
  /** At the source, case kept. */
  readonly name: string
  readonly type: PostgresType
  readonly nullable: boolean
  readonly iceberg: { readonly name: string; readonly type: IcebergType }
  /** Added after the Iceberg table was created: not in the schema of its creation. */
  readonly added: boolean
  /** Dropped at the source: stays in the Iceberg table as null. */
  readonly dropped: boolean
}
