/** The parts of a change event of Debezium's. */
export interface Envelope {
  readonly before: Record<string, unknown> | null
  readonly after: Record<string, unknown> | null
  readonly source: Record<string, unknown>
  readonly op: string
}

export interface BadRecord {
  readonly what: string
  /** Null: a tombstone. */
  readonly value: Buffer | null
  /** The name under which it fails, or that it is dropped. */
  readonly becomes: string
}

/** Columns of the table whose change event is taken apart. */
export interface BadColumns {
  readonly key: string
  readonly text: string
  readonly otherText: string
  readonly integer: string
  /** A numeric(12,2). */
  readonly decimal: string
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

/** Bad records of every kind, made of a real change event. `content` stands in each of them. */
export function badRecords(real: Envelope, columns: BadColumns, content: string): BadRecord[] {
  const { after, source } = real
  const { key, text, otherText, integer, decimal } = columns
  const confidential = { ...after, [text]: content }
  const row = (values: object) => json({ ...real, after: { ...confidential, ...values } })
  const whole = row({})
  const sized = (bytes: number) => row({ [otherText]: content.padEnd(bytes, 'x') })
  const badUtf8 = Buffer.from(whole)
  badUtf8.set([0xff, 0xfe], badUtf8.indexOf(content))
  return [
    { what: 'text', value: Buffer.from(`${content}, and no JSON`), becomes: 'InvalidJson' },
    { what: 'half of a change event', value: whole.subarray(0, whole.length / 2), becomes: 'InvalidJson' },
    { what: 'two change events', value: Buffer.concat([whole, whole]), becomes: 'InvalidJson' },
    { what: 'brackets without end', value: Buffer.from(`{"${content}":${'['.repeat(100_000)}`), becomes: 'InvalidJson' },
    { what: 'no UTF-8', value: badUtf8, becomes: 'InvalidUtf8' },
    {
      what: 'an unknown table',
      value: json({ ...real, after: { id: content }, source: { ...source, table: 'invoices' } }),
      becomes: 'UndeclaredTable',
    },
    { what: 'an unknown operation', value: json({ ...real, after: confidential, op: 'x' }), becomes: 'UnknownOperation' },
    { what: 'no operation', value: json({ after: confidential, source }), becomes: 'UnknownOperation' },
    { what: 'no source', value: json({ ...real, after: confidential, source: undefined }), becomes: 'NotAChangeEvent' },
    {
      what: 'a source without a table',
      value: json({ ...real, after: { [text]: content }, source: { db: 'shop' } }),
      becomes: 'NotAChangeEvent',
    },
    {
      what: 'an envelope with schema',
      value: json({ schema: { type: 'struct' }, payload: JSON.parse(String(whole)) }),
      becomes: 'NotAChangeEvent',
    },
    { what: 'a row without envelope', value: json(confidential), becomes: 'NotAChangeEvent' },
    { what: 'a list', value: json([content]), becomes: 'NotAChangeEvent' },
    { what: 'a number', value: Buffer.from('12345678901234567890'), becomes: 'NotAChangeEvent' },
    { what: 'lists in lists', value: Buffer.from(`${'['.repeat(100_000)}"${content}"${']'.repeat(100_000)}`), becomes: 'NotAChangeEvent' },
    { what: 'no row image', value: json({ ...real, after: null, transaction: content }), becomes: 'MissingRowImage' },
    { what: 'a delete without key', value: json({ ...real, op: 'd', before: { [text]: content }, after: null }), becomes: 'MissingKey' },
    { what: 'a row without key', value: row({ [key]: null }), becomes: 'MissingKey' },
    {
      what: 'an unchanged value that was not sent',
      value: row({ [otherText]: '__debezium_unavailable_value' }),
      becomes: 'UnavailableValue',
    },
    { what: 'text for a number', value: row({ [integer]: content }), becomes: 'UnexpectedValue' },
    { what: 'an object for a text', value: row({ [text]: { content } }), becomes: 'UnexpectedValue' },
    { what: 'a decimal with too many digits', value: row({ [decimal]: '12345678901.25' }), becomes: 'UnrepresentableValue' },
    { what: 'an integer with too many digits', value: row({ [integer]: 2 ** 40 }), becomes: 'UnrepresentableValue' },
    { what: 'a truncate', value: json({ ...real, op: 't', before: null, after: null, transaction: content }), becomes: 'TruncateRefused' },
    { what: 'more than a request of Lambda', value: sized(5 * 2 ** 20), becomes: 'Lambda.InvocationFailure' },
    { what: 'more than Firehose hands to Lambda', value: sized(6.5 * 2 ** 20), becomes: 'Lambda.RecordTooLarge' },
    { what: 'a tombstone', value: null, becomes: 'dropped' },
    { what: 'a heartbeat', value: json({ ts_ms: 1_700_000_000_000 }), becomes: 'dropped' },
    {
      what: 'a logical message',
      value: json({ ...real, op: 'm', before: undefined, after: undefined, message: { content } }),
      becomes: 'dropped',
    },
    {
      what: 'a signal',
      value: json({ ...real, after: { id: content }, source: { ...source, schema: 'cdc', table: 'debezium_signal' } }),
      becomes: 'dropped',
    },
  ]
}
