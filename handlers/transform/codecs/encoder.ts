import { PipelineError } from '../../../pipeline/errors.ts'

/**
 * Encodes the JSON value `bytes[start…end)` of a change event as what Firehose takes for the column.
 * Undefined: the bytes are right as they are. Otherwise the JSON text to put in their place. Null values never get here.
 * `kind` is a `valueKind`; `column` names the column in the error.
 * @throws PipelineError `UnavailableValue`, `UnexpectedValue` or `UnrepresentableValue`, naming the column.
 */
export type Encoder = (bytes: Buffer, start: number, end: number, kind: number, column: string) => string | undefined

/** The value has another form than Debezium gives to the column's declared type. */
export function unexpectedValue(column: string, expected: string): PipelineError {
  return new PipelineError(
    'UnexpectedValue',
    `${column}: the value is not ${expected}: compare the column's type at the source with its declaration, and the connector's settings with the pipeline's`,
  )
}

/** The value is one of PostgreSQL's that the Iceberg type does not have. */
export function unrepresentableValue(column: string, what: string): PipelineError {
  return new PipelineError(
    'UnrepresentableValue',
    `${column}: ${what} has no value in the column's Iceberg type: correct the row, or declare a wider Iceberg type`,
  )
}
