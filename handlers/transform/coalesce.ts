import type { FirehoseOperation } from '../../pipeline/change-event.ts'
import type { Delivery } from './change.ts'
import type { DeclaredTable } from './declared-tables.ts'
import type { FirehoseRecord } from './firehose.ts'
import type { RowKey } from './row.ts'

/**
 * The deliverable changes of one batch, by row. Only the last change of a row is delivered, so that the order inside a batch cannot matter.
 * A change supersedes only while it is itself deliverable: withdrawn, it leaves its place to the one before.
 */
export class Coalescing {
  readonly #records: readonly FirehoseRecord[]
  readonly #lastOf = new Map<DeclaredTable, Map<RowKey, number>>()
  /** The table of the change that was added last, and its rows: most batches are about few tables. */
  #table: DeclaredTable | undefined
  #rows = new Map<RowKey, number>()
  /** Of each record the one before it among the changes of its row, or -1. */
  readonly #previous: Int32Array
  readonly #superseded: Uint8Array

  constructor(records: readonly FirehoseRecord[]) {
    this.#records = records
    this.#previous = new Int32Array(records.length).fill(-1)
    this.#superseded = new Uint8Array(records.length)
  }

  add(index: number, { table, key }: Delivery): void {
    if (key === undefined) return
    const rows = table === this.#table ? this.#rows : this.#rowsOf(table)
    const last = rows.get(key)
    if (last === undefined) rows.set(key, index)
    else if (isLater(this.#records, index, last)) {
      rows.set(key, index)
      this.#previous[index] = last
      this.#superseded[last] = 1
    } else {
      let later = last
      while (this.#previous[later] !== -1 && !isLater(this.#records, index, this.#previous[later]!)) later = this.#previous[later]!
      this.#previous[index] = this.#previous[later]!
      this.#previous[later] = index
      this.#superseded[index] = 1
    }
  }

  #rowsOf(table: DeclaredTable): Map<RowKey, number> {
    let rows = this.#lastOf.get(table)
    if (!rows) this.#lastOf.set(table, (rows = new Map()))
    this.#table = table
    this.#rows = rows
    return rows
  }

  isSuperseded(index: number): boolean {
    return this.#superseded[index] === 1
  }

  /** A row that changed before in the batch may be in the table: created again, it is an update. */
  operation(index: number, { operation }: Delivery): FirehoseOperation {
    return this.#previous[index] === -1 || operation === 'delete' ? operation : 'update'
  }

  /** Takes out the last change of a row. Returns the change that takes its place, or -1. */
  withdraw(index: number, { table, key }: Delivery): number {
    const previous = this.#previous[index]!
    if (key === undefined) return -1
    if (previous === -1) this.#lastOf.get(table)?.delete(key)
    else {
      this.#lastOf.get(table)?.set(key, previous)
      this.#superseded[previous] = 0
    }
    return previous
  }
}

/**
 * Whether record `a` comes after record `b` at the source: by Kafka's offsets where both lie in one partition (Firehose may hand over a
 * batch in another order), else by their places in the batch.
 */
function isLater(records: readonly FirehoseRecord[], a: number, b: number): boolean {
  const first = records[a]?.mskRecordMetadata
  const second = records[b]?.mskRecordMetadata
  if (first?.offset === undefined || second?.offset === undefined || first.partitionId !== second.partitionId) return a > b
  const difference = BigInt(first.offset) - BigInt(second.offset)
  return difference === 0n ? a > b : difference > 0n
}
