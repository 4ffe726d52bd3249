import { declared, envelope, transformBatch } from './batch.ts'

const orders = declared('t', { id: 'integer', customer: 'text', amount: 'numeric(12,2)', at: 'timestamptz' })
const row = '{"id":1,"customer":"Añna \\"A\\"","amount":"10.50","at":"2025-01-02T03:04:05.678901Z"}'

test.each([
  ['c', 'update'],
  ['r', 'update'],
  ['u', 'update'],
])('%s is an %s of the row after', (op, operation) => {
  const { answers } = transformBatch([orders], [envelope({ op, after: row, before: '{"id":2}' })])
  expect(answers).toEqual([
    {
      result: 'Ok',
      operation,
      destination: 'aurora_cdc.t',
      row: '{"id":1,"customer":"Añna \\"A\\"","amount":"10.50","at":1735787045678901}',
    },
  ])
})

test('d is a delete that carries the key and nothing else', () => {
  const { answers } = transformBatch(
    [orders],
    [envelope({ op: 'd', before: '{"id":1,"customer":"","amount":"0.00","at":"1970-01-01T00:00:00Z"}' })],
  )
  expect(answers).toEqual([
    { result: 'Ok', operation: 'delete', destination: 'aurora_cdc.t', row: '{"id":1,"customer":null,"amount":null,"at":null}' },
  ])
})
