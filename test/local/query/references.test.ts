import { athenaReferences, replaceReferences } from '../../../local/query/references.ts'

/** Each reference as it would be shown, in its place. */
function marked(sql: string): string {
  const references = athenaReferences(sql)
  const shown = references.map((reference) => {
    if (reference.kind === 'zoned-literal') return `<${reference.text}>`
    if (reference.kind === 'metadata') return `<${reference.table.join('.')} ${reference.of}>`
    return `<${reference.table.join('.')} @${reference.by} ${reference.expression}${reference.aliased ? ' aliased' : ''}>`
  })
  return replaceReferences(sql, references, shown)
}

test.each([
  ['SELECT * FROM orders FOR VERSION AS OF 4622031232222', 'SELECT * FROM <orders @version 4622031232222>'],
  ['FROM a.orders for version as of 1 AS o WHERE 1=1', 'FROM <a.orders @version 1 aliased> AS o WHERE 1=1'],
  ['FROM "s3tablescatalog/b"."ns"."Orders" FOR VERSION AS OF 1 o', 'FROM <s3tablescatalog/b.ns.orders @version 1 aliased> o'],
  ['FROM o FOR VERSION AS OF 1 JOIN p FOR VERSION AS OF 2 ON true', 'FROM <o @version 1> JOIN <p @version 2> ON true'],
  ["FROM o FOR VERSION AS OF 'main', p", "FROM <o @version 'main'>, p"],
  [
    "FROM o FOR TIMESTAMP AS OF TIMESTAMP '2025-01-01 10:00:00 UTC' WHERE x",
    "FROM <o @timestamp TIMESTAMPTZ '2025-01-01 10:00:00 UTC'> WHERE x",
  ],
  [
    "FROM o FOR TIMESTAMP AS OF (current_timestamp - interval '1' day) t",
    "FROM <o @timestamp ( current_timestamp - interval '1' day ) aliased> t",
  ],
  [
    "FROM o FOR TIMESTAMP AS OF current_timestamp - interval '1' day LIMIT 1",
    "FROM <o @timestamp current_timestamp - interval '1' day> LIMIT 1",
  ],
  ["FROM o FOR SYSTEM_TIME AS OF now() - INTERVAL '1' HOUR)", "FROM <o @timestamp now ( ) - INTERVAL '1' HOUR>)"],
  [
    "FROM o FOR TIMESTAMP AS OF TIMESTAMP '2025-01-01' AT TIME ZONE 'UTC' x",
    "FROM <o @timestamp TIMESTAMP '2025-01-01' AT TIME ZONE 'UTC' aliased> x",
  ],
  ['FROM o -- c\n FOR /* c */ VERSION AS OF 1', 'FROM <o @version 1>'],
  ['FROM "orders$snapshots" s', 'FROM <orders snapshots> s'],
  ['FROM "c"."ns"."Orders$History"', 'FROM <c.ns.orders history>'],
  ["SELECT TIMESTAMP '2025-01-01 10:00:00+02' < x", "SELECT <TIMESTAMPTZ> '2025-01-01 10:00:00+02' < x"],
  ["SELECT TIMESTAMP '2025-01-01 10:00 Europe/Vienna'", "SELECT <TIMESTAMPTZ> '2025-01-01 10:00 Europe/Vienna'"],
])('%s', (sql, expected) => {
  expect(marked(sql)).toBe(expected)
})

test.each([
  "SELECT 'FROM o FOR VERSION AS OF 1'",
  'SELECT 1 -- FROM o FOR VERSION AS OF 1',
  'SELECT "FOR VERSION AS OF" FROM o',
  `SELECT '"orders$snapshots"' /* "orders$snapshots" */`,
  'SELECT "$path" FROM o',
  "SELECT TIMESTAMP '2025-01-01 10:00:00', DATE '2025-01-01', TIMESTAMP '2025-01-01'",
])('left as it is: %s', (sql) => {
  expect(athenaReferences(sql)).toEqual([])
})

test('AS OF without an expression is refused', () => {
  expect(() => athenaReferences('SELECT * FROM o FOR VERSION AS OF')).toThrow('FOR … AS OF is followed by no timestamp or snapshot')
  expect(() => athenaReferences('SELECT * FROM (SELECT * FROM o FOR VERSION AS OF)')).toThrow('FOR … AS OF')
})
