/** An Iceberg type as a tree. https://iceberg.apache.org/spec/#schemas-and-data-types */
export type IcebergTypeTree =
  | { readonly kind: PrimitiveName }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'fixed'; readonly length: number }
  | { readonly kind: 'list'; readonly element: IcebergTypeTree; readonly elementRequired: boolean }
  | { readonly kind: 'map'; readonly key: IcebergTypeTree; readonly value: IcebergTypeTree; readonly valueRequired: boolean }
  | { readonly kind: 'struct'; readonly fields: readonly IcebergColumn[] }

export interface IcebergColumn {
  readonly name: string
  readonly required: boolean
  readonly type: IcebergTypeTree
}

/** Primitives without parameters, and DuckDB's name for each. */
const duckdbNames = {
  boolean: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  string: 'VARCHAR',
  uuid: 'UUID',
  binary: 'BLOB',
} as const

export type PrimitiveName = keyof typeof duckdbNames

/** A type in the REST catalog's JSON: a primitive's name, or an object for list, map and struct. */
export type IcebergTypeJson =
  | string
  | { readonly type: 'list'; readonly element: IcebergTypeJson; readonly 'element-required': boolean }
  | { readonly type: 'map'; readonly key: IcebergTypeJson; readonly value: IcebergTypeJson; readonly 'value-required': boolean }
  | { readonly type: 'struct'; readonly fields: readonly IcebergColumnJson[] }

export interface IcebergColumnJson {
  readonly name: string
  readonly required: boolean
  readonly type: IcebergTypeJson
}

/** @throws Error for a type outside the format's version 2. */
export function parseIcebergType(json: IcebergTypeJson): IcebergTypeTree {
  if (typeof json === 'string') return parsePrimitive(json)
  if (json.type === 'list') return { kind: 'list', element: parseIcebergType(json.element), elementRequired: json['element-required'] }
  if (json.type === 'map') {
    return { kind: 'map', key: parseIcebergType(json.key), value: parseIcebergType(json.value), valueRequired: json['value-required'] }
  }
  return { kind: 'struct', fields: parseColumns(json.fields) }
}

export function parseColumns(fields: readonly IcebergColumnJson[]): IcebergColumn[] {
  return fields.map(({ name, required, type }) => ({ name, required, type: parseIcebergType(type) }))
}

function parsePrimitive(name: string): IcebergTypeTree {
  if (isPrimitive(name)) return { kind: name }
  const decimal = /^decimal\((\d+), ?(\d+)\)$/.exec(name)
  if (decimal) return { kind: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) }
  const fixed = /^fixed\[(\d+)\]$/.exec(name)
  if (fixed) return { kind: 'fixed', length: Number(fixed[1]) }
  throw new Error(`unknown Iceberg type ${JSON.stringify(name)}`)
}

function isPrimitive(name: string): name is PrimitiveName {
  return Object.hasOwn(duckdbNames, name)
}

/** The DuckDB type that holds an Iceberg type's values, as SQL text. */
export function duckdbType(type: IcebergTypeTree): string {
  if (type.kind === 'decimal') return `DECIMAL(${type.precision}, ${type.scale})`
  if (type.kind === 'fixed') return 'BLOB'
  if (type.kind === 'list') return `${duckdbType(type.element)}[]`
  if (type.kind === 'map') return `MAP(${duckdbType(type.key)}, ${duckdbType(type.value)})`
  if (type.kind === 'struct')
    return `STRUCT(${type.fields.map((field) => `${quoteIdentifier(field.name)} ${duckdbType(field.type)}`).join(', ')})`
  return duckdbNames[type.kind]
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
