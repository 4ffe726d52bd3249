import { assert, property, string } from 'fast-check'
import {
  createPublicationStatements,
  dropOwnSchemaStatements,
  grantStatements,
  ownSchemaStatements,
  publishedTables,
  quoteIdentifier,
  quoteLiteral,
  quoteTable,
} from '../../pipeline/source-sql.ts'

test('a quoted identifier is one identifier whatever it holds', () => {
  expect(quoteIdentifier('a"b; DROP')).toBe('"a""b; DROP"')
  expect(quoteTable({ schema: 'Odd.Schema', name: 'orders' })).toBe('"Odd.Schema"."orders"')
  assert(
    property(
      string(),
      (name) => /^"(?:[^"]|"")*"$/s.test(quoteIdentifier(name)) && quoteIdentifier(name).slice(1, -1).replaceAll('""', '"') === name,
    ),
  )
})

test('a quoted literal is one literal whatever it holds', () => {
  expect(quoteLiteral("it's")).toBe("'it''s'")
  expect(quoteLiteral("\\' --")).toBe("E'\\\\'' --'")
})

test('the publication holds exactly the captured tables, the signal table and the canary, once each', () => {
  expect(
    publishedTables([
      { schema: 'public', name: 'orders' },
      { schema: 'cdc', name: 'canary' },
    ]),
  ).toEqual([
    { schema: 'public', name: 'orders' },
    { schema: 'cdc', name: 'debezium_signal' },
    { schema: 'cdc', name: 'canary' },
  ])
})

test('inheritance children are left out, and partitions come under their parent', () => {
  const [create] = createPublicationStatements([
    { schema: 'a', name: 'b' },
    { schema: 'c', name: 'd' },
  ])
  expect(create).toBe(
    `CREATE PUBLICATION "dbz_publication" FOR TABLE ONLY "a"."b", ONLY "c"."d" WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)`,
  )
})

test('the signal table has the columns that Debezium expects, and nothing is removed along with the schema', () => {
  expect(ownSchemaStatements().join('\n')).toMatch(
    /"cdc"\."debezium_signal" \(id varchar\(42\) PRIMARY KEY, type varchar\(32\) NOT NULL, data varchar\(2048\)\)/,
  )
  expect(dropOwnSchemaStatements().join(' ')).not.toMatch(/cascade/i)
})

test("replication is granted as the server does it: RDS by a role, PostgreSQL by the role's attribute", () => {
  expect(grantStatements('dbz', [], 'rds')[0]).toBe('GRANT rds_replication TO "dbz"')
  expect(grantStatements('dbz', [], 'attribute')[0]).toBe('ALTER ROLE "dbz" REPLICATION')
})

test('each entry is one statement: the Data API takes no more', () => {
  const tables = [{ schema: 'a', name: 'b' }]
  for (const statement of [
    ...ownSchemaStatements(),
    ...createPublicationStatements(tables),
    ...grantStatements('r', tables, 'rds'),
    ...dropOwnSchemaStatements(),
  ]) {
    expect(statement).not.toContain(';')
  }
})
