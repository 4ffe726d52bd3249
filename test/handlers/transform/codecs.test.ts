import { icebergTypeOf, parsePostgresType } from '../../../pipeline/column-types.ts'
import { declared, envelope, transformOf } from './batch.ts'

/** What the transform makes of one value of a column: the JSON text in the row, or the name of the failure. */
function encoded(type: string, value: string, iceberg?: string): string {
  const hint = type === 'mood' ? { kind: 'enum' as const } : {}
  const table = {
    schema: 'public',
    name: 't',
    columns: [
      { name: 'id', type: 'integer', nullable: false },
      { name: 'value', type, ...hint, ...(iceberg && { iceberg: { type: iceberg } }) },
    ],
    primaryKey: ['id'],
  }
  const { answers, failures } = transformOf([declared('t', {}, table)])([envelope({ after: `{"id":1,"value":${value}}` })])
  const row = answers[0]?.row
  return row === undefined ? String(failures[0]?.name) : row.slice('{"id":1,"value":'.length, -1)
}

test.each([
  // Copied, digit for digit.
  ['bigint', '9223372036854775807', '9223372036854775807'],
  ['bigint', '9223372036854775808', 'UnrepresentableValue'],
  ['integer', '-2147483648', '-2147483648'],
  ['integer', '2147483648', 'UnrepresentableValue'],
  ['integer', '1.0', 'UnexpectedValue'],
  ['integer', '"1"', 'UnexpectedValue'],
  ['integer', 'true', 'UnexpectedValue'],
  ['numeric(38,9)', '"-12345678901234567890123456789.123456789"', '"-12345678901234567890123456789.123456789"'],
  ['numeric(12,2)', '"0.10"', '"0.10"'],
  ['numeric(12,2)', '"1.100"', '"1.10"'],
  ['numeric(12,2)', '"1.101"', 'UnrepresentableValue'],
  ['numeric(4,2)', '"100.00"', 'UnrepresentableValue'],
  ['numeric(4,4)', '"0.1234"', '"0.1234"'],
  ['numeric(5,-2)', `"99900.${'0'.repeat(2046)}"`, '"99900"'],
  ['numeric(5,-2)', `"-100.${'0'.repeat(2046)}"`, '"-100"'],
  ['numeric(12,2)', '"NAN"', 'UnrepresentableValue'],
  ['numeric(12,2)', '"POSITIVE_INFINITY"', 'UnrepresentableValue'],
  ['numeric(12,2)', '"."', 'UnexpectedValue'],
  ['numeric(12,2)', '"1."', 'UnexpectedValue'],
  ['numeric(12,2)', '"-"', 'UnexpectedValue'],
  ['numeric(12,2)', '"1e3"', 'UnexpectedValue'],
  ['numeric(12,2)', '10.5', 'UnexpectedValue'],
  ['numeric', '"NAN"', '"NaN"'],
  ['numeric', '"NEGATIVE_INFINITY"', '"-Infinity"'],
  ['numeric', '"0.00000000000000000000000000000000000000001"', '"0.00000000000000000000000000000000000000001"'],
  ['numeric(50,2)', '"NAN"', '"NaN"'],
  ['numeric(50,-2)', '"100.0000"', '"100"'],
  ['money', '"-92233720368547758.08"', '"-92233720368547758.08"'],
  ['double precision', '1.0E21', '1.0E21'],
  ['double precision', '-0.0', '-0.0'],
  ['double precision', '"NaN"', 'UnrepresentableValue'],
  ['boolean', 'false', 'false'],
  ['boolean', '0', 'UnexpectedValue'],
  ['uuid', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"'],
  ['mood', '"so \\"so\\""', '"so \\"so\\""'],
  ['text', '"\\u00e4\\n"', '"\\u00e4\\n"'],
  ['text', '{}', 'UnexpectedValue'],
  ['date', '-719162', '-719162'],
  ['date', '2145042905', '2145042905'],
  ['date', '2146033979', 'UnrepresentableValue'],
  ['date', '-2147472691', 'UnrepresentableValue'],
  ['date', '-622191234', 'UnrepresentableValue'],
  ['timestamp', '-1', '-1'],
  ['timestamp', '-210866803200000000', '-210866803200000000'],
  ['timestamp', '-210866803200000001', 'UnrepresentableValue'],
  ['timestamp', '9223372036854775806', '9223372036854775806'],
  ['timestamp', '9223372036854775807', 'UnrepresentableValue'],
  ['timestamp', '-9223372036854775808', 'UnrepresentableValue'],
  // Exact to the microsecond, on both sides of the epoch and of the years with four digits.
  ['timestamptz', '"1970-01-01T00:00:00Z"', '0'],
  ['timestamptz', '"1970-01-01T00:00:00.000001Z"', '1'],
  ['timestamptz', '"1969-12-31T23:59:59.999999Z"', '-1'],
  ['timestamptz', '"1969-12-31T23:59:58.5Z"', '-1500000'],
  ['timestamptz', '"1969-12-31T23:59:58Z"', '-2000000'],
  ['timestamptz', '"2024-02-29T12:34:56.1Z"', '1709210096100000'],
  ['timestamptz', '"2024-02-29T12:34Z"', '1709210040000000'],
  ['timestamptz', '"2024-02-29T12:34:56.123456000Z"', '1709210096123456'],
  ['timestamptz', '"2024-02-29T12:34:56.1234567Z"', 'UnexpectedValue'],
  ['timestamptz', '"-0043-03-15T12:00:00Z"', '-63517780800000000'],
  ['timestamptz', '"+12345-06-07T01:02:03.000004Z"', '327416950923000004'],
  ['timestamptz', '"+294276-12-31T23:59:59Z"', 'UnrepresentableValue'],
  ['timestamptz', '"infinity"', 'UnrepresentableValue'],
  ['timestamptz', '"2023-02-29T00:00:00Z"', 'UnexpectedValue'],
  ['timestamptz', '"2024-13-01T00:00:00Z"', 'UnexpectedValue'],
  ['timestamptz', '"2024-01-01T24:00:00Z"', 'UnexpectedValue'],
  ['timestamptz', '"2024-01-01T00:00:00+01:00"', 'UnexpectedValue'],
  ['timestamptz', '"2024-01-01T0a:00:00Z"', 'UnexpectedValue'],
  ['timestamptz', '1709210096123456', 'UnexpectedValue'],
  // PostgreSQL's notation.
  ['time', '40455123456', '"11:14:15.123456"'],
  ['time', '40455120000', '"11:14:15.12"'],
  ['time', '0', '"00:00:00"'],
  ['time', '86400000000', '"24:00:00"'],
  ['time', '86400000001', 'UnexpectedValue'],
  ['timetz', '"11:14:15.120Z"', '"11:14:15.12+00"'],
  ['timetz', '"24:00:00Z"', '"24:00:00+00"'],
  ['timetz', '"11:14Z"', '"11:14:00+00"'],
  ['interval', '"P1Y2M3DT4H5M6.789S"', '"1 year 2 mons 3 days 04:05:06.789"'],
  ['interval', '"P-1Y-2M3DT-4H-5M-6.789123S"', '"-1 years -2 mons +3 days -04:05:06.789123"'],
  ['interval', '"P0Y0M-1DT0H0M1S"', '"-1 days +00:00:01"'],
  ['interval', '"P0Y0M0DT0H0M-0.000001S"', '"-00:00:00.000001"'],
  ['interval', '"P0Y0M-7DT19H56M1.309715999S"', '"-7 days +19:56:01.309716"'],
  ['interval', '"P0Y0M0DT0H59M59.999999999S"', '"01:00:00"'],
  ['interval', '"P0Y0M0DT0H0M-36.482169999S"', '"-00:00:36.48217"'],
  ['interval', '37091106789000', 'UnexpectedValue'],
  ['bit(3)', '"BQ=="', '"101"'],
  ['bit(12)', '"AQ=="', '"000000000001"'],
  ['bit(10)', '"AQI="', '"1000000001"'],
  ['hstore', '"{\\"bb\\":null,\\"a\\":\\"x\\\\\\"y\\"}"', '"\\"a\\"=>\\"x\\\\\\"y\\", \\"bb\\"=>NULL"'],
  ['hstore', '"{\\"a\\":1}"', 'UnexpectedValue'],
  ['bytea', '"3q2+7w=="', '"3q2+7w=="'],
  ['bytea', '""', '""'],
  ['bytea', '"3q2-7w=="', 'UnexpectedValue'],
  ['bytea', '"3q2+7w"', 'UnexpectedValue'],
  ['point', '{"x":1.5,"y":-2.25}', '"{\\"x\\":1.5,\\"y\\":-2.25}"'],
  ['integer[]', '[1, null,3]', '[1, null,3]'],
  ['integer[]', '[]', '[]'],
  ['integer[]', '[1,2147483648]', 'UnrepresentableValue'],
  ['integer[]', '[null,null]', 'UnrepresentableValue'],
  ['text[]', '["[Ljava.lang.String;@36eede08"]', 'UnrepresentableValue'],
  ['text[]', '["[L"]', '["[L"]'],
  ['timestamptz[]', '["1970-01-01T00:00:01Z",null]', '[1000000,null]'],
  ['numeric(4,1)[]', '["1.50"]', '["1.5"]'],
])('%s %s becomes %s', (type, value, wanted) => {
  expect(encoded(type, value)).toBe(wanted)
})

test.each([
  ['date', 'string', '-735160', '"0044-03-15 BC"'],
  ['date', 'string', '2146033979', '"infinity"'],
  ['date', 'string', '-625821272', '"-infinity"'],
  ['date', 'string', '4000000', '"12921-08-18"'],
  ['timestamp', 'string', '1709210096123450', '"2024-02-29 12:34:56.12345"'],
  ['timestamp', 'string', '-1', '"1969-12-31 23:59:59.999999"'],
  ['timestamp', 'string', '9223372036854775807', '"infinity"'],
  ['timestamp', 'string', '-9223372036854775808', '"-infinity"'],
  ['timestamp', 'string', '-9223371244800000000', 'UnrepresentableValue'],
  ['timestamptz', 'string', '"-0043-03-15T12:00:00.5Z"', '"0044-03-15 12:00:00.5+00 BC"'],
  ['timestamptz', 'string', '"-infinity"', '"-infinity"'],
  ['time', 'time', '86399999999', '86399999999'],
  ['time', 'time', '86400000000', 'UnrepresentableValue'],
  ['bytea', 'string', '"3q2+7w=="', '"\\\\xdeadbeef"'],
  ['bit(3)', 'binary', '"BQ=="', '"BQ=="'],
  ['numeric', 'decimal(38,2)', '"1.5"', '"1.5"'],
  ['numeric', 'decimal(38,2)', '"1.555"', 'UnrepresentableValue'],
  ['integer[]', 'string', '[1,null]', '"[1,null]"'],
  ['double precision', 'string', '1.0E21', '"1e+21"'],
  ['double precision', 'string', '1.0E15', '"1e+15"'],
  ['double precision', 'string', '1.0E14', '"100000000000000"'],
  ['double precision', 'string', '1.0E-4', '"0.0001"'],
  ['double precision', 'string', '-1.5E-5', '"-1.5e-05"'],
  ['double precision', 'string', '-0.0', '"-0"'],
  ['double precision', 'string', '123.456', '"123.456"'],
  ['double precision', 'string', '"NaN"', '"NaN"'],
  ['real', 'string', '1.17549435E-38', '"1.1754944e-38"'],
  ['real', 'string', '1.6777216E7', '"1.6777216e+07"'],
  ['real', 'string', '100000.0', '"100000"'],
  ['real', 'string', '0.1', '"0.1"'],
])('%s as %s: %s becomes %s', (type, iceberg, value, wanted) => {
  expect(encoded(type, value, iceberg)).toBe(wanted)
})

const placeholder = '__debezium_unavailable_value'
const codes = JSON.stringify([...Buffer.from(placeholder)])

test.each([
  ['text', `"${placeholder}"`],
  ['text', `"\\u005f${placeholder.slice(1)}"`],
  ['jsonb', `"${placeholder}"`],
  ['numeric', `"${placeholder}"`],
  ['numeric(12,2)', `"${placeholder}"`],
  ['bytea', `"${Buffer.from(placeholder).toString('base64')}"`],
  ['text[]', `["${placeholder}"]`],
  ['integer[]', codes],
  ['bigint[]', codes],
  ['date[]', codes],
  ['bytea[]', `["${Buffer.from(placeholder).toString('base64')}"]`],
  ['uuid[]', '["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]'],
  ['hstore', JSON.stringify(JSON.stringify({ [placeholder]: placeholder }))],
])('the placeholder of %s fails as UnavailableValue', (type, value) => {
  expect(encoded(type, value)).toBe('UnavailableValue')
})

test('a text that holds the placeholder is a text', () => {
  expect(encoded('text', `"${placeholder}!"`)).toBe(`"${placeholder}!"`)
  expect(encoded('jsonb', `"\\"${placeholder}\\""`)).toBe(`"\\"${placeholder}\\""`)
  expect(encoded('text', `"${Buffer.from(placeholder).toString('base64')}"`)).toBe(`"${Buffer.from(placeholder).toString('base64')}"`)
})

test('null is null for every type', () => {
  for (const type of ['integer', 'numeric', 'timestamptz', 'text[]', 'hstore', 'interval', 'point', 'bit(3)']) {
    expect(icebergTypeOf(parsePostgresType(type))).not.toBe('')
    expect(encoded(type, 'null')).toBe('null')
  }
})
