import { isUtf8 } from 'node:buffer'
import { type DropReason, type FirehoseOperation, incrementalSnapshot } from '../../pipeline/change-event.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import type { TransformSettings } from '../../pipeline/transform-plan.ts'
import type { DeclaredTable, DeclaredTables } from './declared-tables.ts'
import { decodeKey, Envelope, isSame, type Members, scanEnvelope, valueKind } from './envelope.ts'
import type { RowEncoder } from './row.ts'

/** What a change event becomes, seen by itself. */
export type Change = Delivery | Drop

export interface Delivery {
  readonly result: 'Ok'
  readonly table: DeclaredTable
  readonly operation: FirehoseOperation
  /** The row as JSON in base64. */
  readonly base64: string
  /** Equal for changes of the same row of the table; undefined where the table has no primary key. */
  readonly key: string | undefined
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
  #bytes = Buffer.allocUnsafeSlow(64 * 1024)
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
    const envelope = this.#envelope
    const bytes = this.#bytes
    scanEnvelope(bytes, length, envelope)
    if (envelope.hasNonAscii && !isUtf8(bytes.subarray(0, length))) {
      throw new PipelineError('InvalidUtf8', "the value is not UTF-8: compare the value converter of the connector with the pipeline's")
    }
    if (!envelope.isObject || envelope.source.kind !== valueKind.object) return this.#withoutSource(length)
    if (envelope.op === letters.m) return this.#drop('LogicalMessage')
    const table = this.#findTable(bytes, envelope.source)
    this.#table = table
    if (table.isSignal) return this.#drop('SignalTable')
    if (!table.captured) return this.#drop('NotCaptured')
    switch (envelope.op) {
      case letters.c:
      case letters.r:
        return this.#upsert(envelope.after, table, this.#createOperation(envelope, table))
      case letters.u:
        requireKey(table, 'an update')
        return this.#upsert(envelope.after, table, 'update')
      case letters.d:
        return this.#delete(envelope.before, table)
      case letters.t:
        if (this.#settings.truncates === 'drop') return this.#drop('Truncate')
        throw new PipelineError(
          'TruncateRefused',
          `${table.label} was truncated at the source: its rows stay in Iceberg until they are deleted there`,
        )
      default:
        throw new PipelineError('UnknownOperation', `${table.label}: the change event has an "op" that is none of c, r, u, d, t, m`)
    }
  }

  /** Decodes into the reader's buffer. Returns the length in bytes. */
  #decode(value: string): number {
    const most = (value.length >> 2) * 3
    if (most >= this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(2 * most + 1)
    const length = this.#bytes.write(value, 0, 'base64')
    // Node skips what is not base64 and accepts the URL-safe alphabet and missing padding.
    const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0
    if ((value.length & 3) !== 0 || length !== most - padding || value.includes('-') || value.includes('_')) {
      throw new PipelineError('InvalidBase64', 'kafkaRecordValue is not base64: Firehose sends nothing else, so the record was altered')
    }
    return length
  }

  #withoutSource(length: number): Change {
    const { timestamps, others, op, before, after, source, isObject } = this.#envelope
    if (isObject && op === letters.m) return this.#drop('LogicalMessage')
    if (isObject && timestamps > 0 && others + op === 0 && before.kind + after.kind + source.kind === -3) return this.#drop('Heartbeat')
    if (!isObject && length > 0 && isSame(this.#bytes, 0, length, nullText)) return this.#drop('Tombstone')
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

  #createOperation(envelope: Envelope, table: DeclaredTable): FirehoseOperation {
    // Without a key, Firehose can only append.
    if (table.key.length === 0) return 'insert'
    if (this.#settings.creates === 'update') return 'update'
    const isRead = envelope.op === letters.r
    return isRead && memberText(this.#bytes, envelope.source, snapshotKey) === incrementalSnapshot ? 'update' : 'insert'
  }

  #upsert(image: Members, table: DeclaredTable, operation: FirehoseOperation): Change {
    if (image.kind !== valueKind.object) throw missingImage(table, 'after')
    const { base64, key } = this.#rows.encode(this.#bytes, image, table)
    return { result: 'Ok', table, operation, base64, key }
  }

  #delete(image: Members, table: DeclaredTable): Change {
    requireKey(table, 'a delete')
    if (!table.canDelete) {
      throw new PipelineError(
        'UnusableReplicaIdentity',
        `${table.label}: a delete under REPLICA IDENTITY USING INDEX may carry an invented primary key: set DEFAULT or FULL at the source, declare it, and delete the row again or in Iceberg`,
      )
    }
    if (image.kind !== valueKind.object) throw missingImage(table, 'before')
    const { base64, key } = this.#rows.encodeDelete(this.#bytes, image, table)
    return { result: 'Ok', table, operation: 'delete', base64, key }
  }

  #drop(reason: DropReason): Drop {
    return { result: 'Dropped', reason, table: this.#table }
  }
}

const letters = { c: 99, r: 114, u: 117, d: 100, t: 116, m: 109 } as const
const nullText = Buffer.from('null')
const schemaKey = Buffer.from('schema')
const tableKey = Buffer.from('table')
const snapshotKey = Buffer.from('snapshot')

/** The text of a member of `source`, or undefined where it is no string. */
function memberText(bytes: Buffer, source: Members, key: Buffer): string | undefined {
  const { spans } = source
  for (let n = 5 * (source.count - 1); n >= 0; n -= 5) {
    const start = spans[n]!
    const end = spans[n + 1]!
    if (end < 0 ? decodeKey(bytes, start, ~end) !== key.toString() : !isSame(bytes, start, end, key)) continue
    const kind = spans[n + 4]
    if (kind === valueKind.string) return bytes.toString('utf8', spans[n + 2]! + 1, spans[n + 3]! - 1)
    return kind === valueKind.escaped ? (JSON.parse(bytes.toString('utf8', spans[n + 2], spans[n + 3])) as string) : undefined
  }
  return undefined
}

function requireKey(table: DeclaredTable, what: string): void {
  if (table.key.length > 0) return
  throw new PipelineError(
    'NoPrimaryKey',
    `${table.label}: ${what} of a table without a primary key cannot be applied: give the table a primary key and declare it`,
  )
}

function missingImage(table: DeclaredTable, image: 'before' | 'after'): PipelineError {
  return new PipelineError('MissingRowImage', `${table.label}: the change event has no "${image}": check the table's replica identity`)
}
