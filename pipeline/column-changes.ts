import type { IcebergType } from './column-types.ts'
import type { CapturedColumn, CapturedTable } from './tables.ts'

/** A column of an Iceberg table as the Glue catalog tells it: Hive's name of its type. */
export interface CatalogedColumn {
  readonly name: string
  readonly type: string
}

/** A statement that has an Iceberg table follow its declaration. */
export interface ColumnChange {
  /** What it comes to, in words: `added public.orders.note (string)`. */
  readonly done: string
  readonly sql: string
  /** The table's name. */
  readonly iceberg: string
}

/**
 * Whether Iceberg makes one type of the other in place, so that every value stays what it is: the source's own rewriting of such a column leaves them
 * so, too. https://iceberg.apache.org/spec/#schema-evolution
 */
export function isWidening(from: IcebergType, to: IcebergType): boolean {
  if (from === 'int') return to === 'long'
  if (from === 'float') return to === 'double'
  const [narrow, wide] = [decimal(from), decimal(to)]
  return narrow !== undefined && wide !== undefined && narrow.scale === wide.scale && narrow.precision < wide.precision
}

function decimal(type: IcebergType): { precision: number; scale: number } | undefined {
  const [, precision, scale] = /^decimal\((\d+), ?(\d+)\)$/.exec(type) ?? []
  return precision === undefined || scale === undefined ? undefined : { precision: Number(precision), scale: Number(scale) }
}

/** The Iceberg type of the table's creation. */
export function creationType({ iceberg }: CapturedColumn): IcebergType {
  return iceberg.createdAs ?? iceberg.type
}

/**
 * A type in Athena's DDL; undefined where that has none: of all types of time it makes `date` and `timestamp` only, and no `uuid`.
 * https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html
 */
export function ddlType(type: IcebergType): string | undefined {
  const element = /^list<(.+)>$/.exec(type)?.[1]
  if (element !== undefined) {
    const of = ddlType(element)
    return of === undefined ? undefined : `array<${of}>`
  }
  if (type === 'long') return 'bigint'
  return /^(boolean|int|float|double|date|timestamp|string|binary|decimal\(\d+,\d+\))$/.test(type) ? type : undefined
}

/** The captured tables whose Iceberg tables are to be other than they were created. */
export function evolvedTables(tables: readonly CapturedTable[]): CapturedTable[] {
  return tables.filter(({ capture, columns }) => capture && columns.some(isEvolved))
}

/** A column that came and went has no values to hold. */
function isEvolved({ added, dropped, iceberg }: CapturedColumn): boolean {
  return !dropped && (added || iceberg.createdAs !== undefined)
}

/** What keeps an Iceberg table from what is declared, or what is to be done about it. */
export interface ColumnDifferences {
  readonly changes: readonly ColumnChange[]
  /** Each a sentence, with the way out. */
  readonly impossible: readonly string[]
}

/** How an Iceberg table's columns differ from the declaration. */
export function columnDifferences(table: CapturedTable, current: readonly CatalogedColumn[]): ColumnDifferences {
  const missing: CapturedColumn[] = []
  const changes: ColumnChange[] = []
  const impossible: string[] = []
  const of = `${table.schema}.${table.name}`
  for (const column of table.columns.filter(isEvolved)) {
    const { name, type } = column.iceberg
    const found = current.find((candidate) => candidate.name === name)
    const wanted = ddlType(type)
    if (!found && wanted !== undefined && column.added) missing.push(column)
    else if (!found) impossible.push(cannotAdd(table, column))
    // A type that Athena cannot write was made by another engine; Glue does not name it clearly.
    else if (wanted !== undefined && found.type !== wanted) {
      if (isWidening(icebergType(found.type), type)) {
        changes.push({
          done: `widened ${of}.${column.name} from ${found.type} to ${wanted}`,
          iceberg: table.iceberg,
          sql: `ALTER TABLE ${quoted(table.iceberg)} CHANGE COLUMN ${quoted(name)} ${quoted(name)} ${wanted}`,
        })
      } else
        impossible.push(
          `${of}.${column.name}: the Iceberg column ${table.iceberg}.${name} is ${found.type}, which cannot become ${wanted}: ${beside}`,
        )
    }
  }
  if (missing.length > 0) {
    const list = missing.map(({ iceberg }) => `${quoted(iceberg.name)} ${ddlType(iceberg.type)}`)
    changes.unshift({
      done: `added ${missing.map(({ name, iceberg }) => `${of}.${name} (${iceberg.type})`).join(', ')}`,
      iceberg: table.iceberg,
      sql: `ALTER TABLE ${quoted(table.iceberg)} ADD COLUMNS (${list.join(', ')})`,
    })
  }
  return { changes, impossible }
}

const beside = 'declare the table under another iceberg.name, which makes a new Iceberg table beside this one (docs/operating.md)'

function cannotAdd(table: CapturedTable, { name, added, iceberg }: CapturedColumn): string {
  const of = `${table.schema}.${table.name}.${name}`
  if (!added) return `${of}: the Iceberg table ${table.iceberg} has no column ${iceberg.name}, though it was created with it: ${beside}`
  return (
    `${of}: Athena cannot add a column of the type ${iceberg.type} to ${table.iceberg}: set its iceberg.type to "string"; ` +
    `or add ${iceberg.name} by an engine that can (Spark), and start an execution again; or ${beside}`
  )
}

const icebergType = (glueType: string): IcebergType => (glueType === 'bigint' ? 'long' : glueType)

/** In DDL Athena takes Hive's quotes; the catalog is not in the statement, but in what it is asked with. */
const quoted = (name: string) => `\`${name}\``
