import type { DuckDBValue } from '@duckdb/node-api'
import { parseExactJson } from '../../../../local/delivery/rows/exact-json.ts'
import { conversion, refused } from '../../../../local/delivery/rows/forms.ts'
import { type IcebergTypeJson, parseIcebergType } from '../../../../local/iceberg/iceberg-type.ts'

function convert(type: IcebergTypeJson, json: string): DuckDBValue | typeof refused {
  return conversion(parseIcebergType(type))(parseExactJson(json))
}

const list = { type: 'list', element: 'long', 'element-required': false } as const
const requiredList = { type: 'list', element: 'string', 'element-required': true } as const
const map = { type: 'map', key: 'string', value: 'decimal(5,1)', 'value-required': false } as const
const struct = {
  type: 'struct',
  fields: [
    { name: 'a', required: true, type: 'int' },
    { name: 'b', required: false, type: 'string' },
  ],
} as const

/** What Firehose documents as accepted, and the value that DuckDB then holds, in DuckDB's notation. */
const accepted: readonly (readonly [IcebergTypeJson, string, string])[] = [
  ['boolean', 'true', 'true'],
  ['boolean', '"false"', 'false'],
  ['boolean', '1', 'true'],
  ['boolean', '0', 'false'],
  ['int', '7', '7'],
  ['int', '"-2147483648"', '-2147483648'],
  ['long', '9223372036854775807', '9223372036854775807'],
  ['long', '"-9223372036854775808"', '-9223372036854775808'],
  ['float', '0.6242226', '0.6242226'],
  ['float', '3.4028235E38', '3.4028235e+38'],
  ['double', '"9.18477568715142"', '9.18477568715142'],
  ['double', '1.0E-7', '1e-7'],
  ['double', '5', '5'],
  ['decimal(20,7)', '9455262425851.1342772', '9455262425851.1342772'],
  ['decimal(20,7)', '"9455262425851.1342772"', '9455262425851.1342772'],
  ['decimal(20,7)', '9455262425852', '9455262425852.0000000'],
  ['decimal(38,0)', '99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
  ['decimal(5,2)', '"-1.50"', '-1.50'],
  ['decimal(5,2)', '"1.5000"', '1.50'],
  ['decimal(5,0)', '1.2e3', '1200'],
  ['decimal(5,2)', '"000000001.5"', '1.50'],
  ['decimal(5,2)', '0e400', '0.00'],
  ['date', '19970', '2024-09-04'],
  ['date', '"2024-02-29"', '2024-02-29'],
  ['date', '"0001-01-01"', '0001-01-01'],
  ['time', '68175096000', '18:56:15.096'],
  ['time', '"18:56:15.096"', '18:56:15.096'],
  ['time', '"18:56:15"', '18:56:15'],
  ['timestamp', '1725476175114000', '2024-09-04 18:56:15.114'],
  ['timestamp', '"2024-09-04T18:56:15.114"', '2024-09-04 18:56:15.114'],
  ['timestamp', '"2024-09-04T18:56:15.114Z"', '2024-09-04 18:56:15.114'],
  ['timestamp', '-1', '1969-12-31 23:59:59.999999'],
  ['timestamptz', '"2024-09-04T18:56:15.099Z"', '2024-09-04 18:56:15.099+00'],
  ['timestamptz', '"2024-09-04T18:56:15.099-07:00"', '2024-09-05 01:56:15.099+00'],
  ['timestamptz', '"2024-09-04T18:56:15.099"', '2024-09-04 18:56:15.099+00'],
  ['timestamptz', '1725476175099001', '2024-09-04 18:56:15.099001+00'],
  ['uuid', '"21c5521c-a6d4-48d4-b2c8-7f6d842f72c3"', '21c5521c-a6d4-48d4-b2c8-7f6d842f72c3'],
  ['string', '"1.50"', '1.50'],
  ['string', '""', ''],
  ['binary', '"+/8="', '\\xFB\\xFF'],
  ['binary', '"-_8="', '\\xFB\\xFF'],
  ['binary', '"fbFF01"', '\\xFB\\xFF\\x01'],
  ['binary', '""', ''],
  ['fixed[2]', '"+/8="', '\\xFB\\xFF'],
  [list, '[1,null,9223372036854775807]', '[1, NULL, 9223372036854775807]'],
  [list, '"[1,2]"', '[1, 2]'],
  [list, '[]', '[]'],
  [map, '{"x":1.5,"y":null}', "{'x': 1.5, 'y': NULL}"],
  [map, '"{\\"x\\":\\"2\\"}"', "{'x': 2.0}"],
  [struct, '{"a":1,"b":null,"more":1}', "{'a': 1, 'b': NULL}"],
]

const notAccepted: readonly (readonly [IcebergTypeJson, string])[] = [
  ['boolean', '2'],
  ['boolean', '"TRUE"'],
  ['boolean', '"t"'],
  ['int', '2147483648'],
  ['int', '1.0'],
  ['int', '1e3'],
  ['int', 'true'],
  ['int', '" 7"'],
  ['int', '""'],
  ['long', '9223372036854775808'],
  ['long', '1.5'],
  ['float', '3.5e38'],
  ['double', '"NaN"'],
  ['double', '"Infinity"'],
  ['double', '1e400'],
  ['double', 'true'],
  ['decimal(5,2)', '1000.00'],
  ['decimal(5,2)', '"1.555"'],
  ['decimal(5,2)', '"NaN"'],
  ['decimal(5,2)', '1e400'],
  ['decimal(5,2)', '".5"'],
  ['date', '"2023-02-29"'],
  ['date', '"2024-1-1"'],
  ['date', '"2024-13-01"'],
  ['date', '"2024-00-10"'],
  ['date', '1.5'],
  ['date', '2147483648'],
  ['time', '86400000000'],
  ['time', '-1'],
  ['time', '"24:00:00"'],
  ['time', '"18:56:15Z"'],
  ['time', '"18:56:15.0960001"'],
  ['timestamp', '"2024-09-04 18:56:15"'],
  ['timestamp', '"infinity"'],
  ['timestamp', '9223372036854775807'],
  ['timestamp', '-9223372036854775807'],
  ['timestamp', '-9223372036854775808'],
  ['timestamptz', '"2024-09-04T18:56:15.099+19:00"'],
  ['timestamptz', '"2024-09-04"'],
  ['uuid', '"21c5521ca6d448d4b2c87f6d842f72c3"'],
  ['uuid', '1'],
  ['string', '1'],
  ['string', 'true'],
  ['string', '{}'],
  ['binary', '"*"'],
  ['binary', '1'],
  ['fixed[2]', '"+/8A"'],
  [list, '{"a":1}'],
  [list, '["x"]'],
  [list, '"[1"'],
  [requiredList, '["a",null]'],
  [map, '[1]'],
  [map, '{"x":"y"}'],
  [struct, '{"b":"x"}'],
  [struct, '{"a":null,"b":null}'],
  [struct, '"{\\"a\\":1,\\"b\\":null}"'],
]

describe('the forms that Firehose accepts', () => {
  it.each(accepted)('%j takes %s', (type, json, value) => {
    const converted = convert(type, json)
    expect(converted === refused ? 'refused' : String(converted)).toBe(value)
  })

  it.each(notAccepted)('%j refuses %s', (type, json) => {
    expect(convert(type, json)).toBe(refused)
  })

  it('takes base64 in MIME lines', () => {
    const bytes = Buffer.from(Array.from({ length: 200 }, (_, index) => index))
    const lines = bytes.toString('base64').replaceAll(/(.{76})/g, '$1\r\n')
    expect(String(convert('binary', JSON.stringify(lines)))).toBe(String(convert('binary', JSON.stringify(bytes.toString('base64')))))
  })
})
