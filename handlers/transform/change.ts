import { isUtf8 } from 'node:buffer'
import { type DropReason, type FirehoseOperation, incrementalSnapshot } from '../../pipeline/change-event.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import type { TransformSettings } from '../../pipeline/transform-plan.ts'
import type { DeclaredTable, DeclaredTables } from './declared-tables.ts'
import { FamiliarForms } from './familiar-forms.ts'
import { type ColumnMatch, matchColumns, type RowEncoder, type RowKey } from './row.ts'
import { Envelope, isKey, Members, memberText, scanEnvelope } from './scan/envelope.ts'
import { valueKind } from './scan/json-scan.ts'
import { Shape } from './scan/shape.ts'

/** What a change event becomes, seen by itself. */
export type Change = Delivery | Drop

export interface Delivery {
  readonly result: 'Ok'
  readonly table: DeclaredTable
  readonly operation: FirehoseOperation
  /** The row as JSON in base64. */
  readonly base64: string
  /** Equal for changes of the same row of the table; undefined where the table has no primary key. */
  readonly key: RowKey | undefined
}

export interface Drop {
  readonly result: 'Dropped'
  readonly reason: DropReason
  readonly table: DeclaredTable | undefined
}

/** A failure with the table that it is about, where that much was understood. */
export interface Failure {
  readonly result: 'ProcessingFailed'
  readonly error: PipelineError
  readonly table: DeclaredTable | undefined
}

/** Turns one Kafka value after the other into what it becomes. */
export class ChangeReader {
  readonly #settings: TransformSettings
  readonly #tables: DeclaredTables
  readonly #rows: RowEncoder
  readonly #envelope = new Envelope()
  readonly #image = new Members()
  readonly #familiar = new FamiliarForms()
  #bytes = Buffer.allocUnsafeSlow(64 * 1024)
  #view = viewOf(this.#bytes)
  #table: DeclaredTable | undefined

  constructor(settings: TransformSettings, tables: DeclaredTables, rows: RowEncoder) {
    this.#settings = settings
    this.#tables = tables
    this.#rows = rows
  }

  /** `value` is base64. Failures that a change event can cause are returned; anything else is a bug and is thrown. */
  read(value: string | null | undefined): Change | Failure {
    this.#table = undefined
    try {
      return this.#read(value)
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error
      return { result: 'ProcessingFailed', error, table: this.#table }
    }
  }

  #read(value: string | null | undefined): Change {
    if (value === null || value === undefined || value === '') return this.#drop('Tombstone')
    const length = this.#decode(value)
    this.#bytes[length] = 0
    const form = this.#familiar.find(this.#bytes, this.#view, length, this.#image)
    if (form) {
      const { shape, table, match, hasBefore } = form
      if (shape.hasNonAscii) this.#checkUtf8(length)
      this.#table = table
      if (shape.op === letters.u && !hasBefore) this.#rows.refuseDoubtful(this.#image, table, match)
      return this.#deliver(table, form.operations[shape.op]!, this.#image, match)
    }
    scanEnvelope(this.#bytes, this.#view, length, this.#envelope)
    if (this.#envelope.hasNonAscii) this.#checkUtf8(length)
    return this.#readScanned(length)
  }

  #readScanned(length: number): Change {
    const envelope = this.#envelope
    const bytes = this.#bytes
    if (envelope.source.kind !== valueKind.object) return this.#withoutSource(length)
    if (envelope.op === letters.m) return this.#drop('LogicalMessage')
    const table = this.#findTable(bytes, envelope.source)
    this.#table = table
    if (table.isSignal) return this.#drop('SignalTable')
    if (!table.captured) return this.#drop('NotCaptured')
    const operation = this.#operation(envelope.op, envelope.source, table)
    if (operation === undefined) return this.#drop('Truncate')
    const imageName = operation === 'delete' ? 'before' : 'after'
    const image = envelope[imageName]
    if (image.kind !== valueKind.object) {
      throw new PipelineError(
        'MissingRowImage',
        `${table.label}: the change event has no "${imageName}": check the table's replica identity`,
      )
    }
    const match = matchColumns(bytes, image, table)
    if (envelope.op === letters.u && envelope.before.kind !== valueKind.object) this.#rows.refuseDoubtful(image, table, match)
    const delivery = this.#deliver(table, operation, image, match)
    this.#learn(length, image, table, match)
    return delivery
  }

  /** Firehose's operation, or undefined for a truncate to drop. */
  #operation(op: number, source: Members, table: DeclaredTable): FirehoseOperation | undefined {
    switch (op) {
      case letters.c:
      case letters.r:
        // Without a key, Firehose can only append.
        if (table.key.length === 0) return 'insert'
        if (this.#settings.creates === 'update') return 'update'
        return op === letters.r && memberText(this.#bytes, source, snapshotKey) === incrementalSnapshot ? 'update' : 'insert'
      case letters.u:
        requireKey(table, 'an update')
        return 'update'
      case letters.d:
        requireKey(table, 'a delete')
        if (table.canDelete) return 'delete'
        throw new PipelineError(
          'UnusableReplicaIdentity',
          `${table.label}: a delete under REPLICA IDENTITY USING INDEX may carry an invented primary key: set DEFAULT or FULL at the source, declare it, and delete the row again or in Iceberg`,
        )
      case letters.t:
        if (this.#settings.truncates === 'drop') return undefined
        throw new PipelineError(
          'TruncateRefused',
          `${table.label} was truncated at the source: its rows stay in Iceberg until they are deleted there`,
        )
      default:
        throw new PipelineError('UnknownOperation', `${table.label}: the change event has an "op" that is none of c, r, u, d, t, m`)
    }
  }

  #deliver(table: DeclaredTable, operation: FirehoseOperation, image: Members, match: ColumnMatch): Delivery {
    const rows = this.#rows
    const base64 =
      operation === 'delete' ? rows.encodeDelete(this.#bytes, image, table, match) : rows.encode(this.#bytes, image, table, match)
    return { result: 'Ok', table, operation, base64, key: rows.key }
  }

  /** Remembers the form of an event that was delivered. */
  #learn(length: number, image: Members, table: DeclaredTable, match: ColumnMatch): void {
    const shape = Shape.learn(this.#bytes, length, this.#envelope, image)
    if (!shape) return
    const { source, before } = this.#envelope
    const ops = image === before ? [letters.d] : table.key.length === 0 ? [letters.c, letters.r] : [letters.c, letters.r, letters.u]
    const operations = Object.fromEntries(ops.map((op) => [op, this.#operation(op, source, table)]))
    this.#familiar.add(this.#bytes, length, { shape, table, match, operations, hasBefore: before.kind === valueKind.object })
  }

  #checkUtf8(length: number): void {
    if (isUtf8(this.#bytes.subarray(0, length))) return
    throw new PipelineError('InvalidUtf8', "the value is not UTF-8: compare the value converter of the connector with the pipeline's")
  }

  /** Decodes into the reader's buffer. Returns the length in bytes. */
  #decode(value: string): number {
    const most = (value.length >> 2) * 3
    if (most + 5 > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(2 * most + 5)
      this.#view = viewOf(this.#bytes)
    }
    const length = this.#bytes.write(value, 0, 'base64')
    // Node skips what is not base64 and accepts the URL-safe alphabet and missing padding.
    const last = value.length - 1
    const padding = value.charCodeAt(last) !== 61 ? 0 : value.charCodeAt(last - 1) === 61 ? 2 : 1
    if ((value.length & 3) !== 0 || length !== most - padding || value.includes('-') || value.includes('_')) {
      throw new PipelineError('InvalidBase64', 'kafkaRecordValue is not base64: Firehose sends nothing else, so the record was altered')
    }
    return length
  }

  #withoutSource(length: number): Change {
    const { top, op } = this.#envelope
    if (op === letters.m) return this.#drop('LogicalMessage')
    if (isHeartbeat(this.#bytes, top)) return this.#drop('Heartbeat')
    if (top.kind === valueKind.null && length > 0) return this.#drop('Tombstone')
    throw new PipelineError(
      'NotAChangeEvent',
      'the value has no "source" object: the connector must send Debezium envelopes as JSON without schemas (value.converter.schemas.enable=false)',
    )
  }

  #findTable(bytes: Buffer, source: Members): DeclaredTable {
    const schema = memberText(bytes, source, schemaKey)
    const name = memberText(bytes, source, tableKey)
    if (schema === undefined || name === undefined) {
      throw new PipelineError(
        'NotAChangeEvent',
        '"source" does not name a schema and a table: the value is no change event of a PostgreSQL connector',
      )
    }
    const table = this.#tables.find(schema, name)
    if (table) return table
    throw new PipelineError(
      'UndeclaredTable',
      `${schema}.${name} is not declared: declare it in tables.json (with "capture": false to drop its events) and deploy`,
    )
  }

  #drop(reason: DropReason): Drop {
    return { result: 'Dropped', reason, table: this.#table }
  }
}

const letters = { c: 99, r: 114, u: 117, d: 100, t: 116, m: 109 } as const
const schemaKey = Buffer.from('schema')
const tableKey = Buffer.from('table')
const snapshotKey = Buffer.from('snapshot')
const timestampKeys = ['ts_ms', 'ts_us', 'ts_ns'].map((key) => Buffer.from(key))

/** A heartbeat is nothing but the time. */
function isHeartbeat(bytes: Buffer, top: Members): boolean {
  for (let n = 0; n < 5 * top.count; n += 5) if (!timestampKeys.some((key) => isKey(bytes, top, n, key))) return false
  return top.count > 0
}

function requireKey(table: DeclaredTable, what: string): void {
  if (table.key.length > 0) return
  throw new PipelineError(
    'NoPrimaryKey',
    `${table.label}: ${what} of a table without a primary key cannot be applied: give the table a primary key and declare it`,
  )
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
