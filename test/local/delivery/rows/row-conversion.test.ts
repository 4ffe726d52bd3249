import { rowConversion } from '../../../../local/delivery/rows/row-conversion.ts'

const columns = [
  { name: 'id', required: true, type: { kind: 'long' } },
  { name: 'note', required: false, type: { kind: 'string' } },
] as const

const convert = rowConversion(columns, new Set(['id']))
const row = (text: string) => convert(Buffer.from(text))

describe('a row of a record', () => {
  it('has the columns in the order of the table and skips unknown keys', () => {
    expect(row('{"more":[1.5],"note":null,"id":9007199254740993}')).toEqual({ values: [9007199254740993n, null] })
  })

  it.each([
    ['{"id":1}', 'Iceberg.MissingColumnWithinRecord', 'note'],
    ['{"ID":1,"note":"x"}', 'Iceberg.MissingColumnWithinRecord', 'id'],
    ['{"id":null,"note":"x"}', 'Iceberg.SchemaTypeMismatch', 'id'],
    ['{"id":1,"note":7}', 'Iceberg.SchemaTypeMismatch', 'note'],
    ['[{"id":1,"note":"x"}]', 'DataFormatConversion.MalformedData', 'one JSON object'],
    ['{"id":1,"note":"x"}{"id":2,"note":"x"}', 'DataFormatConversion.MalformedData', 'one JSON object'],
    ['7', 'DataFormatConversion.MalformedData', 'one JSON object'],
    ['', 'DataFormatConversion.MalformedData', 'one JSON object'],
  ])('of %s is refused: %s', (text, errorCode, part) => {
    expect(row(text)).toEqual({ refusal: { errorCode, errorMessage: expect.stringContaining(part) } })
  })

  it('is refused when the record is not UTF-8', () => {
    const record = Buffer.concat([Buffer.from('{"id":1,"note":"'), Buffer.from([0xff]), Buffer.from('"}')])
    expect(convert(record)).toEqual({
      refusal: { errorCode: 'DataFormatConversion.MalformedData', errorMessage: 'The data cannot be decoded as UTF-8.' },
    })
  })

  it('is refused without a word of its values', () => {
    const refusal = JSON.stringify(row('{"id":"secret-value","note":"other-secret"}'))
    expect(refusal).toContain('Column id')
    expect(refusal).not.toContain('secret')
  })
})
