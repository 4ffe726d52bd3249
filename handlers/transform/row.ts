import { PipelineError } from '../../pipeline/errors.ts'
import type { DeclaredColumn, DeclaredTable } from './declared-tables.ts'
import { decodeKey, isSame, type Members, valueKind } from './envelope.ts'
import { RowBuffer } from './row-buffer.ts'

/** Columns of a row image that are not as declared; each is counted. */
export interface ColumnObserver {
  /** The row image has a column that the table does not declare: it is left out. */
  unknownColumn(table: DeclaredTable, column: string): void
  /** The row image lacks a declared column: it is null. */
  absentColumn(table: DeclaredTable, column: string): void
}

/** A row as Firehose takes it: a JSON object with every column of the Iceberg table, in base64. */
export interface Row {
  readonly base64: string
  /** Equal for equal primary keys; undefined where the table has none. */
  readonly key: string | undefined
}

/** Encodes row images; one encoder serves record after record. */
export class RowEncoder {
  readonly #observer: ColumnObserver
  readonly #out = new RowBuffer()
  /** Of each member of the image the index of its column; -1: not declared, or given again later. */
  #columnOf = new Int32Array(64)
  /** Of each column the index of its member, or -1. */
  #memberOf = new Int32Array(64)
  /** Of each member the JSON text that replaces its value. */
  readonly #texts: (string | undefined)[] = []

  constructor(observer: ColumnObserver) {
    this.#observer = observer
  }

  /**
   * The row of a row image: its bytes, but for columns whose form must change, are missing, or are not declared.
   * @throws PipelineError `MissingKey`, or what the columns' encoders throw.
   */
  encode(bytes: Buffer, image: Members, table: DeclaredTable): Row {
    const inOrder = this.#match(bytes, image, table)
    const changed = this.#encodeValues(bytes, image, table)
    const key = this.#keyOf(bytes, image, table)
    if (inOrder && !changed) return { base64: bytes.toString('base64', image.start, image.end), key }
    this.#assemble(bytes, image, table)
    return { base64: this.#out.base64(), key }
  }

  /**
   * The row of a delete: the key columns of the image, every other column null (Debezium fills columns that must not be null with
   * invented values).
   * @throws PipelineError `MissingKey`, or what the columns' encoders throw.
   */
  encodeDelete(bytes: Buffer, image: Members, table: DeclaredTable): Row {
    this.#match(bytes, image, table, true)
    const key = this.#encodeKeyValues(bytes, image, table)
    const out = this.#out
    out.clear()
    for (let k = 0; k < table.key.length; k++) {
      const column = table.columns[table.key[k]!]!
      out.text(k === 0 ? '{' : ',')
      out.text(column.keyText)
      const member = this.#memberOf[table.key[k]!]!
      const text = this.#texts[member]
      if (text === undefined) out.span(bytes, image.spans[5 * member + 2]!, image.spans[5 * member + 3]!)
      else out.text(text)
    }
    out.text(table.deletedRest)
    return { base64: out.base64(), key }
  }

  /** Finds the columns of the members. True: they are the table's columns, under the same names and in the same order. */
  #match(bytes: Buffer, image: Members, table: DeclaredTable, isDelete = false): boolean {
    const { spans, count } = image
    const { columns } = table
    if (count > this.#columnOf.length) this.#columnOf = new Int32Array(count * 2)
    if (columns.length > this.#memberOf.length) this.#memberOf = new Int32Array(columns.length * 2)
    this.#memberOf.fill(-1, 0, columns.length)
    let inOrder = count === columns.length
    let next = 0
    for (let k = 0; k < count; k++) {
      const start = spans[5 * k]!
      const end = spans[5 * k + 1]!
      const expected = columns[next]
      let found = next
      if (expected === undefined || !isSame(bytes, start, end, expected.nameBytes)) {
        inOrder = false
        const name = end < 0 ? decodeKey(bytes, start, ~end) : bytes.toString('utf8', start, end)
        found = table.indexOf.get(name) ?? -1
        if (found === -1 && !isDelete) this.#observer.unknownColumn(table, name)
      } else if (!expected.sameName) inOrder = false
      if (found !== -1) {
        // Of equal keys the last counts, as for JSON.parse.
        const earlier = this.#memberOf[found]!
        if (earlier !== -1) this.#columnOf[earlier] = -1
        this.#memberOf[found] = k
        next = found + 1
      }
      this.#columnOf[k] = found
    }
    return inOrder
  }

  /** True: at least one value changes its form. */
  #encodeValues(bytes: Buffer, { spans, count }: Members, { columns }: DeclaredTable): boolean {
    let changed = false
    for (let k = 0; k < count; k++) {
      this.#texts[k] = undefined
      const index = this.#columnOf[k]!
      const kind = spans[5 * k + 4]!
      if (index === -1 || kind === valueKind.null) continue
      const column = columns[index]!
      const text = column.encode(bytes, spans[5 * k + 2]!, spans[5 * k + 3]!, kind, column.label)
      if (text === undefined) continue
      this.#texts[k] = text
      changed = true
    }
    return changed
  }

  #encodeKeyValues(bytes: Buffer, image: Members, table: DeclaredTable): string | undefined {
    for (const index of table.key) {
      const k = this.#memberOf[index]!
      if (k === -1) continue
      const column = table.columns[index]!
      const kind = image.spans[5 * k + 4]!
      this.#texts[k] =
        kind === valueKind.null ? undefined : column.encode(bytes, image.spans[5 * k + 2]!, image.spans[5 * k + 3]!, kind, column.label)
    }
    return this.#keyOf(bytes, image, table)
  }

  #keyOf(bytes: Buffer, image: Members, table: DeclaredTable): string | undefined {
    let key: string | undefined
    for (const index of table.key) {
      const k = this.#memberOf[index]!
      const column = table.columns[index]!
      if (k === -1 || image.spans[5 * k + 4] === valueKind.null) {
        throw new PipelineError(
          'MissingKey',
          `${column.label}: the change event has no value for this column of the primary key: compare the declared key with the source's`,
        )
      }
      const value = keyValue(this.#texts[k], bytes, image.spans[5 * k + 2]!, image.spans[5 * k + 3]!, image.spans[5 * k + 4]!, column)
      key = key === undefined ? value : `${key},${value}`
    }
    return key
  }

  /** Copies the image in runs, broken only where something must differ. */
  #assemble(bytes: Buffer, image: Members, table: DeclaredTable): void {
    const { spans, count } = image
    const out = this.#out
    out.clear()
    out.text('{')
    let separator = ''
    // The pending run is bytes[from…to); -1: there is none, a separator is due.
    let from = -1
    let to = 0
    for (let k = 0; k < count; k++) {
      const index = this.#columnOf[k]!
      if (index === -1) {
        if (from !== -1) out.span(bytes, from, to)
        from = -1
        continue
      }
      const column = table.columns[index]!
      const copiesKey = column.sameName && spans[5 * k + 1]! >= 0
      if (from === -1 || !copiesKey) {
        if (from !== -1) out.span(bytes, from, to)
        out.text(separator)
        if (!copiesKey) out.text(column.keyText)
        from = copiesKey ? spans[5 * k]! - 1 : spans[5 * k + 2]!
      }
      separator = ','
      const text = this.#texts[k]
      to = spans[5 * k + 3]!
      if (text === undefined) continue
      out.span(bytes, from, spans[5 * k + 2]!)
      out.text(text)
      from = to
    }
    if (from !== -1) out.span(bytes, from, to)
    for (let index = 0; index < table.columns.length; index++) {
      if (this.#memberOf[index] !== -1) continue
      const column = table.columns[index]!
      if (!column.mayBeAbsent) this.#observer.absentColumn(table, column.name)
      out.text(`${separator}${column.keyText}null`)
      separator = ','
    }
    out.text('}')
  }
}

/** A key column's value as text that is equal for equal values, however they are written. */
function keyValue(text: string | undefined, bytes: Buffer, start: number, end: number, kind: number, column: DeclaredColumn): string {
  if (kind === valueKind.escaped) return JSON.stringify(JSON.parse(text ?? bytes.toString('utf8', start, end)))
  const value = text ?? (kind === valueKind.string ? bytes.toString('utf8', start, end) : bytes.toString('latin1', start, end))
  return column.isDecimal && value.includes('.') ? value.replace(/\.?0*"$/, '"') : value
}
