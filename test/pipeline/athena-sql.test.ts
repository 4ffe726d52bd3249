import { athenaTable, canaryIcebergQuery, requestToken, rowCountQuery } from '../../pipeline/athena-sql.ts'

const place = { tableBucket: 'bucket', namespace: 'aurora_cdc' }

test('tables have Athena’s names of three parts', () => {
  expect(athenaTable(place, 'orders')).toBe('"s3tablescatalog/bucket"."aurora_cdc"."orders"')
  expect(rowCountQuery(place, [{ iceberg: 'a' }, { iceberg: 'b' }])).toBe(
    `SELECT 'a' AS name, count(*) AS count FROM "s3tablescatalog/bucket"."aurora_cdc"."a"\nUNION ALL\nSELECT 'b' AS name, count(*) AS count FROM "s3tablescatalog/bucket"."aurora_cdc"."b"`,
  )
})

test('the name of an execution may hold an apostrophe', () => {
  expect(canaryIcebergQuery(place, 'cdc_canary', "smoke-o'clock")).toMatch(/WHERE name = 'smoke-o''clock'$/)
})

test('a token is the same for the same request, and no other', () => {
  expect(requestToken('a', 1)).toBe(requestToken('a', 1))
  expect(requestToken('a', 1)).toHaveLength(64)
  expect(requestToken('a', 'b')).not.toBe(requestToken('ab', ''))
})
