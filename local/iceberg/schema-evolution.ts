import type { IcebergTypeJson } from '../../pipeline/iceberg-schema.ts'

/** A change of an Iceberg table's schema. */
export type SchemaChange =
  | { readonly add: readonly { readonly name: string; readonly type: string }[] }
  | { readonly widen: string; readonly to: string }

interface Field {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: IcebergTypeJson
}

/** A schema as the REST catalog has it; members that nothing here looks at are kept. */
export interface SchemaJson {
  readonly 'schema-id': number
  readonly fields: readonly Field[]
}

/** The change cannot be made: what is said of it. */
export class SchemaRefusal extends Error {
  override readonly name = 'SchemaRefusal'
}

/**
 * The schema after a change, and the highest id of a column in it. Added columns are optional and come last, with new ids: a file that lacks an id has null there.
 * https://iceberg.apache.org/spec/#schema-evolution
 * @throws SchemaRefusal
 */
export function evolvedSchema(
  schema: SchemaJson,
  lastColumnId: number,
  change: SchemaChange,
): { schema: SchemaJson; lastColumnId: number } {
  if ('widen' in change) {
    const found = schema.fields.find(({ name }) => name === change.widen)
    if (!found) throw new SchemaRefusal(`Cannot update missing column: ${change.widen}`)
    if (found.type !== change.to && !isPromotion(found.type, change.to))
      throw new SchemaRefusal(`Cannot change column type: ${change.widen}: ${JSON.stringify(found.type)} -> ${change.to}`)
    return {
      schema: { ...schema, fields: schema.fields.map((field) => (field === found ? { ...field, type: change.to } : field)) },
      lastColumnId,
    }
  }
  let last = lastColumnId
  const nextId = () => (last += 1)
  const fields = [...schema.fields]
  // All columns before the elements of lists, as Iceberg numbers them.
  const ids = change.add.map(nextId)
  for (const [index, { name, type }] of change.add.entries()) {
    if (fields.some((field) => field.name === name)) throw new SchemaRefusal(`Cannot add column, name already exists: ${name}`)
    fields.push({ id: ids[index] ?? nextId(), name, required: false, type: typeJson(type, nextId) })
  }
  return { schema: { ...schema, fields }, lastColumnId: last }
}

function typeJson(type: string, nextId: () => number): IcebergTypeJson {
  const element = /^list<(.+)>$/.exec(type)?.[1]
  if (element === undefined) return type
  const id = nextId()
  return { type: 'list', 'element-id': id, element: typeJson(element, nextId), 'element-required': false }
}

/** https://iceberg.apache.org/spec/#schema-evolution: the promotions of format version 2. */
function isPromotion(from: IcebergTypeJson, to: string): boolean {
  if (from === 'int') return to === 'long'
  if (from === 'float') return to === 'double'
  const [, precision, scale] = typeof from === 'string' ? (/^decimal\((\d+), ?(\d+)\)$/.exec(from) ?? []) : []
  const [, wider, sameScale] = /^decimal\((\d+), ?(\d+)\)$/.exec(to) ?? []
  return precision !== undefined && wider !== undefined && scale === sameScale && Number(wider) > Number(precision)
}
