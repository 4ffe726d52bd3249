import { ddlType, isWidening } from '../../pipeline/column-changes.ts'
import {
  allowedIcebergTypes,
  type IcebergType,
  icebergTypeOf,
  isIdentifierType,
  type PostgresType,
  parsePostgresType,
} from '../../pipeline/column-types.ts'
import { icebergColumnName, icebergColumnNameFault, icebergTableName } from '../../pipeline/iceberg-names.ts'
import { isSnapshottable } from '../../pipeline/snapshot-signal.ts'
import { type CatalogColumn, type CatalogTable, isKeyIndex, typeHint } from '../../pipeline/source-catalog.ts'
import { canaryCapturedTable } from '../../pipeline/tables.ts'
import type { ColumnDeclaration, TableDeclaration } from '../../pipeline/tables-file.ts'

export interface Declaration {
  /** The declared tables, brought up to what the catalogs say; new ones at the end. */
  readonly tables: readonly TableDeclaration[]
  /** Changes at the source that an Iceberg table cannot follow, each a sentence. */
  readonly refused: readonly string[]
  /** What was brought up to date, each a sentence. */
  readonly changes: readonly string[]
}

/**
 * Declarations for the tables that the source has now. What is declared stays: order, overrides, `capture`, and columns that the source
 * dropped; new columns of a declared table are `added`.
 */
export function declareTables(declared: readonly TableDeclaration[], catalog: readonly CatalogTable[]): Declaration {
  const refused: string[] = []
  const changes: string[] = []
  const found = new Map(catalog.map((table) => [key(table), table]))
  const tables = declared.map((declaration) => {
    const table = declaration.capture === false ? undefined : found.get(key(declaration))
    return table ? refreshed(declaration, table, refused, changes) : declaration
  })
  const taken = new Set([
    canaryCapturedTable.iceberg,
    ...declared.map((table) => table.iceberg?.name ?? icebergTableName(table.schema, table.name)),
  ])
  const known = new Set(declared.map(key))
  for (const table of catalog) {
    if (known.has(key(table))) continue
    changes.push(`${table.schema}.${table.name} is new`)
    tables.push(newDeclaration(table, taken))
  }
  return { tables, refused, changes }
}

const startOver =
  'To fill a new Iceberg table instead, set "capture": false in this entry, and add another for the table as it is now, with another "iceberg": { "name": … } ' +
  '(docs/operating.md)'

const key = ({ schema, name }: { schema: string; name: string }) => JSON.stringify([schema, name])

/** The column of the primary key that no Iceberg identifier can be; undefined when the key can be carried. */
export function unusableKeyColumn({ primaryKey, columns }: CatalogTable): CatalogColumn | undefined {
  return columns.find((column) => primaryKey.includes(column.name) && !allowedIcebergTypes(catalogType(column)).some(isIdentifierType))
}

function newDeclaration(table: CatalogTable, takenTables: Set<string>): TableDeclaration {
  const { schema, name, primaryKey } = table
  const replicaIdentity = isKeyIndex(table) ? 'default' : table.replicaIdentity
  const iceberg = icebergTableName(schema, name)
  const free = freeName(iceberg, takenTables)
  takenTables.add(free)
  const taken = new Set<string>()
  return {
    schema,
    name,
    columns: table.columns.map((column) => columnDeclaration(column, primaryKey.includes(column.name), taken)),
    primaryKey: [...primaryKey],
    ...(replicaIdentity !== 'default' && { replicaIdentity }),
    ...(free !== iceberg && { iceberg: { name: free } }),
  }
}

/** A column as the catalog has it; an Iceberg name or type is written only where the derived one cannot be used. */
function columnDeclaration(column: CatalogColumn, isKey: boolean, taken: Set<string>): ColumnDeclaration {
  const type = catalogType(column)
  const name = icebergColumnName(column.name)
  const free = freeName(icebergColumnNameFault(name) ? `c${name}` : name, taken)
  taken.add(free)
  const override = isKey && !isIdentifierType(icebergTypeOf(type)) ? allowedIcebergTypes(type).find(isIdentifierType) : undefined
  const iceberg = { ...(free !== name && { name: free }), ...(override !== undefined && { type: override }) }
  return {
    name: column.name,
    type: column.type,
    ...(!column.nullable && { nullable: false }),
    ...typeHint(column),
    ...(Object.keys(iceberg).length > 0 && { iceberg }),
  }
}

function refreshed(declaration: TableDeclaration, table: CatalogTable, refused: string[], changes: string[]): TableDeclaration {
  const of = `${table.schema}.${table.name}`
  if (declaration.primaryKey.join('\0') !== table.primaryKey.join('\0')) {
    refused.push(
      `${of}: the primary key is declared as (${declaration.primaryKey.join(', ')}) and is now (${table.primaryKey.join(', ')}), which its Iceberg table ` +
        `cannot follow. ${startOver}`,
    )
  }
  const now = new Map(table.columns.map((column) => [column.name, column]))
  const dropped: string[] = []
  const columns = declaration.columns.map((column) => {
    const current = now.get(column.name)
    now.delete(column.name)
    if (current) return refreshedColumn(column, current, { of, isFixed: !isSnapshottable(table) }, refused, changes)
    if (column.dropped) return column
    changes.push(`${of}.${column.name} was dropped at the source`)
    dropped.push(column.name)
    return { ...column, dropped: true }
  })
  const taken = new Set(declaration.columns.map((column) => column.iceberg?.name ?? icebergColumnName(column.name)))
  for (const column of now.values()) {
    // Rows that cannot be read again for a column: it is left out, of which a warning tells.
    if (!isSnapshottable(table)) continue
    const added = addedDeclaration(column, taken)
    changes.push(`${of}.${column.name} was added at the source${added.why}`)
    columns.push(added.column)
  }
  if (dropped.length > 0 && now.size > 0 && isSnapshottable(table)) {
    changes.push(
      `${of}: a column that was renamed is one that was dropped (${dropped.join(', ')}: stays in Iceberg, null from now on) and one that was added ` +
        `(${[...now.keys()].join(', ')}: filled for every row)`,
    )
  }
  return { ...declaration, columns }
}

/** A column for a table that is there already: Athena adds it, and not every type. */
function addedDeclaration(column: CatalogColumn, taken: Set<string>): { column: ColumnDeclaration; why: string } {
  const declared = { ...columnDeclaration(column, false, taken), added: true }
  const type = catalogType(column)
  const usual = icebergTypeOf(type)
  const usable = allowedIcebergTypes(type).find((candidate) => ddlType(candidate) !== undefined)
  if (ddlType(usual) !== undefined || usable === undefined) return { column: declared, why: '' }
  return {
    column: { ...declared, iceberg: { ...declared.iceberg, type: usable } },
    why: `: as ${usable}, since Athena adds no columns of the type ${usual}`,
  }
}

function refreshedColumn(
  column: ColumnDeclaration,
  current: CatalogColumn,
  { of, isFixed }: { readonly of: string; readonly isFixed: boolean },
  refused: string[],
  changes: string[],
): ColumnDeclaration {
  const declaredType = parsePostgresType(column.type, {
    ...(column.kind && { kind: column.kind }),
    ...(column.baseType !== undefined && { baseType: column.baseType }),
  })
  const { dropped, ...kept } = column
  if (dropped) changes.push(`${of}.${column.name} exists again: rows that did not change since keep what Iceberg has in it`)
  const type = catalogType(current)
  const icebergType = column.iceberg?.type ?? icebergTypeOf(declaredType)
  const wider = isFixed || isSameInIceberg(declaredType, type) ? undefined : widened(declaredType, type, icebergType)
  if (wider === undefined && !isSameInIceberg(declaredType, type)) {
    refused.push(
      `${of}.${column.name} is declared as ${column.type} and is now ${current.type}, which the Iceberg column cannot follow. ` +
        `Put it back at the source, or add a new column beside it. ${startOver}`,
    )
    return column
  }
  const sameText = declaredType.text === type.text
  if (!sameText) changes.push(`${of}.${column.name} was ${column.type} and is now ${current.type}`)
  const { nullable = true, iceberg, ...rest } = wider === undefined || wider === icebergType ? kept : asWider(kept, icebergType, wider)
  if (nullable !== current.nullable) changes.push(`${of}.${column.name} is ${current.nullable ? 'nullable' : 'NOT NULL'} now`)
  const { name, type: written, ...others } = rest
  return {
    name,
    type: sameText ? written : current.type,
    ...(kept.nullable === true && current.nullable ? { nullable: true } : !current.nullable && { nullable: false }),
    ...others,
    ...(iceberg && Object.keys(iceberg).length > 0 && { iceberg }),
  }
}

/** Types that become one another at the source, each holding all values of those before it. */
const numberFamilies: readonly (readonly string[])[] = [['smallint', 'integer', 'bigint'], ['real', 'double precision'], ['numeric']]

/** The Iceberg type of a column whose values stay what they are in a wider type; undefined where they do not, or Iceberg does not follow. */
function widened(declared: PostgresType, now: PostgresType, icebergType: IcebergType): IcebergType | undefined {
  const family = numberFamilies.find((names) => names.includes(declared.name)) ?? []
  const isBackwards = family.indexOf(now.name) < family.indexOf(declared.name)
  if (isBackwards || declared.array || now.array || declared.kind !== 'base' || now.kind !== 'base') return undefined
  // A number as text is written otherwise in another type; one without a scale holds more than any decimal.
  if (icebergType === 'string' || (now.name === 'numeric' && now.modifiers.length === 0)) return undefined
  return allowedIcebergTypes(now).find((candidate) => candidate === icebergType || isWidening(icebergType, candidate))
}

/** The column with its wider Iceberg type; the type of the table's creation is kept, as the template has it. */
function asWider(column: ColumnDeclaration, icebergType: IcebergType, wider: IcebergType): ColumnDeclaration {
  const { name, createdAs = icebergType } = column.iceberg ?? {}
  return {
    ...column,
    iceberg: {
      ...(name !== undefined && { name }),
      ...(column.iceberg?.type !== undefined && { type: wider }),
      ...(!column.added && { createdAs }),
    },
  }
}

const unbounded = (name: string) => (name === 'character varying' ? 'text' : name)

/** A change that leaves both the wire form and the Iceberg column as they are: a longer varchar, another precision of a timestamp. */
function isSameInIceberg(declared: PostgresType, now: PostgresType): boolean {
  if (declared.text === now.text) return true
  return (
    unbounded(declared.name) === unbounded(now.name) &&
    declared.kind === now.kind &&
    declared.array === now.array &&
    icebergTypeOf(declared) === icebergTypeOf(now)
  )
}

function catalogType(column: CatalogColumn): PostgresType {
  return parsePostgresType(column.type, typeHint(column))
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name
  for (let number = 2; taken.has(free); number += 1) free = `${name}_${number}`
  return free
}
