import { isUtf8 } from 'node:buffer'
import { ChangeReader } from '../../handlers/transform/change.ts'
import { declaredTables } from '../../handlers/transform/declared-tables.ts'
import { matchColumns, RowEncoder } from '../../handlers/transform/row.ts'
import { Envelope, memberText, scanEnvelope } from '../../handlers/transform/scan/envelope.ts'
import { valueKind } from '../../handlers/transform/scan/json-scan.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import { keyForms } from '../../pipeline/key-forms.ts'
import { isSnapshottable } from '../../pipeline/snapshot-signal.ts'
import type { CapturedTable } from '../../pipeline/tables.ts'
import { type TransformSettings, transformPlan } from '../../pipeline/transform-plan.ts'
import { type ExactJson, parseExactJson } from '../delivery/rows/exact-json.ts'
import { isObject } from '../delivery/rows/forms.ts'
import { keyTexts } from '../repair/key-texts.ts'
import type { ErrorLine } from './error-objects.ts'

/** What a failed record comes to, as the tables are declared now. */
export interface FailedRecord {
  readonly line: ErrorLine
  /** The pipeline's name of the failure, derived anew from the record; Firehose's code where it is not the transform's failure. */
  readonly name: string
  /** The transform's message, or Firehose's; never a value. */
  readonly message: string
  /** `schema.table`, as far as the record tells. */
  readonly table: string | undefined
  readonly captured: CapturedTable | undefined
  /** The primary key in every spelling, by `keyTexts`. */
  readonly key: readonly (readonly string[])[] | undefined
  /** Why its row cannot be brought again by its key. */
  readonly obstacle: string | undefined
}

/** Firehose's code for a record that the function answered with ProcessingFailed, the only one that has a name of the pipeline's. */
const answeredByTransform = 'Lambda.ProcessingFailedStatus'

const ignored = { unknownColumn: () => undefined, absentColumn: () => undefined }

/** Tells what failed records are: the transform itself says so once more, and the scanner under it finds their keys. */
export function understanding(tables: readonly CapturedTable[], settings: TransformSettings): (line: ErrorLine) => FailedRecord {
  const compiled = declaredTables(transformPlan(tables, settings))
  const rows = new RowEncoder(ignored)
  const changes = new ChangeReader(settings, compiled, rows)

  const ofChangeEvent = (line: ErrorLine): Pick<FailedRecord, 'name' | 'message' | 'table' | 'captured' | 'key'> => {
    const outcome = changes.read(line.rawData)
    const { table, key } = rowOf(Buffer.from(line.rawData, 'base64'))
    const captured = tables.find(({ schema, name }) => `${schema}.${name}` === table)
    const found = { table, captured, key: captured && key && keyTexts(captured, key) }
    if (line.errorCode !== answeredByTransform) return { ...found, name: line.errorCode, message: line.errorMessage }
    if (outcome.result === 'ProcessingFailed') return { ...found, name: outcome.error.name, message: outcome.error.message }
    const message = 'as the tables are declared now, the transform takes this record when it comes alone'
    return { ...found, name: line.errorCode, message }
  }

  /** The key columns as Firehose is given them, where the record has them. */
  const rowOf = (raw: Buffer): { table?: string; key?: Readonly<Record<string, ExactJson>> } => {
    const bytes = Buffer.alloc(raw.length + 5)
    raw.copy(bytes)
    const envelope = new Envelope()
    try {
      scanEnvelope(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), raw.length, envelope)
      const schema = memberText(bytes, envelope.source, schemaKey)
      const name = memberText(bytes, envelope.source, tableKey)
      if (schema === undefined || name === undefined) return {}
      const table = `${schema}.${name}`
      const declared = compiled.find(schema, name)
      const isDelete = envelope.op === deleted
      const image = isDelete || envelope.after.kind !== valueKind.object ? envelope.before : envelope.after
      if (!declared || declared.key.length === 0 || image.kind !== valueKind.object || !isUtf8(raw)) return { table }
      try {
        const row = rows.encodeDelete(bytes, image, declared, matchColumns(bytes, image, declared))
        const key = parseExactJson(Buffer.from(row, 'base64').toString())
        return isObject(key) ? { table, key } : { table }
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error
        return { table }
      }
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error
      return {}
    }
  }

  const ofRow = (line: ErrorLine): Pick<FailedRecord, 'name' | 'message' | 'table' | 'captured' | 'key'> => {
    const captured = tables.find(({ iceberg }) => iceberg === line.iceberg)
    const row = jsonObject(Buffer.from(line.rawData, 'base64'))
    const table = captured ? `${captured.schema}.${captured.name}` : line.iceberg
    return { name: line.errorCode, message: line.errorMessage, table, captured, key: captured && row && keyTexts(captured, row) }
  }

  return (line) => {
    const found = line.type === 'processing-failed' ? ofChangeEvent(line) : ofRow(line)
    return { line, ...found, obstacle: obstacleOf(found) }
  }
}

const schemaKey = Buffer.from('schema')
const tableKey = Buffer.from('table')
const deleted = 'd'.charCodeAt(0)

function jsonObject(raw: Buffer): Readonly<Record<string, ExactJson>> | undefined {
  try {
    const row = parseExactJson(raw.toString())
    return isObject(row) ? row : undefined
  } catch {
    // Not JSON: then it has no key to find.
    return undefined
  }
}

function obstacleOf({ table, captured, key, name }: Pick<FailedRecord, 'table' | 'captured' | 'key' | 'name'>): string | undefined {
  if (table === undefined) return 'it does not say of which table it is: npm run verify finds what is missing'
  if (!captured) return `${table} is not declared in tables.json`
  if (!captured.capture) return `${table} is not captured any more`
  if (captured.primaryKey.length === 0) return `${table} has no primary key, so that its rows cannot be told apart`
  const whole = `re-sync the table: npm run provision -- --input '{"resync": ["${table}"]}'`
  if (name === 'TruncateRefused') return `a truncate is of all rows: ${whole}`
  if (!isSnapshottable(captured) || !keyForms(captured)) return `rows of ${table} cannot be selected by its key`
  return key ? undefined : `it has no whole key: ${whole}`
}
