import { z } from 'zod'

const nameAtSource = (what: string) => z.string().min(1).max(63).describe(`${what} at the source, in PostgreSQL's own case`)

const columnShape = z.strictObject({
  name: nameAtSource('Name of the column'),
  type: z
    .string()
    .min(1)
    .describe(
      'PostgreSQL type as format_type prints it ("numeric(12,2)", "timestamp(3) without time zone", "text[]") or a usual synonym ("varchar(50)")',
    ),
  nullable: z.boolean().optional().describe('False: NOT NULL at the source. Default: true, except for key columns'),
  kind: z
    .enum(['base', 'enum', 'domain', 'composite', 'range', 'multirange'])
    .optional()
    .describe('What a user-defined type is; needed for types that PostgreSQL does not bring'),
  baseType: z.string().min(1).optional().describe('For a domain: the type under it'),
  iceberg: z
    .strictObject({
      name: z.string().min(1).max(255).optional().describe("Name of the Iceberg column. Default: the column's name in lower case"),
      type: z.string().min(1).optional().describe('Iceberg type. Default: what fits the PostgreSQL type'),
      createdAs: z
        .string()
        .min(1)
        .optional()
        .describe(
          'Iceberg type that the table was created with, where the column was widened since: int (now long), float (now double), a decimal of fewer digits',
        ),
    })
    .optional()
    .describe('What differs from the derived Iceberg column'),
  added: z.boolean().optional().describe('Added after the Iceberg table was created'),
  dropped: z.boolean().optional().describe('Dropped at the source; stays in the Iceberg table as null'),
})

const tableShape = z.strictObject({
  schema: nameAtSource('Schema of the table'),
  name: nameAtSource('Name of the table'),
  columns: z.array(columnShape).min(1).describe('In the order of the table; columns added later come last'),
  primaryKey: z
    .array(z.string().min(1))
    .describe('Columns of the primary key in its order; empty: the table has none and takes inserts only'),
  replicaIdentity: z
    .enum(['default', 'full', 'nothing', 'index'])
    .optional()
    .describe('Replica identity wanted at the source. Only "full" is ever set there; default: "default"'),
  capture: z.boolean().optional().describe('False: no longer captured, the Iceberg table stays. Default: true'),
  iceberg: z
    .strictObject({ name: z.string().min(1).max(255).optional().describe('Name of the Iceberg table. Default: from schema and name') })
    .optional()
    .describe('What differs from the derived Iceberg table'),
})

/** The shape of `tables.json`. What the parts say about each other is checked in `parseTables`. */
export const tablesFileShape = z.strictObject({
  $schema: z.string().optional().describe('Where the JSON Schema of this file is'),
  tables: z.array(tableShape).describe('The captured tables. The list only grows: see capture, added and dropped'),
})

/** One entry of `tables.json`, as written. */
export type TableDeclaration = z.infer<typeof tableShape>
export type ColumnDeclaration = z.infer<typeof columnShape>
/** The whole of `tables.json`, as written. */
export type TablesFile = z.infer<typeof tablesFileShape>

/** The JSON Schema (draft 2020-12) of `tables.json`, generated from what validates. */
export function tablesJsonSchema(): object {
  return { title: 'Tables captured from PostgreSQL into Apache Iceberg', ...z.toJSONSchema(tablesFileShape, { io: 'input' }) }
}

/** Reads one table's shape only; undefined when it has faults. */
export function tableDeclaration(json: unknown): TableDeclaration | undefined {
  const parsed = tableShape.safeParse(json)
  return parsed.success ? parsed.data : undefined
}
