import { checkAnswer, decodeBase64 } from '../../../../local/delivery/invocation/answer.ts'

const ids = ['a', 'b']
const base64 = (text: string) => Buffer.from(text).toString('base64')
const ok = (recordId: string, more: object = {}) => ({ recordId, result: 'Ok', kafkaRecordValue: base64(recordId), ...more })
const check = (records: unknown) => checkAnswer(JSON.stringify({ records }), ids)

describe("a function's answer", () => {
  it('is put into the order of the records', () => {
    const metadata = { otfMetadata: { destinationTableName: 't' } }
    const answer = check([{ recordId: 'b', result: 'Dropped', kafkaRecordValue: '' }, ok('a', { metadata })])
    expect(answer).toEqual({
      records: [
        { result: 'Ok', data: Buffer.from('a'), otfMetadata: metadata.otfMetadata },
        { result: 'Dropped', data: Buffer.alloc(0), otfMetadata: undefined },
      ],
    })
  })

  it.each([
    ['a record is missing', [ok('a')], 'Lambda.MissingRecordId'],
    ['a record came twice', [ok('a'), ok('a'), ok('b')], 'Lambda.DuplicatedRecordId'],
    ['a record is not one of the batch', [ok('a'), ok('b'), ok('c')], 'Lambda.FunctionError'],
    ['a result is unknown', [ok('a', { result: 'ok' }), ok('b')], 'Lambda.FunctionError'],
    ['a result is missing', [ok('a', { result: undefined }), ok('b')], 'Lambda.FunctionError'],
    ['a value is missing', [{ recordId: 'a', result: 'Dropped' }, ok('b')], 'Lambda.JsonMappingException'],
    ['a value is not base64', [ok('a', { kafkaRecordValue: 'a' }), ok('b')], 'Lambda.JsonMappingException'],
    ['the metadata is no object', [ok('a', { metadata: 'x' }), ok('b')], 'Lambda.JsonMappingException'],
    ['the routing is no object', [ok('a', { metadata: { otfMetadata: [] } }), ok('b')], 'Lambda.JsonMappingException'],
    ['a record is no object', ['a', ok('b')], 'Lambda.JsonProcessingException'],
    ['there is no list', 'x', 'Lambda.JsonProcessingException'],
  ])('is refused whole when %s', (_, records, errorCode) => {
    expect(check(records)).toEqual({ fault: { errorCode, errorMessage: expect.any(String) } })
  })

  it('is refused when it is not JSON', () => {
    expect(checkAnswer('null', ids)).toMatchObject({ fault: { errorCode: 'Lambda.JsonProcessingException' } })
    expect(checkAnswer('{', ids)).toMatchObject({ fault: { errorCode: 'Lambda.JsonProcessingException' } })
  })

  it.each(['YQ', 'YQ=', 'YQ===', 'Y Q=', 'YWJj\n', '-a8=', '_a8=', '+/8=x', '====', 'Y==='])('does not take %j as base64', (text) => {
    expect(decodeBase64(text)).toBeUndefined()
  })

  it.each(['', 'YQ==', 'YWI=', 'YWJj', '+/8='])('takes %j as base64', (text) => {
    expect(decodeBase64(text)?.toString('base64')).toBe(text)
  })
})
