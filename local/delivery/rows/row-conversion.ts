import { isUtf8 } from 'node:buffer'
import type { DuckDBValue } from '@duckdb/node-api'
import type { IcebergColumn } from '../../iceberg/iceberg-type.ts'
import { type ExactJson, parseExactJson } from './exact-json.ts'
import { conversion, isObject, nullable, refused } from './forms.ts'

/** Why a record cannot become a row: Firehose's error code, and a message without any value of the row. */
export interface RowRefusal {
  readonly errorCode: string
  readonly errorMessage: string
}

/** A row's values in the order of the table's columns, or why there is no row. */
export type RowConversion = (record: Buffer) => { readonly values: DuckDBValue[] } | { readonly refusal: RowRefusal }

/**
 * Converts records to rows of one table: each column must be there under its exact name, unknown keys are skipped.
 * `requiredColumns`: names of those that must not be null; a delete's row has only its keys.
 */
export function rowConversion(columns: readonly IcebergColumn[], requiredColumns: ReadonlySet<string>): RowConversion {
  const steps = columns.map((column) => ({
    name: column.name,
    convert: nullable(conversion(column.type), requiredColumns.has(column.name)),
  }))
  return (record) => {
    if (!isUtf8(record)) return malformed('The data cannot be decoded as UTF-8.')
    let row: ExactJson
    try {
      row = parseExactJson(record.toString())
    } catch {
      return malformed('The record is not one JSON object.')
    }
    if (!isObject(row)) return malformed('The record is not one JSON object.')
    const values: DuckDBValue[] = []
    for (const { name, convert } of steps) {
      const value = Object.hasOwn(row, name) ? row[name] : undefined
      if (value === undefined) return missing(name)
      const converted = convert(value)
      if (converted === refused) return mismatch(name, value === null)
      values.push(converted)
    }
    return { values }
  }
}

function malformed(errorMessage: string): { refusal: RowRefusal } {
  return { refusal: { errorCode: 'DataFormatConversion.MalformedData', errorMessage } }
}

function missing(column: string): { refusal: RowRefusal } {
  return {
    refusal: { errorCode: 'Iceberg.MissingColumnWithinRecord', errorMessage: `One or more columns are missing in the record: ${column}` },
  }
}

function mismatch(column: string, isNull: boolean): { refusal: RowRefusal } {
  const what = isNull ? 'is null in the record, and the table requires it' : "does not match the table's type"
  return { refusal: { errorCode: 'Iceberg.SchemaTypeMismatch', errorMessage: `Column ${column} ${what}` } }
}
