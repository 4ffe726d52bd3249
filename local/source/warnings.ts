import { isToastable, typeWarnings } from '../../pipeline/column-types.ts'
import { isSnapshottable, unreadable } from '../../pipeline/snapshot-signal.ts'
import { type CatalogTable, isKeyIndex } from '../../pipeline/source-catalog.ts'
import { quoteTable, replicaIdentityFullStatement } from '../../pipeline/source-sql.ts'
import type { CapturedColumn, CapturedTable } from '../../pipeline/tables.ts'

/** Something about a table that will hurt, and what to do about it. */
export interface TableWarning {
  /** Stable name of the kind, for scripts. */
  readonly kind: WarningKind
  /** The column it is about, when it is about one only. */
  readonly column?: string
  readonly text: string
}

export type WarningKind =
  | 'no-primary-key'
  | 'unlogged'
  | 'partitioned'
  | 'toast'
  | 'replica-identity'
  | 'type'
  | 'generated'
  | 'renamed'
  | 'key-type'
  | 'not-declared'

/** What will hurt about a table at the source, given how it is declared. */
export function tableWarnings(table: CatalogTable, declared: CapturedTable): TableWarning[] {
  return [...keyWarnings(table, declared), ...storageWarnings(table), ...columnWarnings(table, declared)]
}

function* keyWarnings(table: CatalogTable, declared: CapturedTable): Iterable<TableWarning> {
  const name = quoteTable(table)
  if (table.primaryKey.length === 0) {
    const identity = declared.replicaIdentity === 'full' ? '' : `, and while it is published PostgreSQL refuses UPDATE and DELETE on it`
    yield {
      kind: 'no-primary-key',
      text: `has no primary key: only its inserts can be followed${identity}. Give it one: ALTER TABLE ${name} ADD PRIMARY KEY (…)`,
    }
  }
  if (table.replicaIdentity === 'index' && !isKeyIndex(table)) {
    yield {
      kind: 'replica-identity',
      text:
        `uses an index over (${table.identityIndex.join(', ')}) as replica identity, so its deletes come without the primary key and cannot be followed: ` +
        `ALTER TABLE ${name} REPLICA IDENTITY DEFAULT, or FULL`,
    }
  }
  if (table.replicaIdentity === 'nothing') {
    yield {
      kind: 'replica-identity',
      text: `has REPLICA IDENTITY NOTHING: while it is published PostgreSQL refuses UPDATE and DELETE on it. ALTER TABLE ${name} REPLICA IDENTITY DEFAULT`,
    }
  }
  if (declared.replicaIdentity === 'full' && table.replicaIdentity !== 'full') {
    yield {
      kind: 'replica-identity',
      text: `is declared with full replica identity, which is set at the source when capturing begins: ${replicaIdentityFullStatement(table)}`,
    }
  }
  for (const column of declared.columns) {
    if (!declared.primaryKey.includes(column.name) || !/^(real|double precision)$/.test(column.type.name)) continue
    yield {
      kind: 'key-type',
      column: column.name,
      text: `has the key column "${column.name}" of type ${column.type.text}, which Iceberg does not allow as an identifier: it is carried as ${column.iceberg.type}`,
    }
  }
}

function* storageWarnings(table: CatalogTable): Iterable<TableWarning> {
  if (table.unlogged) {
    yield {
      kind: 'unlogged',
      text: `is unlogged, so its changes are not in the WAL and it cannot be published: ALTER TABLE ${quoteTable(table)} SET LOGGED`,
    }
  }
  if (table.partitioned) {
    yield {
      kind: 'partitioned',
      text: 'is partitioned: its partitions are captured under its own name (publish_via_partition_root), so do not declare them as well. A row that moves between partitions comes as a delete and an insert',
    }
  }
}

function* columnWarnings(table: CatalogTable, declared: CapturedTable): Iterable<TableWarning> {
  const live = declared.columns.filter((column) => !column.dropped)
  const toastable = live
    .filter((column) => !declared.primaryKey.includes(column.name) && isToastable(column.type))
    .map((column) => column.name)
  if (toastable.length > 0 && declared.replicaIdentity !== 'full' && table.replicaIdentity !== 'full') {
    yield {
      kind: 'toast',
      text:
        `can hold long values in ${toastable.join(', ')}: an update that leaves such a value (about 2 kB and more) unchanged does not carry it, and fails as ` +
        'UnavailableValue. If there are such values, set "replicaIdentity": "full" for this table',
    }
  }
  const generated = table.columns.filter((column) => column.generated).map((column) => column.name)
  if (generated.length > 0) {
    yield {
      kind: 'generated',
      text: `has generated columns (${generated.join(', ')}): Debezium has their values in the initial snapshot only, and null afterwards. Compute them in the query instead`,
    }
  }
  const undeclared = table.columns.filter(({ name }) => !declared.columns.some((column) => column.name === name)).map(({ name }) => name)
  if (undeclared.length > 0 && !isSnapshottable(table)) {
    yield {
      kind: 'not-declared',
      text: `came to have ${undeclared.join(', ')}, which is left out: rows of a table ${unreadable(table)} cannot be read again for a column`,
    }
  }
  for (const text of new Set(live.flatMap(({ type }) => typeWarnings(type)))) {
    const columns = live.filter(({ type }) => typeWarnings(type).includes(text)).map(({ name, type }) => `${name} (${type.text})`)
    yield { kind: 'type', text: `${columns.join(', ')}: ${text}` }
  }
  for (const column of live) {
    if (isRenamed(column)) {
      yield {
        kind: 'renamed',
        column: column.name,
        text: `${column.name} is "${column.iceberg.name}" in Iceberg, since another column has the lower-case name or it is reserved. Choose a name with "iceberg": { "name": … }`,
      }
    }
  }
}

/** Whether the Iceberg name differs by more than case and the replacement of odd characters. */
function isRenamed(column: CapturedColumn): boolean {
  return column.iceberg.name !== column.name.toLowerCase().replace(/[^a-z0-9_]/g, '_')
}
