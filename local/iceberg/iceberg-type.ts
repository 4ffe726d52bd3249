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

/**
 * Reads a type of the REST catalog's JSON: a primitive's name, or an object for list, map and struct.
 * @throws Error for a type outside the format's version 2.
 */
export function parseIcebergType(json: unknown): IcebergTypeTree {
  if (typeof json === 'string') return parsePrimitive(json)
  const nested = json as Record<string, unknown>
  switch (nested.type) {
    case 'list':
      return { kind: 'list', element: parseIcebergType(nested.element), elementRequired: nested['element-required'] === true }
    case 'map':
      return {
        kind: 'map',
        key: parseIcebergType(nested.key),
        value: parseIcebergType(nested.value),
        valueRequired: nested['value-required'] === true,
      }
    case 'struct':
      return { kind: 'struct', fields: parseColumns(nested.fields) }
    default:
      throw new Error(`unknown Iceberg type ${JSON.stringify(json)}`)
  }
}

export function parseColumns(fields: unknown): IcebergColumn[] {
  return (fields as { name: string; required: boolean; type: unknown }[]).map(({ name, required, type }) => ({
    name,
    required,
    type: parseIcebergType(type),
  }))
}

function parsePrimitive(name: string): IcebergTypeTree {
  if (Object.hasOwn(duckdbNames, name)) return { kind: name as PrimitiveName }
  const decimal = /^decimal\((\d+), ?(\d+)\)$/.exec(name)
  if (decimal) return { kind: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) }
  const fixed = /^fixed\[(\d+)\]$/.exec(name)
  if (fixed) return { kind: 'fixed', length: Number(fixed[1]) }
  throw new Error(`unknown Iceberg type ${JSON.stringify(name)}`)
}

/** The DuckDB type that holds an Iceberg type's values, as SQL text. */
export function duckdbType(type: IcebergTypeTree): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision}, ${type.scale})`
    case 'fixed':
      return 'BLOB'
    case 'list':
      return `${duckdbType(type.element)}[]`
    case 'map':
      return `MAP(${duckdbType(type.key)}, ${duckdbType(type.value)})`
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${quoteIdentifier(field.name)} ${duckdbType(field.type)}`).join(', ')})`
    default:
      return duckdbNames[type.kind]
  }
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
