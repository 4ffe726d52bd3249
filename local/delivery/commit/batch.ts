import type { IcebergColumn } from '../../iceberg/iceberg-type.ts'
import type { FailedRecord } from './failed-records.ts'

/** One table's share of a batch, as the journal keeps it. */
export interface BatchTable {
  readonly namespace: string
  readonly table: string
  /** The table's columns when the rows were staged; staged columns are c0, c1, … in this order. */
  readonly columns: readonly IcebergColumn[]
  /** Names of the key columns. Empty: only inserts. */
  readonly keys: readonly string[]
  readonly errorOutputPrefix: string | undefined
  readonly rowCount: number
  /** Of the transformed records. */
  readonly bytes: number
  /** False: nothing but inserts, nothing to delete. */
  readonly hasKeyOperations: boolean
  /** Table in DuckDB's memory; after a restart it is filled from the journal. */
  readonly stagedName: string
}

/** Everything that becomes of a range of offsets: nothing of it has been done yet, or all of it can be done again. */
export interface Batch {
  readonly id: string
  /** For every partition of the stream the offset after the batch, as text: what is below is delivered once the batch is. */
  readonly nextOffsets: Readonly<Record<string, string>>
  readonly recordCount: number
  readonly oldestArrivalMs: number
  readonly tables: readonly BatchTable[]
  readonly failed: readonly FailedRecord[]
}
