import type { IcebergTable } from '../iceberg/catalog.ts'
import { type Operation, operations } from './commit/staged-rows.ts'
import { storedOffsets } from './commit/table-commit.ts'
import { type RowConversion, type RowRefusal, rowConversion } from './rows/row-conversion.ts'
import type { Offsets } from './source/partition-source.ts'
import type { TableConfiguration } from './table-configurations.ts'

/** A table that records are delivered to. */
export interface Destination {
  readonly table: IcebergTable
  readonly keys: readonly string[]
  readonly errorOutputPrefix: string | undefined
  /** What is below is in the table already. */
  readonly delivered: Offsets
  readonly convertRow: RowConversion
  /** The row of a delete: only its keys count, so other columns may be null whatever the table says. */
  readonly convertDelete: RowConversion
}

export type Route =
  | { readonly destination: Destination; readonly operation: Operation }
  | { readonly refusal: RowRefusal; readonly errorOutputPrefix: string | undefined }

/** Where a record goes by its `otfMetadata`. https://docs.aws.amazon.com/firehose/latest/dev/apache-iceberg-format-input-record-different.html */
export interface Destinations {
  /** A promise only where the table has to be looked up first. */
  route(otfMetadata: Readonly<Record<string, unknown>> | undefined): Route | Promise<Route>
}

export interface DestinationSettings {
  readonly configurations: readonly TableConfiguration[]
  readonly streamId: string
  /** Waits as long as the catalog does not answer. */
  readonly loadTable: (namespace: string, name: string) => Promise<IcebergTable | undefined>
}

/** Tables are looked up once: make new destinations for each batch. */
export function destinations({ configurations, streamId, loadTable }: DestinationSettings): Destinations {
  const known = new Map<string, Destination | RowRefusal>()

  const load = async (namespace: string, name: string): Promise<Destination | RowRefusal> => {
    const table = await loadTable(namespace, name)
    if (!table) return { errorCode: 'Iceberg.NoSuchTable', errorMessage: `The table ${namespace}.${name} does not exist.` }
    if (table.formatVersion !== 2)
      return { errorCode: 'Iceberg.NoSuchTable', errorMessage: `The table ${namespace}.${name} is not of Iceberg format version 2.` }
    const configuration = configurationOf(namespace, name)
    const keys = configuration && configuration.uniqueKeys.length > 0 ? configuration.uniqueKeys : table.identifierFields
    const unknown = keys.find((key) => !table.columns.some((column) => column.name === key))
    if (unknown !== undefined)
      return {
        errorCode: 'Iceberg.UniqueKeysNotFound',
        errorMessage: `The table ${namespace}.${name} has no column ${unknown}, its unique key.`,
      }
    const required = table.columns.filter((column) => column.required).map((column) => column.name)
    return {
      table,
      keys,
      errorOutputPrefix: configuration?.errorOutputPrefix,
      delivered: storedOffsets(table, streamId),
      convertRow: rowConversion(table.columns, new Set(required)),
      convertDelete: rowConversion(table.columns, new Set(required.filter((column) => keys.includes(column)))),
    }
  }

  const configurationOf = (namespace: string, name: string): TableConfiguration | undefined =>
    configurations.find((configuration) => configuration.namespace === namespace && configuration.table === name)

  /** Without a table in the metadata the stream's only table is meant, where it has only one. */
  const single = configurations.length === 1 ? configurations[0] : undefined

  return {
    route(otfMetadata) {
      const namespace = otfMetadata?.destinationDatabaseName ?? single?.namespace
      const name = otfMetadata?.destinationTableName ?? single?.table
      if (typeof namespace !== 'string' || typeof name !== 'string' || namespace === '' || name === '') {
        return {
          refusal: { errorCode: 'Iceberg.InvalidTableName', errorMessage: 'The record names no destination database or table.' },
          errorOutputPrefix: undefined,
        }
      }
      const refuse = (refusal: RowRefusal): Route => ({ refusal, errorOutputPrefix: configurationOf(namespace, name)?.errorOutputPrefix })
      const operation = operations.find((one) => one === (otfMetadata?.operation ?? 'insert'))
      if (!operation)
        return refuse({ errorCode: 'Iceberg.InvalidOperation', errorMessage: 'The operation is none of insert, update, delete.' })
      const routeTo = (destination: Destination | RowRefusal): Route => {
        if ('errorCode' in destination) return refuse(destination)
        if (operation === 'insert' || destination.keys.length > 0) return { destination, operation }
        return refuse({
          errorCode: 'Iceberg.UniqueKeysNotFound',
          errorMessage: `The table ${namespace}.${name} has neither unique keys in the stream nor identifier fields.`,
        })
      }
      const path = `${namespace}.${name}`
      const found = known.get(path)
      if (found) return routeTo(found)
      const lookUp = async (): Promise<Route> => {
        const loaded = await load(namespace, name)
        known.set(path, loaded)
        return routeTo(loaded)
      }
      return lookUp()
    },
  }
}
