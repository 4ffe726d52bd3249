import type { Scenario } from './scenario.ts'
import { toastScenario } from './toast-scenario.ts'

/** Tables with something particular about them. */
export const tableScenarios: readonly Scenario[] = [
  toastScenario('toast', 'DEFAULT'),
  toastScenario('toast_full', 'FULL', 13),
  {
    schema: 'Sales Dept',
    name: 'Order Line',
    create: [
      'CREATE SCHEMA "Sales Dept"',
      'CREATE TABLE "Sales Dept"."Order Line" ("Id" integer PRIMARY KEY, "Customer Name" varchar(50), "ORDER" integer, "straße" text, "a""quote" text, "a.dot" text)',
    ],
    initially: [`INSERT INTO "Sales Dept"."Order Line" VALUES (1, 'Ann', 1, 'x', 'y', 'z')`],
    changes: [
      `INSERT INTO "Sales Dept"."Order Line" VALUES (2, 'Bob', 2, NULL, NULL, NULL)`,
      `UPDATE "Sales Dept"."Order Line" SET "Customer Name" = 'Bobby' WHERE "Id" = 2`,
      'DELETE FROM "Sales Dept"."Order Line" WHERE "Id" = 2',
    ],
  },
  {
    schema: 'public',
    name: 'envelope_names',
    create: [
      `CREATE TABLE envelope_names (id integer PRIMARY KEY, before text, after jsonb, op text, source text, ts_ms bigint, transaction text, schema text, "table" text, payload text)`,
      'ALTER TABLE envelope_names REPLICA IDENTITY FULL',
    ],
    initially: [`INSERT INTO envelope_names VALUES (1, 'b', '{"op":"d"}', 'c', 's', 1, 't', 'sch', 'tab', 'p')`],
    changes: [
      `INSERT INTO envelope_names VALUES (2, '"before":null', '{"after":{"op":"d"},"source":null}', '"op":"d"', '}', 2, '{', ',', '],"op":"t"}', '\\')`,
      `UPDATE envelope_names SET op = 'd', "table" = NULL WHERE id = 2`,
      'DELETE FROM envelope_names WHERE id = 2',
    ],
  },
  {
    schema: 'public',
    name: 'measurement',
    create: [
      'CREATE TABLE measurement (id integer, day date, value double precision, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)',
      `CREATE TABLE measurement_2024 PARTITION OF measurement FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`,
      `CREATE TABLE measurement_2025 PARTITION OF measurement FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')`,
    ],
    initially: [`INSERT INTO measurement VALUES (1, '2024-05-01', 1.5), (2, '2025-05-01', 2.5)`],
    changes: [
      `INSERT INTO measurement VALUES (3, '2024-06-01', 3.5)`,
      'UPDATE measurement SET value = 4.5 WHERE id = 3',
      // From one partition to the other.
      `UPDATE measurement SET day = '2025-06-01' WHERE id = 3`,
      'DELETE FROM measurement WHERE id = 3',
      { wholeTable: 'TRUNCATE measurement' },
    ],
  },
  {
    schema: 'public',
    name: 'defaults',
    // A null in a column with a default stays null; a generated column comes by the snapshot only.
    create: [
      `CREATE TABLE defaults (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text DEFAULT 'word', number integer DEFAULT 42, at timestamp DEFAULT now(), price numeric(10,2) DEFAULT 9.99,
         flag boolean DEFAULT true, total numeric(12,2) GENERATED ALWAYS AS (price * 2) STORED)`,
    ],
    initially: [
      `INSERT INTO defaults (word, number, at, price, flag) VALUES (NULL, NULL, NULL, NULL, NULL), ('a', 1, '2024-01-01', 1.10, false)`,
    ],
    changes: [
      `INSERT INTO defaults (word, number, at, price, flag) VALUES (NULL, NULL, NULL, NULL, NULL)`,
      `INSERT INTO defaults (word, at) VALUES ('b', '2024-01-01')`,
      `UPDATE defaults SET word = NULL, price = 2.20, number = 2 WHERE id = 4`,
      'DELETE FROM defaults WHERE id = 4',
    ],
  },
  {
    schema: 'public',
    name: 'altered',
    create: ['CREATE TABLE altered (id integer PRIMARY KEY, old text, kept text)'],
    initially: [`INSERT INTO altered VALUES (1, 'old', 'kept')`],
    changes: [
      { wholeTable: 'ALTER TABLE altered ADD COLUMN added integer' },
      `INSERT INTO altered VALUES (2, 'old', 'kept', 7)`,
      { wholeTable: 'ALTER TABLE altered DROP COLUMN old' },
      `INSERT INTO altered VALUES (3, 'kept', 8)`,
      { wholeTable: 'ALTER TABLE altered RENAME COLUMN kept TO renamed' },
      `UPDATE altered SET renamed = 'changed' WHERE id = 1`,
      { wholeTable: 'ALTER TABLE altered ALTER COLUMN added TYPE bigint' },
      'UPDATE altered SET added = 9223372036854775807 WHERE id = 2',
    ],
  },
  {
    schema: 'public',
    name: 'truncated',
    create: ['CREATE TABLE truncated (id integer PRIMARY KEY, word text)'],
    initially: [`INSERT INTO truncated VALUES (1, 'one')`],
    changes: [
      `INSERT INTO truncated VALUES (2, 'two')`,
      { wholeTable: 'TRUNCATE truncated' },
      `INSERT INTO truncated VALUES (3, 'three')`,
      { wholeTable: 'TRUNCATE truncated, empty RESTART IDENTITY CASCADE' },
    ],
  },
  {
    schema: 'public',
    name: 'incremental',
    create: ['CREATE TABLE incremental (id integer PRIMARY KEY, word text, amount numeric(12,2), at timestamp)'],
    initially: [
      `INSERT INTO incremental SELECT n, 'row ' || n, n * 1.1, '2024-01-01'::timestamp + n * interval '1 second' FROM generate_series(1, 5) n`,
    ],
    changes: [`UPDATE incremental SET word = 'changed' WHERE id = 3`],
  },
  {
    schema: 'public',
    name: 'empty',
    create: ['CREATE TABLE empty (id integer PRIMARY KEY)'],
    initially: [],
    changes: ['INSERT INTO empty VALUES (1)', 'DELETE FROM empty WHERE id = 1'],
  },
]
