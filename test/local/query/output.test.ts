import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { type OutputFormat, writeResult } from '../../../local/query/output.ts'

let connection: DuckDBConnection
let instance: DuckDBInstance
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:')
  connection = await instance.connect()
})
afterAll(() => {
  connection.closeSync()
  instance.closeSync()
})

async function written(sql: string, format: OutputFormat): Promise<string> {
  const out = new PassThrough()
  const all = text(out)
  await writeResult(await connection.stream(sql), format, out)
  out.end()
  return all
}

const everything = `
  SELECT 9223372036854775807::BIGINT AS b, 99999999999999999999999999999999999.123::DECIMAL(38,3) AS d, 7 AS i, 0.1::FLOAT AS f, 0.1::DOUBLE AS x,
         'nan'::DOUBLE AS n, true AS t, NULL::INT AS z, '' AS e, 'é,"' AS s, DATE '2025-01-31' AS day, TIMESTAMP '2025-01-31 10:00:00.123456' AS ts,
         TIMESTAMPTZ '2025-01-31 10:00:00.5+00' AS tz, '\\x00\\xFF'::BLOB AS bin, [1::BIGINT, NULL] AS l, {'a': 1.50, 'b': 'x'} AS o, MAP {'k': 'v'} AS m`

test('JSON holds exact values: what a double cannot hold is text', async () => {
  expect(JSON.parse(await written(everything, 'json'))).toEqual([
    {
      b: '9223372036854775807',
      d: '99999999999999999999999999999999999.123',
      i: 7,
      f: 0.1,
      x: 0.1,
      n: 'NaN',
      t: true,
      z: null,
      e: '',
      s: 'é,"',
      day: '2025-01-31',
      ts: '2025-01-31 10:00:00.123456',
      tz: '2025-01-31 10:00:00.5 UTC',
      bin: '00ff',
      l: ['1', null],
      o: { a: '1.50', b: 'x' },
      m: { k: 'v' },
    },
  ])
})

test('JSON of no rows, of many chunks, and of columns of one name', async () => {
  expect(await written('SELECT 1 AS a WHERE false', 'json')).toBe('[]\n')
  expect(JSON.parse(await written('SELECT * FROM range(5000)', 'json'))).toHaveLength(5000)
  expect(JSON.parse(await written('SELECT 1 AS a, 2 AS a', 'json'))).toEqual([{ a: 1, 'a:1': 2 }])
})

test('CSV tells null from an empty text, and quotes what needs it', async () => {
  expect(await written(`SELECT NULL AS z, '' AS e, 'a,"b"' AS s, 12345678901234567.89::DECIMAL(19,2) AS d`, 'csv')).toBe(
    'z,e,s,d\n,"","a,""b""",12345678901234567.89\n',
  )
})

test('a table is one line a row, says how many, and lets no value steer the terminal', async () => {
  const lines = (await written(`SELECT 'a\u001b[31m\nb' AS "x" UNION ALL SELECT NULL ORDER BY 1 NULLS LAST`, 'table')).trimEnd().split('\n')
  expect(lines).toHaveLength(7)
  expect(lines[3]).toContain('a\\u001b[31m\\nb')
  expect(lines[4]).toContain('NULL')
  expect(lines[6]).toBe('2 rows')
})
