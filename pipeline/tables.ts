import type { IcebergType, PostgresType } from './column-types.ts'
import { declarationFaults, pathText } from './declaration-faults.ts'
import { PipelineError } from './errors.ts'
import { canaryTable, ownSchema } from './names.ts'
import { declaredTable } from './table-declaration.ts'
import { tableDeclaration, tablesFileShape } from './tables-file.ts'

export { tablesJsonSchema } from './tables-file.ts'

/** What the source writes to the WAL of an updated or deleted row (PostgreSQL's `REPLICA IDENTITY`). */
export type ReplicaIdentity = 'default' | 'full' | 'nothing' | 'index'

/** A table of `tables.json` with everything derived: names, types and defaults are filled in, and the whole is consistent. */
export interface CapturedTable {
  readonly schema: string
  readonly name: string
  /** Name of the Iceberg table in the namespace, lower case. */
  readonly iceberg: string
  /** In the order of the declaration, which is the order of the Iceberg table's creation. */
  readonly columns: readonly CapturedColumn[]
  /** Column names at the source, in the order of the key. Empty: the table has none and only receives inserts. */
  readonly primaryKey: readonly string[]
  readonly replicaIdentity: ReplicaIdentity
  /** False: no longer captured; its late change events are dropped and the Iceberg table stays. */
  readonly capture: boolean
}

export interface CapturedColumn {
  /** At the source, case kept. */
  readonly name: string
  readonly type: PostgresType
  readonly nullable: boolean
  readonly iceberg: {
    readonly name: string
    readonly type: IcebergType
    /** Type of the Iceberg table's creation, where the column was widened since. */
    readonly createdAs?: IcebergType
  }
  /** Added after the Iceberg table was created: not in the schema of its creation. */
  readonly added: boolean
  /** Dropped at the source: stays in the Iceberg table as null. */
  readonly dropped: boolean
}

/** More tables than this are not known to fit one delivery stream and one connector. */
export const maximumCapturedTables = 400

/** The project's own table at the source, captured like any other: what is written to it last has everything before it delivered. */
export const canaryCapturedTable: CapturedTable = declaredTable(
  {
    ...canaryTable,
    columns: [
      { name: 'name', type: 'text', nullable: false },
      { name: 'value', type: 'bigint' },
      { name: 'touched_at', type: 'timestamp with time zone' },
    ],
    primaryKey: ['name'],
  },
  (_path, fault) => {
    throw new Error(fault)
  },
)

/** All tables that have an Iceberg table: the declared ones in their order, then the canary. */
export function capturedTables(declared: readonly CapturedTable[]): CapturedTable[] {
  return [...declared, canaryCapturedTable]
}

/**
 * The declared tables (without the canary) from the JSON of a `tables.json`.
 * @throws PipelineError `InvalidTables` with every fault, one a line, each with its path into the file.
 */
export function parseTables(json: unknown, where = 'tables.json'): CapturedTable[] {
  const faults: string[] = []
  const shape = tablesFileShape.safeParse(json, { reportInput: true })
  if (!shape.success) faults.push(...declarationFaults(tablesFileShape, shape.error))
  const entries: unknown[] = isTableList(json) ? json.tables : []
  const tables = entries.flatMap((entry, index) => {
    const declaration = tableDeclaration(entry)
    if (!declaration) return []
    const report = (path: readonly (string | number)[], fault: string) => faults.push(`${pathText(['tables', index, ...path])}: ${fault}`)
    const owner = schemaOwners[declaration.schema]
    if (owner) report(['schema'], `the schema "${declaration.schema}" is ${owner} own: its tables cannot be declared`)
    return [{ index, table: declaredTable(declaration, report) }]
  })
  for (const { index, property, fault } of collisions(tables)) faults.push(`tables[${index}].${property}: ${fault}`)
  const captured = tables.filter(({ table }) => table.capture).length
  if (captured > maximumCapturedTables) {
    faults.push(
      `tables: ${captured} captured tables are more than the ${maximumCapturedTables} that one deployment carries: ` +
        'split them over several deployments, each with its own name prefix and tables file',
    )
  }
  if (faults.length > 0) {
    throw new PipelineError(
      'InvalidTables',
      `${where} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n  ${faults.join('\n  ')}`,
    )
  }
  return tables.map(({ table }) => table)
}

/** Schemas without tables of the user's. */
const schemaOwners: Readonly<Record<string, string>> = {
  [ownSchema]: "the pipeline's",
  pg_catalog: "PostgreSQL's",
  information_schema: "PostgreSQL's",
  pg_toast: "PostgreSQL's",
}

/** Tables that are captured twice, or share a name in Iceberg. An entry that is out of capture is the record of a former Iceberg table. The canary's Iceberg name is taken from the start. */
function* collisions(tables: readonly { index: number; table: CapturedTable }[]) {
  const sources = new Map<string, number>()
  const icebergs = new Map<string, string>([[canaryCapturedTable.iceberg, "the pipeline's own canary"]])
  for (const { index, table } of tables) {
    const source = JSON.stringify([table.schema, table.name])
    const first = sources.get(source)
    if (table.capture && first !== undefined) {
      const fault = `${table.schema}.${table.name} is captured twice (also by tables[${first}]): remove one, or set "capture": false for that of a former Iceberg table`
      yield { index, property: 'name', fault }
      continue
    }
    if (table.capture) sources.set(source, index)
    const other = icebergs.get(table.iceberg)
    if (other !== undefined) {
      const fault = `the Iceberg table of ${table.schema}.${table.name} would be "${table.iceberg}", which is that of ${other}: set another iceberg.name`
      yield { index, property: 'iceberg.name', fault }
    } else icebergs.set(table.iceberg, `${table.schema}.${table.name}`)
  }
}

/** The entries that say what becomes of a table's changes: not those of a former Iceberg table beside that which is captured now. */
export function currentTables(tables: readonly CapturedTable[]): CapturedTable[] {
  return tables.filter(
    ({ capture, schema, name }) => capture || !tables.some((other) => other.capture && other.schema === schema && other.name === name),
  )
}

function isTableList(json: unknown): json is { tables: unknown[] } {
  return typeof json === 'object' && json !== null && 'tables' in json && Array.isArray(json.tables)
}
