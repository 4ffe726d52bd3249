import { unavailableValuePlaceholder } from '../../../pipeline/change-event.ts'
import { PipelineError } from '../../../pipeline/errors.ts'
import { isSame } from '../scan/bytes.ts'
import { valueKind } from '../scan/json-scan.ts'

/**
 * Debezium's placeholder for a value that is stored out of line and did not change, in each of its forms: the text itself; its base64
 * (bytea); an array of either as the one element; an array of the text's bytes (int and date arrays); an array of one UUID made from it;
 * an hstore of it. (For arrays of other types it is null.) A real value that equals the placeholder cannot be told apart.
 */
const placeholder = Buffer.from(unavailableValuePlaceholder)
const base64 = Buffer.from(placeholder.toString('base64'))
const bytesAsList = Buffer.from(JSON.stringify([...placeholder]))
// Java's UUID.nameUUIDFromBytes: MD5 with the version and variant bits set.
const uuid = Buffer.from('b68a35a7-17ad-35b3-af2a-ae46edb4545a')

export const unavailableHstore = JSON.stringify({ [unavailableValuePlaceholder]: unavailableValuePlaceholder })

export function unavailableValue(column: string): PipelineError {
  return new PipelineError(
    'UnavailableValue',
    `${column}: the value is stored out of line and did not change, so PostgreSQL did not send it: set REPLICA IDENTITY FULL on the table, then update the row`,
  )
}

/** Refuses a string that is the placeholder. */
export function refusePlaceholder(bytes: Buffer, start: number, end: number, kind: number, column: string): void {
  if (kind === valueKind.string) {
    if (isSame(bytes, start + 1, end - 1, placeholder)) throw unavailableValue(column)
  } else if (kind === valueKind.escaped && end - start <= 6 * placeholder.length + 2) {
    // Its letters can only be escaped by their codes.
    if (bytes[bytes.indexOf(92, start) + 1] !== 117) return
    if (JSON.parse(bytes.toString('utf8', start, end)) === unavailableValuePlaceholder) throw unavailableValue(column)
  }
}

/** Refuses a base64 string that is the placeholder. */
export function refuseBinaryPlaceholder(bytes: Buffer, start: number, end: number, column: string): void {
  if (isSame(bytes, start + 1, end - 1, base64)) throw unavailableValue(column)
}

/** Refuses an array that stands for the placeholder. */
export function refuseListPlaceholder(bytes: Buffer, start: number, end: number, column: string): void {
  const isText = (form: Buffer) => bytes[start + 1] === 34 && bytes[end - 2] === 34 && isSame(bytes, start + 2, end - 2, form)
  if (isText(placeholder) || isText(base64) || isText(uuid) || isSame(bytes, start, end, bytesAsList)) throw unavailableValue(column)
}
