/** A column's type at the source. */
export interface PostgresType {
  /** PostgreSQL's own text, as `format_type` prints it: `numeric(12,2)`, `timestamp(3) without time zone`, `text[]`, `public.mood`. */
  readonly text: string
  /** Canonical name without modifiers and array brackets: `numeric`, `timestamp without time zone`, `text`; for a domain its base type's name. */
  readonly name: string
  readonly kind: 'base' | 'enum' | 'domain' | 'composite' | 'range' | 'multirange'
  /** The numbers in parentheses: `[12, 2]`, `[3]`, `[]`. For a domain those of its base type. */
  readonly modifiers: readonly number[]
  readonly array: boolean
}

/** An Iceberg v2 type in the notation of S3 Tables: `int`, `decimal(12,2)`, `timestamptz`, `list<string>`. */
export type IcebergType = string
