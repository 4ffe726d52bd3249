/** What S3 Tables and Athena take as the name of a table or column: lower case, digits, `_`; a table starts with a letter or digit. */
const tableNamePattern = /^[a-z0-9][a-z0-9_]{0,254}$/
const columnNamePattern = /^[a-z0-9_]{1,255}$/

/** Names of Iceberg's metadata columns: readers answer them with the row's file, position and so on, whatever the table holds. */
const reservedColumnNames = new Set([
  '_file',
  '_pos',
  '_deleted',
  '_spec_id',
  '_partition',
  '_row_id',
  '_last_updated_sequence_number',
  '_change_type',
  '_change_ordinal',
  '_commit_snapshot_id',
])

const sanitized = (name: string): string => name.toLowerCase().replace(/[^a-z0-9_]/g, '_')

/** The Iceberg table that a source table has by default: `public.Orders` → `orders`, `sales.orders` → `sales_orders`. */
export function icebergTableName(schema: string, name: string): string {
  const derived = sanitized(schema === 'public' ? name : `${schema}_${name}`)
  return derived.startsWith('_') ? `t${derived}` : derived
}

/** The Iceberg column that a source column has by default: `Total Amount` → `total_amount`. */
export function icebergColumnName(name: string): string {
  return sanitized(name)
}

/** Why a name cannot be an Iceberg table's; undefined when it can. */
export function icebergTableNameFault(name: string): string | undefined {
  if (tableNamePattern.test(name)) return undefined
  return `"${name}" cannot name a table in S3 Tables: use lower-case letters, digits and _, starting with a letter or digit`
}

/** Why a name cannot be an Iceberg column's; undefined when it can. */
export function icebergColumnNameFault(name: string): string | undefined {
  if (reservedColumnNames.has(name)) return `"${name}" is a metadata column of Iceberg itself: give another name under "iceberg"`
  if (columnNamePattern.test(name)) return undefined
  return `"${name}" cannot name a column in S3 Tables: use lower-case letters, digits and _`
}
