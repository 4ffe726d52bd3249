import { isWidening } from './column-changes.ts'
import { allowedIcebergTypes, icebergTypeOf, isIdentifierType, type PostgresType, parsePostgresType } from './column-types.ts'
import { PipelineError } from './errors.ts'
import { icebergColumnName, icebergColumnNameFault, icebergTableName, icebergTableNameFault } from './iceberg-names.ts'
import { isSnapshottable, unreadable } from './snapshot-signal.ts'
import type { CapturedColumn, CapturedTable } from './tables.ts'
import type { ColumnDeclaration, TableDeclaration } from './tables-file.ts'

type Path = readonly (string | number)[]
type Report = (path: Path, fault: string) => void

/** A declared table with everything derived. Each fault goes to `report` with its path inside the table's entry. */
export function declaredTable(declaration: TableDeclaration, report: Report): CapturedTable {
  const { schema, name, primaryKey } = declaration
  const iceberg = declaration.iceberg?.name ?? icebergTableName(schema, name)
  const tableNameFault = icebergTableNameFault(iceberg)
  if (tableNameFault) report(['iceberg', 'name'], tableNameFault)
  const columns = declaration.columns.map((column, index) =>
    declaredColumn(column, primaryKey.includes(column.name), (path, fault) => report(['columns', index, ...path], fault)),
  )
  reportSameNames(columns, report)
  reportUnreadable(declaration, columns, report)
  if (columns.every((column) => column.dropped)) report(['columns'], 'all columns are dropped: set "capture": false instead')
  if (columns.every((column) => column.added))
    report(['columns'], 'all columns are "added", so the Iceberg table would be created without any')
  primaryKey.forEach((key, index) => {
    if (primaryKey.indexOf(key) < index) report(['primaryKey', index], `"${key}" is in the key twice`)
    if (!columns.some((column) => column.name === key)) report(['primaryKey', index], `"${key}" is not a column of ${schema}.${name}`)
  })
  return {
    schema,
    name,
    iceberg,
    columns,
    primaryKey,
    replicaIdentity: declaration.replicaIdentity ?? 'default',
    capture: declaration.capture ?? true,
  }
}

function declaredColumn(declaration: ColumnDeclaration, isKey: boolean, report: Report): CapturedColumn {
  const { name } = declaration
  const type = columnType(declaration, report)
  const iceberg = {
    name: declaration.iceberg?.name ?? icebergColumnName(name),
    type: declaration.iceberg?.type ?? icebergTypeOf(type),
    ...(declaration.iceberg?.createdAs !== undefined && { createdAs: declaration.iceberg.createdAs }),
  }
  const nameFault = icebergColumnNameFault(iceberg.name)
  if (nameFault) report(['iceberg', 'name'], nameFault)
  const allowed = allowedIcebergTypes(type)
  if (!allowed.includes(iceberg.type))
    report(['iceberg', 'type'], `${type.text} cannot become "${iceberg.type}": use ${allowed.join(', ')}`)
  const column = {
    name,
    type,
    nullable: declaration.nullable ?? !isKey,
    iceberg,
    added: declaration.added ?? false,
    dropped: declaration.dropped ?? false,
  }
  if (isKey) reportKeyColumn(column, allowed, report)
  reportWidening(column, report)
  return column
}

function columnType({ type, kind, baseType }: ColumnDeclaration, report: Report): PostgresType {
  try {
    return parsePostgresType(type, { ...(kind && { kind }), ...(baseType !== undefined && { baseType }) })
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    report(['type'], error.message)
    return parsePostgresType('text')
  }
}

function reportKeyColumn(column: CapturedColumn, allowed: readonly string[], report: Report): void {
  const { name, iceberg } = column
  if (column.nullable) report(['nullable'], `"${name}" is in the primary key, so it cannot be nullable`)
  if (column.added)
    report(
      ['added'],
      `"${name}" is in the primary key, which an Iceberg table has from its creation: declare the table under a new iceberg.name`,
    )
  if (column.dropped)
    report(['dropped'], `"${name}" is in the primary key: a table that lost its key cannot be followed, set "capture": false`)
  if (!isIdentifierType(iceberg.type)) {
    const usable = allowed.filter(isIdentifierType)
    const advice = usable.length > 0 ? `set iceberg.type to ${usable.join(' or ')}` : 'give the table another primary key'
    report(['iceberg', 'type'], `"${name}" is in the primary key, and Iceberg allows no ${iceberg.type} there: ${advice}`)
  }
}

function reportWidening({ name, added, iceberg: { type, createdAs } }: CapturedColumn, report: Report): void {
  if (createdAs === undefined) return
  const path = ['iceberg', 'createdAs']
  if (added) report(path, `"${name}" was added after the creation: its type alone says what it is, remove createdAs`)
  else if (!isWidening(createdAs, type))
    report(
      path,
      `Iceberg cannot make ${type} of ${createdAs}: it widens int to long, float to double, and a decimal to more digits of the same scale`,
    )
}

/** Between a deployment and the column in Iceberg, values of it are left out of rows: only a table whose rows can be read again gets them back. */
function reportUnreadable(table: TableDeclaration, columns: readonly CapturedColumn[], report: Report): void {
  if (table.capture === false || isSnapshottable(table)) return
  columns.forEach(({ name, added, dropped, iceberg }, index) => {
    if (dropped || !(added || iceberg.createdAs !== undefined)) return
    const fault = `"${name}" ${added ? 'came' : 'was widened'} after the Iceberg table was created, and rows of a table ${unreadable(table)} cannot be read again for it`
    const way = `${table.primaryKey.length === 0 ? 'give the table a primary key' : 'give the table another name'}, or leave the ${added ? 'column' : 'change'} undeclared`
    report(['columns', index, added ? 'added' : 'iceberg'], `${fault}: ${way}`)
  })
}

function reportSameNames(columns: readonly CapturedColumn[], report: Report): void {
  columns.forEach((column, index) => {
    const earlier = columns.slice(0, index)
    if (earlier.some((other) => other.name === column.name)) report(['columns', index, 'name'], `"${column.name}" is declared twice`)
    else {
      const same = earlier.find((other) => other.iceberg.name === column.iceberg.name)
      if (same) {
        const fault = `"${same.name}" and "${column.name}" would both be the Iceberg column "${column.iceberg.name}": set another iceberg.name for one`
        report(['columns', index, 'iceberg', 'name'], fault)
      }
    }
  })
}
