import { type IcebergColumn, parseColumns } from './iceberg-type.ts'
import { evolvedSchema, type SchemaChange, type SchemaJson } from './schema-evolution.ts'

/** A table as the catalog describes it. */
export interface IcebergTable {
  readonly namespace: string
  readonly name: string
  /** Of this very table: a table that is dropped and created again has another one. */
  readonly uuid: string
  readonly location: string
  readonly formatVersion: number
  readonly schemaId: number
  readonly columns: readonly IcebergColumn[]
  /** Names of the identifier fields, in the order of the columns. */
  readonly identifierFields: readonly string[]
  readonly properties: Readonly<Record<string, string>>
  /** Ids exceed 2^53, so they are text. Undefined: no data was ever written. */
  readonly currentSnapshot: IcebergSnapshot | undefined
  /** When each snapshot was made, oldest first, in milliseconds. */
  readonly snapshotTimesMs: readonly number[]
}

export interface IcebergSnapshot {
  readonly id: string
  readonly timestampMs: number
  /** Iceberg's own counts, as text: `total-data-files`, `total-delete-files`, `total-records`, … */
  readonly summary: Readonly<Record<string, string>>
}

export interface IcebergCatalog {
  readonly uri: string
  /** Does nothing where it exists. */
  createNamespace(namespace: string): Promise<void>
  listNamespaces(): Promise<string[]>
  /** @throws CatalogError 409 where it exists. */
  createTable(namespace: string, name: string, schema: unknown, properties?: Readonly<Record<string, string>>): Promise<IcebergTable>
  /** Undefined where the table or its namespace does not exist. */
  loadTable(namespace: string, name: string): Promise<IcebergTable | undefined>
  listTables(namespace: string): Promise<string[]>
  /** Sets table properties; one with the value undefined is removed. */
  updateProperties(namespace: string, name: string, properties: Readonly<Record<string, string | undefined>>): Promise<void>
  /**
   * Changes the current schema, in a commit of its own.
   * @throws SchemaRefusal, CatalogError 409 where another writer changed it in between
   */
  evolveSchema(namespace: string, name: string, change: SchemaChange): Promise<void>
  dropTable(namespace: string, name: string): Promise<void>
  /** Rewrites small and deleted-from files; answers the server's own figures. */
  compact(namespace: string, name: string): Promise<Readonly<Record<string, unknown>>>
  expireSnapshots(
    namespace: string,
    name: string,
    keep: { readonly retainLast: number; readonly olderThanMs: number },
  ): Promise<Readonly<Record<string, unknown>>>
}

/** The catalog answered, and refused. */
export class CatalogError extends Error {
  override readonly name = 'CatalogError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The catalog did not answer: it is down, or the connection broke, and a commit's outcome is unknown. */
export class CatalogUnreachable extends Error {
  override readonly name = 'CatalogUnreachable'
}

/** A client of Apache's Iceberg REST catalog. https://iceberg.apache.org/rest-catalog-spec/ */
export function icebergCatalog(uri: string, timeoutMs = 30_000): IcebergCatalog {
  const request = async (method: string, path: string, body?: unknown, timeout = timeoutMs): Promise<{ status: number; text: string }> => {
    try {
      const response = await fetch(`${uri}${path}`, {
        method,
        signal: AbortSignal.timeout(timeout),
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      })
      return { status: response.status, text: await response.text() }
    } catch (error) {
      throw new CatalogUnreachable(`${method} ${uri}${path}: no answer from the Iceberg catalog (${causeOf(error)})`, { cause: error })
    }
  }
  const wanted = async (method: string, path: string, body?: unknown, timeout?: number): Promise<string> => {
    const { status, text } = await request(method, path, body, timeout)
    if (status >= 300) throw new CatalogError(status, `${method} ${uri}${path}: ${status} ${errorMessage(text)}`)
    return text
  }

  return {
    uri,
    async createNamespace(namespace) {
      const { status, text } = await request('POST', '/v1/namespaces', { namespace: [namespace], properties: {} })
      if (status >= 300 && status !== 409) throw new CatalogError(status, `namespace ${namespace}: ${status} ${errorMessage(text)}`)
    },
    async listNamespaces() {
      const { namespaces }: { namespaces: string[][] } = JSON.parse(await wanted('GET', '/v1/namespaces'))
      return namespaces.map((parts) => parts.join('.'))
    },
    async createTable(namespace, name, schema, properties = {}) {
      const body = { name, schema, properties: { 'format-version': '2', ...properties } }
      return parseTable(namespace, name, await wanted('POST', `/v1/namespaces/${encodeURIComponent(namespace)}/tables`, body))
    },
    async loadTable(namespace, name) {
      const { status, text } = await request('GET', tablePath(namespace, name))
      if (status === 404) return undefined
      if (status >= 300) throw new CatalogError(status, `table ${namespace}.${name}: ${status} ${errorMessage(text)}`)
      return parseTable(namespace, name, text)
    },
    async listTables(namespace) {
      const { identifiers }: { identifiers: { name: string }[] } = JSON.parse(
        await wanted('GET', `/v1/namespaces/${encodeURIComponent(namespace)}/tables`),
      )
      return identifiers.map((identifier) => identifier.name)
    },
    async updateProperties(namespace, name, properties) {
      const entries = Object.entries(properties)
      const updates = Object.fromEntries(entries.filter((entry) => entry[1] !== undefined))
      const removals = entries.filter((entry) => entry[1] === undefined).map((entry) => entry[0])
      await wanted('POST', tablePath(namespace, name), {
        requirements: [],
        updates: [
          ...(Object.keys(updates).length > 0 ? [{ action: 'set-properties', updates }] : []),
          ...(removals.length > 0 ? [{ action: 'remove-properties', removals }] : []),
        ],
      })
    },
    async evolveSchema(namespace, name, change) {
      const { metadata } = parseTableJson(await wanted('GET', tablePath(namespace, name)))
      const { schema, lastColumnId } = evolvedSchema(currentSchema(metadata), metadata['last-column-id'], change)
      await wanted('POST', tablePath(namespace, name), {
        requirements: [
          { type: 'assert-current-schema-id', 'current-schema-id': metadata['current-schema-id'] },
          { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': metadata['last-column-id'] },
        ],
        updates: [
          { action: 'add-schema', schema, 'last-column-id': lastColumnId },
          // The one that was just added.
          { action: 'set-current-schema', 'schema-id': -1 },
        ],
      })
    },
    async dropTable(namespace, name) {
      await wanted('DELETE', `${tablePath(namespace, name)}?purgeRequested=true`)
    },
    async compact(namespace, name) {
      return JSON.parse(await wanted('POST', `/maintenance/compact?${tableQuery(namespace, name)}`, undefined, maintenanceTimeoutMs))
    },
    async expireSnapshots(namespace, name, { retainLast, olderThanMs }) {
      const query = `${tableQuery(namespace, name)}&retainLast=${retainLast}&olderThanMs=${olderThanMs}`
      return JSON.parse(await wanted('POST', `/maintenance/expire?${query}`, undefined, maintenanceTimeoutMs))
    },
  }
}

function tablePath(namespace: string, name: string): string {
  return `/v1/namespaces/${encodeURIComponent(namespace)}/tables/${encodeURIComponent(name)}`
}

function tableQuery(namespace: string, name: string): string {
  return `table=${encodeURIComponent(`${namespace}.${name}`)}`
}

/** A compaction of a million rows takes seconds; an hour means that something is stuck. */
const maintenanceTimeoutMs = 3_600_000

interface TableJson {
  readonly metadata: {
    readonly 'table-uuid': string
    readonly location: string
    readonly 'format-version': number
    readonly 'current-schema-id': number
    readonly 'last-column-id': number
    readonly schemas: readonly (SchemaJson & { readonly 'identifier-field-ids'?: readonly number[] })[]
    readonly properties?: Readonly<Record<string, string>>
    readonly 'current-snapshot-id'?: string | null
    readonly snapshots?: readonly {
      readonly 'snapshot-id': string
      readonly 'timestamp-ms': number
      readonly summary?: Readonly<Record<string, string>>
    }[]
  }
}

/** Snapshot ids are 63 bits; they are made text before `JSON.parse` could round them. Only these keys are touched, never a string's inside. */
export function parseTableJson(text: string): TableJson {
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"(?:\s*:\s*-?\d+(?=[\s,}\]]))?/g, exactSnapshotId))
}

function exactSnapshotId(token: string): string {
  const id = /^("(?:[a-z-]*-)?snapshot-id"\s*:\s*)(-?\d+)$/.exec(token)
  return id ? `${id[1]}"${id[2]}"` : token
}

function parseTable(namespace: string, name: string, text: string): IcebergTable {
  const { metadata } = parseTableJson(text)
  const schema = currentSchema(metadata)
  const identifiers = schema['identifier-field-ids'] ?? []
  const snapshot = metadata.snapshots?.find((candidate) => candidate['snapshot-id'] === metadata['current-snapshot-id'])
  return {
    namespace,
    name,
    uuid: metadata['table-uuid'],
    location: metadata.location,
    formatVersion: metadata['format-version'],
    schemaId: metadata['current-schema-id'],
    columns: parseColumns(schema.fields),
    identifierFields: schema.fields.filter((field) => identifiers.includes(field.id)).map((field) => field.name),
    properties: metadata.properties ?? {},
    snapshotTimesMs: (metadata.snapshots ?? []).map((one) => one['timestamp-ms']).sort((one, other) => one - other),
    currentSnapshot: snapshot && { id: snapshot['snapshot-id'], timestampMs: snapshot['timestamp-ms'], summary: snapshot.summary ?? {} },
  }
}

function currentSchema({
  schemas,
  location,
  'current-schema-id': current,
}: TableJson['metadata']): TableJson['metadata']['schemas'][number] {
  const schema = schemas.find((candidate) => candidate['schema-id'] === current)
  if (!schema) throw new Error(`the table at ${location} has no current schema in its metadata`)
  return schema
}

function errorMessage(text: string): string {
  try {
    const body: { error?: { message?: string } } = JSON.parse(text)
    return body.error?.message ?? text.slice(0, 300)
  } catch {
    return text.slice(0, 300)
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause ? String(cause.code) : cause.message
}
