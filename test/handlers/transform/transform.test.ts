import { join } from 'node:path'
import { build } from 'esbuild'
import { createTransform } from '../../../handlers/transform/transform.ts'
import { transformPlan } from '../../../pipeline/transform-plan.ts'
import { declared, envelope, transformBatch } from './batch.ts'

const orders = declared('t', { id: 'integer', customer: 'text', amount: 'numeric(12,2)', at: 'timestamptz' })
const row = '{"id":1,"customer":"Añna \\"A\\"","amount":"10.50","at":"2025-01-02T03:04:05.678901Z"}'
const delivered = '{"id":1,"customer":"Añna \\"A\\"","amount":"10.50","at":1735787045678901}'

const rowOf = (after: string, table = orders) => transformBatch([table], [envelope({ after })]).answers[0]?.row
const failureOf = (value: string | Uint8Array, tables = [orders], settings: Parameters<typeof transformBatch>[2] = {}) => {
  const { answers, failures } = transformBatch(tables, [value], settings)
  return [answers[0]?.result, failures[0]?.name, failures[0]?.table]
}

test.each([
  ['c', 'update'],
  ['r', 'update'],
  ['u', 'update'],
])('%s is an %s of the row after', (op, operation) => {
  const { answers } = transformBatch([orders], [envelope({ op, after: row, before: '{"id":2}' })])
  expect(answers).toEqual([{ result: 'Ok', operation, destination: 'aurora_cdc.t', row: delivered }])
})

test('d is a delete that carries the key and nothing else', () => {
  const before = '{"id":1,"customer":"","amount":"0.00","at":"1970-01-01T00:00:00Z"}'
  const { answers } = transformBatch([orders], [envelope({ op: 'd', before })])
  const deleted = '{"id":1,"customer":null,"amount":null,"at":null}'
  expect(answers).toEqual([{ result: 'Ok', operation: 'delete', destination: 'aurora_cdc.t', row: deleted }])
})

test('what the operation is stands after the row, whose text may say otherwise', () => {
  const tricky = declared('t', { id: 'integer', op: 'text', source: 'text' })
  const after = '{"id":1,"op":"d","source":"{\\"table\\":\\"x\\"},\\"op\\":\\"d\\""}'
  expect(transformBatch([tricky], [envelope({ op: 'c', after })]).answers).toMatchObject([{ operation: 'update', row: after }])
})

describe('columns', () => {
  test('every column of the table is there, whatever the image has', () => {
    const { answers, lines } = transformBatch([orders], [envelope({ after: '{"extra":{"a":[1,"}"]},"id":1,"amount":null,"more":2}' })])
    expect(answers[0]?.row).toBe('{"id":1,"amount":null,"customer":null,"at":null}')
    expect(lines).toContainEqual({ level: 'WARN', name: 'UnknownColumns', table: 'public.t', columns: ['extra', 'more'] })
    expect(lines).toContainEqual({ level: 'WARN', name: 'AbsentColumns', table: 'public.t', columns: ['customer', 'at'] })
    expect(lines).toContainEqual(expect.objectContaining({ Table: 'public.t', UnknownColumns: 2, AbsentColumns: 2 }))
  })

  test('a column that is known to be missing is null and not counted', () => {
    const table = declared(
      't',
      { id: 'integer' },
      {
        columns: [
          { name: 'id', type: 'integer', nullable: false },
          { name: 'late', type: 'text', added: true },
          { name: 'gone', type: 'text', dropped: true },
        ],
      },
    )
    const { answers, lines } = transformBatch([table], [envelope({ after: '{"id":1}' })])
    expect(answers[0]?.row).toBe('{"id":1,"late":null,"gone":null}')
    expect(lines.filter(({ level }) => level === 'WARN')).toEqual([])
  })

  test('names are those of Iceberg', () => {
    const table = declared('t', { Id: 'integer', 'Größe "x"': 'text', c: 'text' })
    expect(rowOf('{"Id":1,"Größe \\"x\\"":"ü","c":"z"}', table)).toBe(`{"id":1,"${table.columns[1]?.iceberg.name}":"ü","c":"z"}`)
  })

  test('of equal keys the last counts, however they are written', () => {
    expect(rowOf('{"id":1,"customer":"first","c\\u0075stomer":"last","amount":null,"at":null}')).toBe(
      '{"id":1,"customer":"last","amount":null,"at":null}',
    )
    expect(rowOf('{"id":"no integer","customer":null,"amount":null,"at":null,"id":2}')).toBe(
      '{"customer":null,"amount":null,"at":null,"id":2}',
    )
  })

  test('white space changes nothing', () => {
    const spaced =
      ' {\n"after" : { "id" : 1 , "customer" : "x" , "amount" : null , "at" : null } , "source" : { "schema" : "public" , "table" : "t" } , "op" : "c" }\n'
    expect(JSON.parse(transformBatch([orders], [spaced]).answers[0]?.row ?? '')).toEqual({ id: 1, customer: 'x', amount: null, at: null })
  })
})

describe('failures are named, and the others of the batch unaffected', () => {
  const good = envelope({ op: 'u', after: row })
  const bad: [name: string, value: string | Uint8Array, table: string][] = [
    ['InvalidJson', good.slice(0, -1), '(none)'],
    ['InvalidUtf8', Buffer.from(good.replace('Añna', 'A\xf1na'), 'latin1'), '(none)'],
    ['NotAChangeEvent', '{"id":1}', '(none)'],
    ['NotAChangeEvent', '[1]', '(none)'],
    ['NotAChangeEvent', `{"schema":{},"payload":${good}}`, '(none)'],
    ['NotAChangeEvent', '{"source":null,"op":"c","after":{}}', '(none)'],
    ['NotAChangeEvent', '{"source":{"schema":"public","table":null},"op":"c","after":{}}', '(none)'],
    ['UndeclaredTable', envelope({ after: row, table: 'other' }), '(none)'],
    ['UnknownOperation', envelope({ op: 'x', after: row }), 'public.t'],
    ['UnknownOperation', envelope({ op: 1, after: row }), 'public.t'],
    ['MissingRowImage', envelope({ op: 'c' }), 'public.t'],
    ['MissingRowImage', envelope({ op: 'd', after: row }), 'public.t'],
    ['MissingKey', envelope({ after: '{"customer":"x"}' }), 'public.t'],
    ['MissingKey', envelope({ op: 'd', before: '{"id":null}' }), 'public.t'],
    ['UnexpectedValue', envelope({ after: row.replace('"10.50"', '10.5') }), 'public.t'],
    ['UnrepresentableValue', envelope({ after: row.replace('10.50', '12345678901.00') }), 'public.t'],
    ['UnavailableValue', envelope({ op: 'u', after: row.replace('10.50', '__debezium_unavailable_value') }), 'public.t'],
    ['TruncateRefused', envelope({ op: 't' }), 'public.t'],
  ]

  test.each(bad)('%s', (name, value, table) => {
    expect(failureOf(value)).toEqual(['ProcessingFailed', name, table])
    // The shape of a good event is known by then.
    const { answers } = transformBatch([orders], [good, value, good.replace('"id":1', '"id":2')])
    expect(answers.map(({ result }) => result)).toEqual(['Ok', 'ProcessingFailed', 'Ok'])
  })

  test.each(['%', 'QQ', 'QQ=', 'Q=Q=', 'QUJD\nQUJD', 'e30-', 'Zm9vYmFyIQ=_'])('%j is not base64', (kafkaRecordValue) => {
    const transform = createTransform(transformPlan([orders], { namespace: 'n', creates: 'update', truncates: 'fail' }), {
      log: () => {},
      now: () => 0,
    })
    const { records } = transform({
      invocationId: '1',
      deliveryStreamArn: 's',
      region: 'r',
      records: [{ recordId: '1', kafkaRecordValue }],
    })
    expect(records).toEqual([{ recordId: '1', result: 'ProcessingFailed', kafkaRecordValue }])
  })

  test('tables without a primary key take inserts only', () => {
    const keyless = declared('t', { id: 'integer' }, { primaryKey: [] })
    expect(transformBatch([keyless], [envelope({ after: '{"id":1}' }), envelope({ after: '{"id":1}' })]).answers).toMatchObject([
      { operation: 'insert' },
      { operation: 'insert' },
    ])
    expect(failureOf(envelope({ op: 'u', after: '{"id":1}' }), [keyless])).toEqual(['ProcessingFailed', 'NoPrimaryKey', 'public.t'])
    expect(failureOf(envelope({ op: 'd', before: '{"id":1}' }), [keyless])).toEqual(['ProcessingFailed', 'NoPrimaryKey', 'public.t'])
    const known = transformBatch([keyless], [envelope({ after: '{"id":1}' }), envelope({ op: 'u', after: '{"id":1}' })])
    expect(known.failures).toMatchObject([{ name: 'NoPrimaryKey' }])
  })

  test('a delete that carries an index may have an invented key', () => {
    const table = declared('t', { id: 'integer' }, { replicaIdentity: 'index' })
    expect(failureOf(envelope({ op: 'd', before: '{"id":0}' }), [table])).toEqual([
      'ProcessingFailed',
      'UnusableReplicaIdentity',
      'public.t',
    ])
  })

  test("an update's null may stand for a large array that did not change, unless the row before is there", () => {
    const table = declared('t', { id: 'integer', list: 'smallint[]' })
    const after = '{"id":1,"list":null}'
    expect(failureOf(envelope({ op: 'u', after }), [table])).toEqual(['ProcessingFailed', 'UnavailableValue', 'public.t'])
    const values = [
      envelope({ op: 'c', after }),
      envelope({ op: 'u', after: after.replace('1', '2') }),
      envelope({ op: 'u', after: '{"id":3,"list":[1]}' }),
      envelope({ op: 'u', before: after, after }),
    ]
    expect(transformBatch([table], values).answers.map(({ result }) => result)).toEqual(['Dropped', 'ProcessingFailed', 'Ok', 'Ok'])
  })

  test('the message names the column and holds no value', () => {
    const { lines } = transformBatch([orders], [envelope({ after: row.replace('"10.50"', '"secret"') })])
    expect(JSON.stringify(lines)).toContain('public.t.amount')
    expect(JSON.stringify(lines)).not.toMatch(/secret|Añna/)
  })

  test('a bug is not blamed on the record', () => {
    const transform = createTransform(transformPlan([orders], { namespace: 'n', creates: 'update', truncates: 'fail' }), {
      log: () => {},
      now: () => 0,
    })
    const records = [{ recordId: '1', kafkaRecordValue: JSON.parse('7') }]
    expect(() => transform({ invocationId: '1', deliveryStreamArn: 's', region: 'r', records })).toThrow('argument must be a string')
  })
})

describe('what is dropped', () => {
  const dropped: [name: string, value: string | null, settings?: Parameters<typeof transformBatch>[2]][] = [
    ['Tombstone', null],
    ['Tombstone', ''],
    ['Tombstone', 'null'],
    ['Heartbeat', '{"ts_ms":1764000000000}'],
    ['LogicalMessage', '{"op":"m","ts_ms":1,"source":{"schema":"","table":""},"message":{"prefix":"p","content":""}}'],
    ['SignalTable', envelope({ schema: 'cdc', table: 'debezium_signal', after: '{"id":"1"}' })],
    ['NotCaptured', envelope({ table: 'late', after: '{"id":1}' })],
    ['Truncate', envelope({ op: 't' }), { truncates: 'drop' }],
  ]
  test.each(dropped)('%s', (name, value, settings = {}) => {
    const late = declared('late', { id: 'integer' }, { capture: false })
    const { answers, lines } = transformBatch([orders, late], [value], settings)
    expect(answers[0]?.result).toBe('Dropped')
    expect(lines).toContainEqual(expect.objectContaining({ Name: name, NamedRecords: 1 }))
  })
})

const emf = '_aws'

test('the metrics count by outcome, name and table', () => {
  const { lines } = transformBatch([orders], [envelope({ after: row }), envelope({ after: row }), envelope({ after: '{}' }), 'x', null], {
    offsets: [1, 2, 3, 4, 5],
  })
  const emitted = lines.filter((line) => emf in line).map(({ [emf]: _definition, ...values }) => values)
  const stream = { DeliveryStream: 'cdc' }
  const columns = { UnknownColumns: 0, AbsentColumns: 0 }
  expect(emitted).toEqual([
    { ...stream, Ok: 1, Dropped: 2, ProcessingFailed: 2 },
    { ...stream, ...columns, Table: 'public.t', Ok: 1, Dropped: 1, ProcessingFailed: 1 },
    { ...stream, ...columns, Table: '(none)', Ok: 0, Dropped: 1, ProcessingFailed: 1 },
    { ...stream, Name: 'Superseded', Table: 'public.t', NamedRecords: 1 },
    { ...stream, Name: 'MissingKey', Table: 'public.t', NamedRecords: 1 },
    { ...stream, Name: 'InvalidJson', Table: '(none)', NamedRecords: 1 },
    { ...stream, Name: 'Tombstone', Table: '(none)', NamedRecords: 1 },
  ])
  expect(lines[3]?.[emf]).toEqual({
    Timestamp: 1764000000000,
    CloudWatchMetrics: [
      {
        Namespace: 'AuroraCdc/Transform',
        Dimensions: [
          ['DeliveryStream', 'Name'],
          ['DeliveryStream', 'Name', 'Table'],
        ],
        Metrics: [{ Name: 'NamedRecords', Unit: 'Count' }],
      },
    ],
  })
  expect(lines.filter(({ level }) => level === 'ERROR')).toEqual([
    expect.objectContaining({ name: 'MissingKey', table: 'public.t', count: 1, offsets: ['0:3'] }),
    expect.objectContaining({ name: 'InvalidJson', table: '(none)', count: 1, offsets: ['0:4'] }),
  ])
})

test('more tables than there are shapes to remember', () => {
  const tables = Array.from({ length: 50 }, (_, index) => declared(`t${index}`, { [`id${index}`]: 'integer', n: 'text' }))
  const values = Array.from({ length: 500 }, (_, index) =>
    envelope({ op: index % 3 === 0 ? 'c' : 'u', table: `t${index % 50}`, after: `{"id${index % 50}":${index},"n":"ü${index}"}` }),
  )
  const { answers } = transformBatch(tables, values)
  expect(answers.map(({ row: one }) => one)).toEqual(values.map((_, index) => `{"id${index % 50}":${index},"n":"ü${index}"}`))
})

test('the bundle is small, and knows no SDK', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(import.meta.dirname, '..', '..', '..', 'handlers', 'transform', 'index.ts')],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node22',
    write: false,
    metafile: true,
    define: { TRANSFORM_PLAN: JSON.stringify(transformPlan([orders], { namespace: 'n', creates: 'update', truncates: 'fail' })) },
  })
  expect(outputFiles[0]?.contents.length).toBeLessThan(40 * 1024)
  expect(Object.keys(metafile.inputs).filter((file) => file.includes('node_modules'))).toEqual([])
})
