import type { Scenario } from './scenario.ts'

/** Keys and replica identities: what a delete and a change of the key carry. */
export const keyScenarios: readonly Scenario[] = [
  {
    schema: 'public',
    name: 'key_changes',
    create: ['CREATE TABLE key_changes (id integer PRIMARY KEY, code text NOT NULL, amount numeric(12,2))'],
    initially: [`INSERT INTO key_changes VALUES (1, 'one', 1.10)`],
    changes: [
      'UPDATE key_changes SET id = 2 WHERE id = 1',
      `UPDATE key_changes SET id = 3, code = 'three' WHERE id = 2`,
      'DELETE FROM key_changes WHERE id = 3',
      `INSERT INTO key_changes VALUES (3, 'again', NULL)`,
    ],
  },
  {
    schema: 'public',
    name: 'composite_key',
    // The key's order is not the columns' order.
    create: [
      `CREATE TABLE composite_key (note text, line bigint, region varchar(10), at timestamptz, weight numeric(10,3), token uuid, day date,
         PRIMARY KEY (region, line, token, at, day, weight))`,
    ],
    initially: [
      `INSERT INTO composite_key VALUES ('first', 9007199254740993, 'e"u', '2024-02-29 12:34:56.123456Z', 1.100, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-02-29')`,
    ],
    changes: [
      `INSERT INTO composite_key VALUES (NULL, 9223372036854775807, 'üs', '1969-12-31 23:59:59.999999Z', -0.001, 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '1969-12-31')`,
      `UPDATE composite_key SET note = 'second' WHERE region = 'üs'`,
      `UPDATE composite_key SET line = 1 WHERE region = 'üs'`,
      `DELETE FROM composite_key WHERE region = 'üs'`,
      `DELETE FROM composite_key WHERE region = 'e"u'`,
    ],
  },
  {
    schema: 'public',
    name: 'keyless',
    create: ['CREATE TABLE keyless (id integer, word text)'],
    initially: [`INSERT INTO keyless VALUES (1, 'one'), (1, 'one')`],
    changes: [`INSERT INTO keyless VALUES (2, 'two')`, 'INSERT INTO keyless VALUES (NULL, NULL)'],
  },
  {
    schema: 'public',
    name: 'keyless_full',
    create: ['CREATE TABLE keyless_full (id integer, word text NOT NULL)', 'ALTER TABLE keyless_full REPLICA IDENTITY FULL'],
    initially: [`INSERT INTO keyless_full VALUES (1, 'one')`],
    changes: [
      `INSERT INTO keyless_full VALUES (2, 'two')`,
      `UPDATE keyless_full SET word = 'zwei' WHERE id = 2`,
      'DELETE FROM keyless_full WHERE id = 2',
    ],
  },
  {
    schema: 'public',
    name: 'identity_index',
    // An index on anything but the key: deletes carry an invented key.
    create: [
      'CREATE TABLE identity_index (id integer PRIMARY KEY, code varchar(10) NOT NULL, note text)',
      'CREATE UNIQUE INDEX identity_index_code ON identity_index (code)',
      'ALTER TABLE identity_index REPLICA IDENTITY USING INDEX identity_index_code',
    ],
    initially: [`INSERT INTO identity_index VALUES (1, 'c1', 'one')`],
    changes: [
      `INSERT INTO identity_index VALUES (2, 'c2', 'two')`,
      `UPDATE identity_index SET note = 'zwei' WHERE id = 2`,
      `UPDATE identity_index SET code = 'c3' WHERE id = 2`,
      'UPDATE identity_index SET id = 4 WHERE id = 2',
      'DELETE FROM identity_index WHERE id = 4',
    ],
  },
  {
    schema: 'public',
    name: 'identity_key_index',
    create: [
      'CREATE TABLE identity_key_index (id integer CONSTRAINT identity_key_index_pk PRIMARY KEY, code varchar(10) NOT NULL)',
      'ALTER TABLE identity_key_index REPLICA IDENTITY USING INDEX identity_key_index_pk',
    ],
    initially: [`INSERT INTO identity_key_index VALUES (1, 'c1')`],
    changes: [
      `UPDATE identity_key_index SET code = 'c2' WHERE id = 1`,
      'UPDATE identity_key_index SET id = 2 WHERE id = 1',
      'DELETE FROM identity_key_index WHERE id = 2',
    ],
  },
  {
    schema: 'public',
    name: 'required',
    // A delete fills NOT NULL columns with values that look like data.
    create: [
      `CREATE TABLE required (id integer PRIMARY KEY, count integer NOT NULL DEFAULT 42, small smallint NOT NULL, big bigint NOT NULL, word text NOT NULL, price numeric(10,2) NOT NULL,
         flag boolean NOT NULL, token uuid NOT NULL, at timestamp NOT NULL, at_tz timestamptz NOT NULL, day date NOT NULL, clock time NOT NULL, doc jsonb NOT NULL, raw json NOT NULL,
         bytes bytea NOT NULL, ratio double precision NOT NULL, words text[] NOT NULL, mood mood NOT NULL, span interval NOT NULL, net inet NOT NULL)`,
    ],
    initially: [],
    changes: [
      `INSERT INTO required VALUES (1, 7, 8, 9, 'word', 1.10, true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-02-29 12:34:56', '2024-02-29 12:34:56Z', '2024-02-29', '12:34:56', '{"a":1}', '{"a":1}',
         '\\x01', 0.5, '{a}', 'happy', '1 day', '10.0.0.1')`,
      'DELETE FROM required WHERE id = 1',
    ],
  },
]
