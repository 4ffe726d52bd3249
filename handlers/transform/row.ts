import { PipelineError } from '../../pipeline/errors.ts'
import { unavailableValue } from './codecs/unavailable.ts'
import type { DeclaredColumn, DeclaredTable } from './declared-tables.ts'
import { RowBuffer } from './row-buffer.ts'
import { isSame } from './scan/bytes.ts'
import type { Members } from './scan/envelope.ts'
import { decodeString, valueKind } from './scan/json-scan.ts'

/** Columns of a row image that are not as declared; each is counted. */
export interface ColumnObserver {
  /** The row image has a column that the table does not declare: it is left out. */
  unknownColumn(table: DeclaredTable, column: string): void
  /** The row image lacks a declared column: it is null. */
  absentColumn(table: DeclaredTable, column: string): void
}

/** Equal for equal primary keys of a table. A small integer is its own key. */
export type RowKey = string | number

/** Which columns the members of a row image are. */
export interface ColumnMatch {
  /** Of each member the index of its column; -1: not declared, or given again later. */
  readonly columnOf: Int32Array
  /** Of each column the index of its member, or -1. */
  readonly memberOf: Int32Array
  /** The members are the table's columns, under the Iceberg columns' names and in their order. */
  readonly inOrder: boolean
  /** Names of members that are no columns of the table. */
  readonly unknown: readonly string[]
  /** Members in which an update's null may stand for a value that did not change. */
  readonly doubtful: readonly number[]
}

/** Finds the columns of a row image's members. Of equal keys the last counts, as for `JSON.parse`. */
export function matchColumns(bytes: Buffer, { spans, count }: Members, { columns, indexOf }: DeclaredTable): ColumnMatch {
  const columnOf = new Int32Array(count)
  const memberOf = new Int32Array(columns.length).fill(-1)
  const unknown: string[] = []
  let inOrder = count === columns.length
  for (let k = 0, next = 0; k < count; k++) {
    const start = spans[5 * k]!
    const end = spans[5 * k + 1]!
    const expected = columns[next]
    let found = next
    if (expected === undefined || !isSame(bytes, start, end, expected.nameBytes)) {
      inOrder = false
      const name = end < 0 ? decodeString(bytes, start, ~end) : bytes.toString('utf8', start, end)
      found = indexOf.get(name) ?? -1
      if (found === -1) unknown.push(name)
    } else if (!expected.sameName) inOrder = false
    columnOf[k] = found
    if (found === -1) continue
    const earlier = memberOf[found]!
    if (earlier !== -1) columnOf[earlier] = -1
    memberOf[found] = k
    next = found + 1
  }
  const doubtful = [...columnOf.keys()].filter((k) => columns[columnOf[k]!]?.nullWhenUnavailable)
  return { columnOf, memberOf, inOrder, unknown, doubtful }
}

/** Encodes row images as Firehose takes rows: a JSON object with every column of the Iceberg table, in base64. Serves record after record. */
export class RowEncoder {
  /** Of the row that was encoded last; undefined where the table has no primary key. */
  key: RowKey | undefined
  readonly #observer: ColumnObserver
  readonly #out = new RowBuffer()
  /** Of each member the JSON text that replaces its value. */
  readonly #texts: (string | undefined)[] = []

  constructor(observer: ColumnObserver) {
    this.#observer = observer
  }

  /**
   * The row of a row image: its bytes, but for columns whose form must change, are missing, or are not declared.
   * @throws PipelineError `MissingKey`, or what the columns' encoders throw.
   */
  encode(bytes: Buffer, image: Members, table: DeclaredTable, match: ColumnMatch): string {
    const { columnOf, memberOf, inOrder, unknown } = match
    const { columns } = table
    const { spans, count } = image
    const texts = this.#texts
    let changed = false
    for (let k = 0; k < count; k++) {
      texts[k] = undefined
      const index = columnOf[k]!
      const kind = spans[5 * k + 4]!
      if (index === -1 || kind === valueKind.null) continue
      const column = columns[index]!
      const text = column.encode(bytes, spans[5 * k + 2]!, spans[5 * k + 3]!, kind, column.label)
      if (text === undefined) continue
      texts[k] = text
      changed = true
    }
    this.key = this.#keyOf(bytes, image, table, memberOf)
    if (inOrder && !changed) return bytes.toString('base64', image.start, image.end)
    for (const name of unknown) this.#observer.unknownColumn(table, name)
    this.#assemble(bytes, image, table, match)
    return this.#out.base64()
  }

  /**
   * Refuses an update without the row before that has null where the null may stand for a value.
   * @throws PipelineError `UnavailableValue`
   */
  refuseDoubtful({ spans }: Members, table: DeclaredTable, { columnOf, doubtful }: ColumnMatch): void {
    for (const k of doubtful) if (spans[5 * k + 4] === valueKind.null) throw unavailableValue(table.columns[columnOf[k]!]!.label)
  }

  /**
   * The row of a delete: the key columns of the image, every other column null (Debezium fills columns that must not be null with
   * invented values).
   * @throws PipelineError `MissingKey`, or what the columns' encoders throw.
   */
  encodeDelete(bytes: Buffer, image: Members, table: DeclaredTable, { memberOf }: ColumnMatch): string {
    const { spans } = image
    const out = this.#out
    const texts = this.#texts
    out.clear()
    for (let k = 0; k < table.key.length; k++) {
      const index = table.key[k]!
      const member = memberOf[index]!
      const column = table.columns[index]!
      if (member === -1 || spans[5 * member + 4] === valueKind.null) throw missingKey(column)
      const start = spans[5 * member + 2]!
      const end = spans[5 * member + 3]!
      const text = column.encode(bytes, start, end, spans[5 * member + 4]!, column.label)
      texts[member] = text
      out.text(k === 0 ? column.openingKeyText : column.followingKeyText)
      if (text === undefined) out.span(bytes, start, end)
      else out.text(text)
    }
    out.text(table.deletedRest)
    this.key = this.#keyOf(bytes, image, table, memberOf)
    return out.base64()
  }

  #keyOf(bytes: Buffer, { spans }: Members, table: DeclaredTable, memberOf: Int32Array): RowKey | undefined {
    let key: RowKey | undefined
    for (const index of table.key) {
      const k = memberOf[index]!
      const column = table.columns[index]!
      if (k === -1 || spans[5 * k + 4] === valueKind.null) throw missingKey(column)
      const value = keyValue(this.#texts[k], bytes, spans[5 * k + 2]!, spans[5 * k + 3]!, spans[5 * k + 4]!, column)
      key = key === undefined ? value : `${key},${value}`
    }
    return key
  }

  /** Copies the image in runs, broken only where something must differ. */
  #assemble(bytes: Buffer, { spans, count }: Members, table: DeclaredTable, { columnOf, memberOf }: ColumnMatch): void {
    const out = this.#out
    out.clear()
    out.text('{')
    let isFirst = true
    // The pending run is bytes[from…to); -1: there is none, a separator is due.
    let from = -1
    let to = 0
    for (let k = 0; k < count; k++) {
      const index = columnOf[k]!
      if (index === -1) {
        if (from !== -1) out.span(bytes, from, to)
        from = -1
        continue
      }
      const column = table.columns[index]!
      const copiesKey = column.sameName && spans[5 * k + 1]! >= 0
      if (from === -1 || !copiesKey) {
        if (from !== -1) out.span(bytes, from, to)
        if (!isFirst) out.text(',')
        if (!copiesKey) out.text(column.keyText)
        from = copiesKey ? spans[5 * k]! - 1 : spans[5 * k + 2]!
      }
      isFirst = false
      const text = this.#texts[k]
      to = spans[5 * k + 3]!
      if (text === undefined) continue
      out.span(bytes, from, spans[5 * k + 2]!)
      out.text(text)
      from = to
    }
    if (from !== -1) out.span(bytes, from, to)
    for (let index = 0; index < memberOf.length; index++) {
      if (memberOf[index] !== -1) continue
      const column = table.columns[index]!
      if (!column.mayBeAbsent) this.#observer.absentColumn(table, column.name)
      out.text(`${isFirst ? '' : ','}${column.keyText}null`)
      isFirst = false
    }
    out.text('}')
  }
}

function missingKey(column: DeclaredColumn): PipelineError {
  return new PipelineError(
    'MissingKey',
    `${column.label}: the change event has no value for this column of the primary key: compare the declared key with the source's`,
  )
}

/** A key column's value, equal for equal values however they are written. */
function keyValue(text: string | undefined, bytes: Buffer, start: number, end: number, kind: number, column: DeclaredColumn): RowKey {
  if (text === undefined && kind === valueKind.integer && end - start <= 15) return smallInteger(bytes, start, end)
  if (kind === valueKind.escaped) return JSON.stringify(JSON.parse(text ?? bytes.toString('utf8', start, end)))
  const value = text ?? bytes.toString('utf8', start, end)
  return column.isDecimal && value.includes('.') ? value.replace(/\.?0*"$/, '"') : value
}

/** At most 15 bytes of an integer: no digit is lost. */
function smallInteger(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === 45
  let value = 0
  for (let i = isNegative ? start + 1 : start; i < end; i++) value = value * 10 + bytes[i]! - 48
  return isNegative ? -value : value
}
