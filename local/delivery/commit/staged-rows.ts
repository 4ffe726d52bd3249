import {
  BIGINT,
  BLOB,
  blobValue,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  UTINYINT,
} from '@duckdb/node-api'
import { duckdbType, type IcebergColumn, quoteIdentifier } from '../../iceberg/iceberg-type.ts'

/** Firehose's operations, by the number under which a staged row carries one. */
export const operations = ['insert', 'update', 'delete'] as const
export type Operation = (typeof operations)[number]

/** A row that waits for its batch to be committed. */
export interface StagedRow {
  readonly values: readonly DuckDBValue[]
  readonly operation: Operation
  readonly partition: number
  readonly offset: bigint
  readonly arrivalMs: number
  /** The transformed record: what the error bucket gets if the table refuses the row after all. */
  readonly record: Buffer
}

/** Columns after the table's own, which are named c0, c1, …: names of the table could be anything. */
export const stagedExtras = '_operation UTINYINT, _ordinal BIGINT, _partition INTEGER, _offset BIGINT, _arrival BIGINT, _record BLOB'
const extraTypes: readonly DuckDBType[] = [UTINYINT, BIGINT, INTEGER, BIGINT, BIGINT, BLOB]

export function stagedColumn(index: number): string {
  return `c${index}`
}

/** Rows per chunk: DuckDB's vector size. */
const chunkRows = 2048

/** Rows of one table of one batch, in a table of DuckDB's own memory. */
export class StagedRows {
  readonly name: string
  private readonly appender: DuckDBAppender
  private readonly types: readonly DuckDBType[]
  private readonly columns: DuckDBValue[][]
  private readonly width: number
  rowCount = 0
  hasKeyOperations = false

  private constructor(name: string, appender: DuckDBAppender, width: number) {
    this.name = name
    this.appender = appender
    this.width = width
    this.types = [...Array.from({ length: width }, (_, index) => appender.columnType(index)), ...extraTypes]
    this.columns = Array.from({ length: width + extraTypes.length }, () => [])
  }

  static async create(connection: DuckDBConnection, name: string, columns: readonly IcebergColumn[]): Promise<StagedRows> {
    const own = columns.map((column, index) => `${stagedColumn(index)} ${duckdbType(column.type)}`)
    await connection.run(`CREATE TABLE memory.main.${quoteIdentifier(name)} (${[...own, stagedExtras].join(', ')})`)
    return new StagedRows(name, await connection.createAppender(name, 'main', 'memory'), columns.length)
  }

  add(row: StagedRow): void {
    const { columns, width } = this
    for (let index = 0; index < width; index += 1) columns[index]!.push(row.values[index]!)
    const operation = operations.indexOf(row.operation)
    const extras: readonly DuckDBValue[] = [
      operation,
      BigInt(this.rowCount),
      row.partition,
      row.offset,
      BigInt(row.arrivalMs),
      blobValue(row.record),
    ]
    for (let index = 0; index < extras.length; index += 1) columns[width + index]!.push(extras[index]!)
    this.rowCount += 1
    if (operation > 0) this.hasKeyOperations = true
    if ((columns[0]?.length ?? 0) === chunkRows) this.flushChunk()
  }

  /** After this the rows can be read by SQL. */
  finish(): void {
    this.flushChunk()
    this.appender.closeSync()
  }

  private flushChunk(): void {
    const count = this.columns[0]?.length ?? 0
    if (count === 0) return
    const chunk = DuckDBDataChunk.create(this.types, count)
    chunk.setColumns(this.columns)
    this.appender.appendDataChunk(chunk)
    for (const values of this.columns) values.length = 0
  }
}

/** Frees the memory of rows that are delivered. */
export async function dropStaged(connection: DuckDBConnection, name: string): Promise<void> {
  await connection.run(`DROP TABLE memory.main.${quoteIdentifier(name)}`)
}
