import { everyType } from './column-values.ts'

/** Where the workload's tables are at the source. */
export const workloadSchema = 'app'

const columns = everyType.map(({ name, type }) => `${name} ${type}`).join(', ')

/**
 * The source of a run of the suite. Tables with values that PostgreSQL stores out of line have the whole row in the WAL: without it their unchanged values
 * are not sent, and the rows fail by name.
 */
export const sourceStatements: readonly string[] = [
  `CREATE SCHEMA ${workloadSchema}`,
  ...['hstore', 'citext', 'ltree'].map((extension) => `CREATE EXTENSION ${extension} SCHEMA public`),
  `CREATE TYPE app.mood AS ENUM ('sad', 'so so', 'happy')`,
  'CREATE DOMAIN app.positive AS integer CHECK (VALUE > 0)',
  `CREATE TABLE app.accounts (id integer PRIMARY KEY, owner varchar(60), balance numeric(12,2), state varchar(20) DEFAULT 'NEW', visits integer DEFAULT 0,
     opened timestamp DEFAULT clock_timestamp(), changed timestamptz)`,
  'CREATE TABLE app.documents (id uuid PRIMARY KEY, title varchar(60), body text, extra jsonb, revision integer NOT NULL DEFAULT 0)',
  'ALTER TABLE app.documents ALTER COLUMN body SET STORAGE EXTERNAL',
  'ALTER TABLE app.documents REPLICA IDENTITY FULL',
  `CREATE TABLE app.every_type (id bigint PRIMARY KEY, ${columns})`,
  'ALTER TABLE app.every_type REPLICA IDENTITY FULL',
  'CREATE TABLE app.lines ("Order No" integer, "Day" date, "Amount" numeric(10,2), note varchar(60), PRIMARY KEY ("Order No", "Day"))',
  'CREATE TABLE app.measured (sensor integer, day date, celsius double precision, PRIMARY KEY (sensor, day)) PARTITION BY RANGE (day)',
  `CREATE TABLE app.measured_2024 PARTITION OF app.measured FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`,
  `CREATE TABLE app.measured_2025 PARTITION OF app.measured FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')`,
]

/** The tables that the workload writes. */
export const workloadTables = ['app.accounts', 'app.documents', 'app.every_type', 'app.lines', 'app.measured'] as const
