import type { DuckDBConnection } from '@duckdb/node-api'
import type { ClientBase } from 'pg'
import { unsentReason } from '../../pipeline/column-types.ts'
import { quoteTable } from '../../pipeline/source-sql.ts'
import { type CapturedColumn, type CapturedTable, capturedTables } from '../../pipeline/tables.ts'
import type { Lake } from '../iceberg/duckdb.ts'
import { quoteIdentifier } from '../iceberg/iceberg-type.ts'
import { type CatalogTable, readTables } from '../source/catalog.ts'
import { connectSource } from '../source/connection.ts'
import { bothSides } from './both-sides.ts'
import { catchUp } from './catch-up.ts'
import { compareAll, compareGroups, type Difference, type DifferenceKind, type Overview, type TwoSides } from './compare-table.ts'
import { type ComparedColumn, comparedColumn } from './forms.ts'
import { icebergColumns } from './rows.ts'

export interface VerificationSettings {
  /** Connection string of the source. */
  readonly source: string
  readonly lake: Lake
  readonly namespace: string
  /** The declared tables; those that are captured, and the canary, are compared. */
  readonly tables: readonly CapturedTable[]
  /** For each wait until the tables have caught up. */
  readonly timeoutMs: number
  readonly deliveryUri?: string
  readonly onProgress?: (sentence: string) => void
  /** Is given the keys of all rows that differ for good: of each its normalized texts by the key columns' names. Never of a table without key. */
  readonly onDiffering?: (table: CapturedTable, keys: readonly Readonly<Record<string, string>>[]) => void
}

export interface TableVerification {
  /** `schema.name` at the source. */
  readonly table: string
  readonly iceberg: string
  readonly sourceRows: number
  readonly icebergRows: number
  /** Rows that differ for good: looked at twice, with everything delivered in between. */
  readonly differences: Readonly<Record<DifferenceKind, number>>
  /** Rows that changed at the source whenever they were looked at. */
  readonly unsettled: number
  /** False: there are more differences than were counted. */
  readonly complete: boolean
  /** The first of them, by their keys and nothing else; none of a table without a key. */
  readonly first: readonly {
    readonly kind: DifferenceKind
    readonly key: Readonly<Record<string, string>>
    readonly columns: readonly string[]
  }[]
  readonly notCompared: readonly { readonly column: string; readonly why: string }[]
  /** Why the table could not be compared at all. */
  readonly problem?: string
  /** What most likely happened, where something differs. */
  readonly likelyCause?: string
}

export interface VerificationReport {
  /** True: every row of every table is the same at both sides. */
  readonly equal: boolean
  /** False: rows kept changing, so that neither can be said. */
  readonly settled: boolean
  /** The source's LSN up to which everything had been delivered. */
  readonly lsn: string
  readonly tables: readonly TableVerification[]
}

/** Looks at a row that differs so many times before it is called unsettled. */
const maximumLooks = 5
const shownDifferences = 10

/**
 * Compares every captured table with its Iceberg table, value for value, after they have caught up. Rows in flight are not differences: what
 * differs is looked at again after another catch-up, and counts only if the source's row did not change in between.
 * @throws PipelineError `NotCaughtUp`, `SourceUnreachable`
 */
export async function verifyTables(settings: VerificationSettings): Promise<VerificationReport> {
  const { lake, namespace, onProgress = () => undefined, onDiffering = () => undefined } = settings
  const client = await connectSource(settings.source)
  const connection = await lake.connect()
  try {
    const quotedNamespace = `${quoteIdentifier(lake.catalogName)}.${quoteIdentifier(namespace)}`
    const wait = () => catchUp({ ...settings, client, connection, namespace: quotedNamespace })
    onProgress('waiting until the tables have caught up')
    const lsn = await wait()
    const captured = capturedTables(settings.tables).filter(({ capture }) => capture)
    const catalog = await readTables(client, captured)
    const tables: TableVerification[] = []
    for (const table of captured) {
      onProgress(`comparing ${table.schema}.${table.name}`)
      const current = catalog.find(({ schema, name }) => schema === table.schema && name === table.name)
      tables.push(await verifyTable(table, current, { client, connection, namespace: quotedNamespace, wait, onDiffering }))
    }
    const settled = tables.every(({ unsettled }) => unsettled === 0)
    const equal = settled && tables.every((table) => table.problem === undefined && countOf(table) === 0 && table.complete)
    return { equal, settled, lsn, tables }
  } finally {
    connection.closeSync()
    await client.end()
  }
}

/** What a report comes to: one lasting difference is enough for `different`, whatever else kept changing. */
export function verdictOf(report: VerificationReport): 'equal' | 'different' | 'undecided' {
  if (report.equal) return 'equal'
  return report.tables.some((table) => table.problem !== undefined || countOf(table) > 0) ? 'different' : 'undecided'
}

/** How many rows of a table differ. */
export function countOf({ differences }: TableVerification): number {
  return Object.values(differences).reduce((sum, count) => sum + count, 0)
}

interface Sides {
  readonly client: ClientBase
  readonly connection: DuckDBConnection
  readonly namespace: string
  readonly wait: () => Promise<string>
  readonly onDiffering: NonNullable<VerificationSettings['onDiffering']>
}

async function verifyTable(table: CapturedTable, current: CatalogTable | undefined, sides: Sides): Promise<TableVerification> {
  const { columns, notCompared } = comparison(table, current)
  const icebergTable = `${sides.namespace}.${quoteIdentifier(table.iceberg)}`
  const named = { table: `${table.schema}.${table.name}`, iceberg: table.iceberg, notCompared }
  const nothing = { sourceRows: 0, icebergRows: 0, differences: counted([]), unsettled: 0, complete: true, first: [] }
  if (!current) return { ...named, ...nothing, problem: 'it does not exist at the source' }
  if (columns.length === 0) return { ...named, ...nothing, problem: 'none of its columns can be compared' }
  const names = await icebergColumns(sides.connection, icebergTable)
  if (!names) return { ...named, ...nothing, problem: `there is no Iceberg table ${table.iceberg}` }
  const isLacking = ({ name, iceberg }: CapturedColumn) => columns.some((column) => column.name === name) && !names.includes(iceberg.name)
  const lacking = table.columns.filter(isLacking).map(({ name }) => name)
  if (lacking.length > 0) return { ...named, ...nothing, problem: `its Iceberg table has no column for ${lacking.join(', ')}` }
  const twoSides = await bothSides(table, `${current.partitioned ? '' : 'ONLY '}${quoteTable(table)}`, icebergTable, columns, sides)
  const overview = await compareAll(twoSides)
  const { lasting, unsettled } = overview.groups.size === 0 ? nothingDiffers : await lastingDifferences(twoSides, overview, sides.wait)
  if (lasting.size > 0 && table.primaryKey.length > 0)
    sides.onDiffering(
      table,
      [...lasting.keys()].map((key) => keyOf(columns, key)),
    )
  return {
    ...named,
    sourceRows: overview.sourceRows,
    icebergRows: overview.icebergRows,
    differences: counted([...lasting.values()]),
    unsettled,
    complete: overview.complete || lasting.size === 0,
    first: table.primaryKey.length === 0 ? [] : firstDifferences(columns, lasting),
  }
}

const nothingDiffers = { lasting: new Map<string, Difference>(), unsettled: 0 }

/** Looks again, after a catch-up each time, until every row that differs either stopped differing or is seen twice with the source's row unchanged. */
async function lastingDifferences(twoSides: TwoSides, { groups }: Overview, wait: () => Promise<string>) {
  let before = await compareGroups(twoSides, groups)
  let lasting = new Map<string, Difference>()
  let unsettled = before.size
  for (let look = 2; look <= maximumLooks && unsettled > 0; look += 1) {
    await wait()
    const now = await compareGroups(twoSides, groups)
    lasting = new Map([...now].filter(([key, { sourceDigest }]) => before.get(key)?.sourceDigest === sourceDigest))
    unsettled = now.size - lasting.size
    before = now
  }
  return { lasting, unsettled }
}

/** The columns of a table that can be compared, the key's first, and why the others cannot. */
function comparison(table: CapturedTable, current: CatalogTable | undefined) {
  const columns: ComparedColumn[] = []
  const notCompared: { column: string; why: string }[] = []
  for (const column of table.columns) {
    const why = column.dropped
      ? 'it was dropped at the source'
      : current?.columns.some(({ name, generated }) => generated && name === column.name)
        ? 'it is generated, and Debezium has it in the initial snapshot only'
        : unsentReason(column.type)
    const compared = why ?? comparedColumn(column, table.primaryKey.includes(column.name))
    if (typeof compared === 'string') notCompared.push({ column: column.name, why: compared })
    else columns.push(compared)
  }
  return { columns, notCompared }
}

function counted(differences: readonly Difference[]): Record<DifferenceKind, number> {
  const counts = { missing: 0, extra: 0, stale: 0, duplicate: 0 }
  for (const { kind, count } of differences) counts[kind] += count
  return counts
}

function firstDifferences(columns: readonly ComparedColumn[], lasting: ReadonlyMap<string, Difference>): TableVerification['first'] {
  return [...lasting]
    .toSorted(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }))
    .slice(0, shownDifferences)
    .map(([key, difference]) => ({ kind: difference.kind, key: keyOf(columns, key), columns: difference.columns }))
}

/** A key of `rowKey` by its columns' names. */
function keyOf(columns: readonly ComparedColumn[], key: string): Record<string, string> {
  const values: unknown = JSON.parse(key)
  const texts = Array.isArray(values) ? values.map(String) : []
  return Object.fromEntries(columns.filter(({ isKey }) => isKey).map(({ name }, index) => [name, texts[index] ?? '']))
}
