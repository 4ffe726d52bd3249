import type { FieldDef } from 'pg'
import { AwsError } from '../endpoint.ts'

/** Types that the Data API can answer with, by OID. Everything else is an error of its own: name, regclass, pg_lsn, money, geometric types, arrays … */
const supported: Readonly<Record<number, { name: string; kind: 'boolean' | 'long' | 'double' | 'string' | 'blob' }>> = {
  16: { name: 'bool', kind: 'boolean' },
  17: { name: 'bytea', kind: 'blob' },
  20: { name: 'int8', kind: 'long' },
  21: { name: 'int2', kind: 'long' },
  23: { name: 'int4', kind: 'long' },
  25: { name: 'text', kind: 'string' },
  114: { name: 'json', kind: 'string' },
  700: { name: 'float4', kind: 'double' },
  701: { name: 'float8', kind: 'double' },
  1042: { name: 'bpchar', kind: 'string' },
  1043: { name: 'varchar', kind: 'string' },
  1082: { name: 'date', kind: 'string' },
  1083: { name: 'time', kind: 'string' },
  1114: { name: 'timestamp', kind: 'string' },
  1184: { name: 'timestamptz', kind: 'string' },
  1700: { name: 'numeric', kind: 'string' },
  2950: { name: 'uuid', kind: 'string' },
  3802: { name: 'jsonb', kind: 'string' },
}

/** A value as the driver gives it: its text, or null. */
export type TextValue = string | null

/** @throws AwsError `UnsupportedResultException` */
export function requireSupported(fields: readonly FieldDef[]): void {
  const unsupported = fields.find(({ dataTypeID }) => supported[dataTypeID] === undefined)
  if (!unsupported) return
  throw new AwsError(
    'UnsupportedResultException',
    `The result contains the unsupported data type with OID ${unsupported.dataTypeID} in the column ${unsupported.name}`,
  )
}

/** Of `formatRecordsAs: JSON`: long and double values are JSON numbers. */
export function formattedValue({ dataTypeID }: FieldDef, value: TextValue): string | number | boolean | null {
  if (value === null) return null
  const kind = supported[dataTypeID]?.kind
  if (kind === 'boolean') return value === 't'
  return kind === 'long' || kind === 'double' ? Number(value) : value
}

/** Of `formatRecordsAs: NONE`. */
export function field({ dataTypeID }: FieldDef, value: TextValue): Readonly<Record<string, string | number | boolean>> {
  if (value === null) return { isNull: true }
  const kind = supported[dataTypeID]?.kind ?? 'string'
  if (kind === 'boolean') return { booleanValue: value === 't' }
  if (kind === 'long') return { longValue: Number(value) }
  if (kind === 'double') return { doubleValue: Number(value) }
  return kind === 'blob' ? { blobValue: Buffer.from(value.slice(2), 'hex').toString('base64') } : { stringValue: value }
}

export function columnMetadata({ name, dataTypeID }: FieldDef): unknown {
  return { name, label: name, typeName: supported[dataTypeID]?.name, nullable: 2 }
}
