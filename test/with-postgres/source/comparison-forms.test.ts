import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { normalizedRow } from '../../../local/verification/fingerprint.ts'
import { type ComparedColumn, comparedColumn } from '../../../local/verification/forms.ts'
import { digestRanges } from '../../../local/verification/key-ranges.ts'
import { differingRanges, icebergSums, rowCount, sourceSums } from '../../../local/verification/range-sums.ts'
import { icebergRows, sourceRows } from '../../../local/verification/rows.ts'
import { parseTables } from '../../../pipeline/tables.ts'
import { startTestSource, type TestSource } from './server.ts'

let source: TestSource
let duckdb: DuckDBConnection
beforeAll(async () => {
  source = await startTestSource()
  await source.client.query('CREATE EXTENSION hstore SCHEMA public')
  const instance = await DuckDBInstance.create(':memory:')
  duckdb = await instance.connect()
  await duckdb.run("SET TimeZone = 'UTC'")
}, 60_000)
afterAll(async () => {
  duckdb.closeSync()
  await source.stop()
})

interface Case {
  readonly type: string
  readonly iceberg?: string
  /** SQL of PostgreSQL, and of DuckDB for the Iceberg column. */
  readonly pairs: readonly (readonly [string, string])[]
}

/** What each value must be in Iceberg, by the two databases' own notation. */
const cases: readonly Case[] = [
  { type: 'smallint', pairs: [['-32768', '-32768::INTEGER']] },
  { type: 'bigint', pairs: [['9223372036854775807', '9223372036854775807::BIGINT']] },
  { type: 'oid', pairs: [['4294967295', '4294967295::BIGINT']] },
  {
    type: 'numeric(12,2)',
    pairs: [
      ['1.1', '1.10::DECIMAL(12,2)'],
      ['0', '0.00::DECIMAL(12,2)'],
      ['-100', '-100.00::DECIMAL(12,2)'],
    ],
  },
  { type: 'numeric(5,-2)', pairs: [['99900', '99900::DECIMAL(7,0)']] },
  {
    type: 'numeric',
    pairs: [
      ['1.230', "'1.230'"],
      ["'NaN'", "'NaN'"],
      ['1e30', "'1000000000000000000000000000000'"],
    ],
  },
  { type: 'numeric', iceberg: 'decimal(38,5)', pairs: [['1.230', '1.23000::DECIMAL(38,5)']] },
  { type: 'money', pairs: [['92233720368547758.07', '92233720368547758.07::DECIMAL(19,2)']] },
  {
    type: 'real',
    pairs: [
      ['0.1', '0.1::FLOAT'],
      ["'-0'", "'-0.0'::FLOAT"],
      ['1.17549435E-38', '1.17549435E-38::FLOAT'],
      ["'NaN'", "'nan'::FLOAT"],
    ],
  },
  {
    type: 'double precision',
    pairs: [
      ['1e21', '1e21::DOUBLE'],
      ['4.9E-324', '4.9E-324::DOUBLE'],
      ['0.1', '0.1::DOUBLE'],
      ["'-Infinity'", "'-inf'::DOUBLE"],
    ],
  },
  {
    type: 'boolean',
    pairs: [
      ['true', 'true'],
      ['false', 'false'],
    ],
  },
  {
    type: 'bit(1)',
    pairs: [
      ["B'1'", 'true'],
      ["B'0'", 'false'],
    ],
  },
  { type: 'bit(3)', pairs: [["B'101'", "'101'"]] },
  { type: 'character(5)', pairs: [["'ab'", "'ab   '"]] },
  {
    type: 'text',
    pairs: [
      ["'é''\"😀'", "'é''\"😀'"],
      ["''", "''"],
    ],
  },
  { type: 'uuid', pairs: [["'6F9619FF-8B86-D011-B42D-00C04FC964FF'", "'6f9619ff-8b86-d011-b42d-00c04fc964ff'"]] },
  { type: 'uuid', iceberg: 'uuid', pairs: [["'6F9619FF-8B86-D011-B42D-00C04FC964FF'", "'6f9619ff-8b86-d011-b42d-00c04fc964ff'::UUID"]] },
  { type: 'json', pairs: [['\'{"a": 1.50,"a":1e2}\'', '\'{"a": 1.50,"a":1e2}\'']] },
  { type: 'jsonb', pairs: [['\'{"b":1,"a":null}\'', '\'{"a": null, "b": 1}\'']] },
  {
    type: 'bytea',
    pairs: [
      ["'\\x00ff'", "'\\x00\\xff'::BLOB"],
      ["''", "''::BLOB"],
    ],
  },
  { type: 'bytea', iceberg: 'string', pairs: [["'\\x00ff'", "'\\x00ff'"]] },
  {
    type: 'date',
    pairs: [
      ["'2025-01-31'", "DATE '2025-01-31'"],
      ["'1900-03-01'", "DATE '1900-03-01'"],
      ["'12345-01-01'", "DATE '12345-01-01'"],
      ["'0044-03-15 BC'", "DATE '0044-03-15 (BC)'"],
    ],
  },
  {
    type: 'date',
    iceberg: 'string',
    pairs: [
      ["'infinity'", "'infinity'"],
      ["'0044-03-15 BC'", "'0044-03-15 BC'"],
    ],
  },
  {
    type: 'time',
    pairs: [
      ["'11:14:15.5'", "'11:14:15.5'"],
      ["'24:00'", "'24:00:00'"],
    ],
  },
  { type: 'time', iceberg: 'time', pairs: [["'11:14:15.123456'", "TIME '11:14:15.123456'"]] },
  { type: 'timetz', pairs: [["'13:14:15.5+02'", "'11:14:15.5+00'"]] },
  {
    type: 'timestamp(3)',
    pairs: [
      ["'2025-01-31 10:00:00.123'", "TIMESTAMP '2025-01-31 10:00:00.123'"],
      ["'1900-01-01 00:00:00.001'", "TIMESTAMP '1900-01-01 00:00:00.001'"],
    ],
  },
  {
    type: 'timestamp',
    pairs: [
      ["'1969-12-31 23:59:59.999999'", "TIMESTAMP '1969-12-31 23:59:59.999999'"],
      ["'290000-01-01'", "TIMESTAMP '290000-01-01'"],
    ],
  },
  { type: 'timestamp', iceberg: 'string', pairs: [["'2025-01-31 10:00:00.120'", "'2025-01-31 10:00:00.12'"]] },
  { type: 'timestamptz', pairs: [["'2025-01-31 12:00:00.123456+02'", "TIMESTAMPTZ '2025-01-31 10:00:00.123456+00'"]] },
  { type: 'timestamptz', iceberg: 'string', pairs: [["'2025-01-31 12:00+02'", "'2025-01-31 10:00:00+00'"]] },
  { type: 'interval', pairs: [["'1 year -2 days 04:05:06.7'", "'1 year -2 days +04:05:06.7'"]] },
  { type: 'public.hstore', pairs: [["'b=>NULL, a=>1'", '\'"a"=>"1", "b"=>NULL\'']] },
  { type: 'inet', pairs: [["'10.0.0.1/8'", "'10.0.0.1/8'"]] },
  { type: 'int4range', pairs: [["'[1,3]'", "'[1,4)'"]] },
  {
    type: 'integer[]',
    pairs: [
      ["'{1,NULL,3}'", '[1, NULL, 3]'],
      ["'{}'", '[]::INTEGER[]'],
    ],
  },
  { type: 'bigint[]', pairs: [["'{9007199254740993}'", '[9007199254740993]']] },
  { type: 'text[]', pairs: [['\'{"a,\\"b","",NULL}\'', "['a,\"b', '', NULL]"]] },
  { type: 'numeric(5,2)[]', pairs: [["'{1.1}'", '[1.10::DECIMAL(5,2)]']] },
  { type: 'double precision[]', pairs: [["'{0.1,1e21}'", '[0.1::DOUBLE, 1e21::DOUBLE]']] },
  { type: 'timestamptz[]', pairs: [["'{2025-01-31 12:00+02}'", "[TIMESTAMPTZ '2025-01-31 10:00:00+00']"]] },
]

const described = cases.flatMap(({ type, iceberg, pairs }) => pairs.map(([postgres, lake]) => [type, iceberg, postgres, lake] as const))

async function compared(type: string, iceberg: string | undefined, postgres: string, lake: string) {
  const [table] = parseTables({
    tables: [
      {
        schema: 'public',
        name: 'compared',
        columns: [{ name: 'c', type, ...(iceberg !== undefined && { iceberg: { type: iceberg } }) }],
        primaryKey: [],
      },
    ],
  })
  const column = table?.columns.map((declared) => comparedColumn(declared, false))[0]
  if (column === undefined || typeof column === 'string') throw new Error(column)
  await source.client.query(
    `DROP TABLE IF EXISTS public.compared; CREATE TABLE public.compared (c ${type}); INSERT INTO public.compared VALUES (${postgres}), (NULL)`,
  )
  await duckdb.run(`CREATE OR REPLACE TABLE compared AS SELECT ${lake} AS c UNION ALL SELECT NULL`)
  const normalized: (string | null)[][] = []
  for await (const row of sourceRows(source.client, 'public.compared', [column])) normalized.push(normalizedRow([column], row))
  const other: (string | null)[][] = []
  for await (const row of icebergRows(duckdb, 'compared', [column])) other.push(normalizedRow([column], row))
  return { source: normalized.flat(), iceberg: other.flat(), sums: column.inSql && (await summed(column)) }
}

/** The sums of both databases over one column, without a key: the ranges are of the rows' digests. */
async function summed(column: ComparedColumn) {
  const ranges = digestRanges([column])
  const [atSource, inIceberg] = [
    await sourceSums(source.client, 'public.compared', [column], ranges),
    await icebergSums(duckdb, 'compared', [column], ranges),
  ]
  return { rows: rowCount(atSource), differing: differingRanges(atSource, inIceberg).length }
}

test.each(described)('%s as %s: %s is %s, and null is null', async (type, iceberg, postgres, lake) => {
  const result = await compared(type, iceberg, postgres, lake)
  expect(result.iceberg).toEqual(result.source)
  expect(result.source).toEqual([expect.any(String), null])
  expect(result.sums).toEqual(/^real|^double|\[\]$/.test(type) ? undefined : { rows: 2, differing: 0 })
})

test.each([
  ['numeric(12,2)', '1.10', '1.11::DECIMAL(12,2)'],
  ['bigint', '9007199254740993', '9007199254740992::BIGINT'],
  ['double precision', "'-0'", '0.0::DOUBLE'],
  ['timestamp', "'2025-01-31 10:00:00.000001'", "TIMESTAMP '2025-01-31 10:00:00'"],
  ['character(5)', "'ab'", "'ab'"],
  ['text', "''", 'NULL::VARCHAR'],
  ['text', "' x'", "'x'"],
  ['numeric', '1.0', "'1.00'"],
  ['integer[]', "'{1,2}'", '[2, 1]'],
  ['text[]', "'{NULL}'", "['null']"],
])('%s: %s is not %s', async (type, postgres, lake) => {
  const result = await compared(type, undefined, postgres, lake)
  expect(result.iceberg).not.toEqual(result.source)
  expect(result.sums?.differing).not.toBe(0)
})
