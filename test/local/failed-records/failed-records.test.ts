import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { errorObjects, type FailedRecord } from '../../../local/delivery/commit/failed-records.ts'
import { readBucket, readErrorObjects } from '../../../local/failed-records/error-objects.ts'
import { explainText, grouped, listText, replayText, rowsOf, selected } from '../../../local/failed-records/listing.ts'
import { headingOf, runbookSection } from '../../../local/failed-records/runbook.ts'
import { understanding } from '../../../local/failed-records/understand.ts'
import { errorNames, isErrorName } from '../../../pipeline/errors.ts'
import { capturedTables, parseTables } from '../../../pipeline/tables.ts'

const folder = mkdtempSync(join(tmpdir(), 'failed-records-'))
afterAll(() => rmSync(folder, { recursive: true }))

const content = 'confidential'
const columns = [
  { name: 'Id', type: 'bigint', nullable: false },
  { name: 'at', type: 'timestamp', nullable: false },
  { name: 'note', type: 'text' },
  { name: 'amount', type: 'numeric(6,2)' },
]
const tables = capturedTables(
  parseTables({
    tables: [
      { schema: 'shop', name: 'Sales', columns, primaryKey: ['Id', 'at'], iceberg: { name: 'sales' } },
      { schema: 'shop', name: 'log', columns, primaryKey: [] },
      { schema: 'shop', name: 'old', columns, primaryKey: ['Id'], capture: false },
    ],
  }),
)
const understand = understanding(tables, { namespace: 'ns', creates: 'update', truncates: 'fail' })

const event = (op: string, row: object | null, more: object = {}, table = 'Sales') =>
  JSON.stringify({ before: null, after: row, source: { schema: 'shop', table }, op, ...more })
const key = '"Id":9007199254740993,"at":1772282096123456'
const withBigId = (text: string) => text.replace('"Id":0', '"Id":9007199254740993')
const row = { Id: 0, at: 1_772_282_096_123_456, note: content, amount: '1.50' }

/** Error objects in the layout of the bucket, written by what writes those of the local run. */
function objects(...records: { raw: string; type?: FailedRecord['type']; code?: string; table?: string; arrivalMs?: number }[]) {
  rmSync(folder, { recursive: true })
  const failed = records.map(
    (
      { raw, type = 'processing-failed', code = 'Lambda.ProcessingFailedStatus', table, arrivalMs = Date.UTC(2026, 10, 22) },
      index,
    ): FailedRecord => ({
      type,
      errorOutputPrefix: table === undefined ? undefined : `failed/!{firehose:error-output-type}/${table}/`,
      attemptsMade: 1,
      arrivalMs,
      errorCode: code,
      errorMessage: 'Firehose says so',
      endedMs: 1,
      rawData: Buffer.from(raw),
      lambdaArn: type === 'processing-failed' ? 'arn:aws:lambda:x' : undefined,
      eventId: String(index),
    }),
  )
  mkdirSync(folder)
  for (const object of errorObjects(failed, { streamName: 's', errorOutputPrefix: 'failed/!{firehose:error-output-type}/', batch: 'b' }))
    put(object.key, object.content)
  return readErrorObjects(folder)
}

function put(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}

const understood = (...records: Parameters<typeof objects>) => objects(...records).lines.map(understand)

const spellings = [['9007199254740993', '2026-02-28 12:34:56.123456']]

it('a record that the transform refused has the name that it gives it, and its key to the last digit', () => {
  const [record] = understood({ raw: withBigId(event('u', { ...row, amount: content })) })
  expect(record).toMatchObject({
    name: 'UnexpectedValue',
    message: expect.stringContaining('shop.Sales.amount'),
    table: 'shop.Sales',
    key: spellings,
    obstacle: undefined,
  })
})

it('the key of a delete comes from the row before, and that of an unknown operation from the row that it has', () => {
  const before = `{"before":{${key}},"after":null,"source":{"schema":"shop","table":"Sales"},"op":`
  const records = understood({ raw: `${before}"d"}` }, { raw: `${before}"x"}` })
  expect(records.map(({ name, key: found }) => [name, found])).toEqual([
    // Deleted by itself it would be applied: Firehose's code stays.
    ['Lambda.ProcessingFailedStatus', spellings],
    ['UnknownOperation', spellings],
  ])
})

it('a row that Firehose could not commit has the table of its prefix', () => {
  const [other, record] = understood(
    {
      raw: `{"id":9007199254740993,"at":1772282096123456,"note":"${content}"}`,
      type: 'iceberg-failed',
      table: 'sales',
      code: 'Iceberg.NoSuchTable',
    },
    { raw: '{"id":1}', type: 'iceberg-failed', code: 'S3.AccessDenied', table: 'other' },
  )
  expect(record).toMatchObject({
    name: 'Iceberg.NoSuchTable',
    message: 'Firehose says so',
    table: 'shop.Sales',
    key: spellings,
    obstacle: undefined,
  })
  expect(other).toMatchObject({ table: 'other', key: undefined, obstacle: 'other is not declared in tables.json' })
})

it.each<[string, string, RegExp]>([
  ['no JSON', content, /does not say of which table/],
  ['half an envelope', event('c', row).slice(0, 40), /does not say of which table/],
  ['a table that nobody declared', event('c', row, {}, 'invoices'), /shop\.invoices is not declared/],
  ['a table that is not captured', event('c', row, {}, 'old'), /not captured any more/],
  ['a table without a key', event('u', row, {}, 'log'), /no primary key/],
  ['a truncate', event('t', null), /re-sync the table: npm run provision -- --input '\{"resync": \["shop\.Sales"\]\}'/],
  ['a row without a part of its key', event('c', { ...row, at: null }), /no whole key/],
])('%s cannot be replayed, and why is said', (_what, raw, obstacle) => {
  expect(understood({ raw })[0]?.obstacle).toMatch(obstacle)
})

it('lists by name and table, explains with keys and never a value, and has each row to replay once', () => {
  const bad = withBigId(event('u', { ...row, amount: content }))
  const records = understood({ raw: bad }, { raw: bad, arrivalMs: Date.UTC(2026, 10, 23) }, { raw: event('t', null) })
  const groups = grouped(records)
  const list = listText(
    groups.map(({ group }) => group),
    [],
  )
  expect(list).toMatch(/^UnexpectedValue +shop\.Sales +2 +2026-11-22T00:00:00\.000Z +2026-11-23T00:00:00\.000Z$/m)
  expect(list).toMatch(/^TruncateRefused +shop\.Sales +1 /m)
  expect(rowsOf(records).map(({ table, keys }) => [table.name, keys])).toEqual([['Sales', [spellings]]])
  const text = explainText(groups, undefined)
  expect(text).toContain('rows: Id = 9007199254740993, at = 2026-02-28 12:34:56.123456')
  expect(text).toContain('replay --name UnexpectedValue --table shop.Sales')
  expect(text).toContain(runbookSection('UnexpectedValue'))
  expect(list + text).not.toContain(content)
  const none = { name: undefined, table: undefined, sinceMs: undefined }
  expect(selected(records, { ...none, sinceMs: Date.UTC(2026, 10, 23) })).toHaveLength(1)
  expect(selected(records, { ...none, name: 'TruncateRefused' })).toHaveLength(1)
  expect(selected(records, { ...none, table: 'shop.log' })).toHaveLength(0)
})

it('says what a replay did, and of which records it did nothing', () => {
  const stuck = understood({ raw: event('t', null) }, { raw: event('t', null) })
  const [table] = tables
  if (!table) throw new Error('no table')
  expect(replayText([{ table, present: 1, absent: 2 }], stuck, false)).toEqual([
    'shop.Sales: 1 row was read again, 2 keys that the source does not have were removed from Iceberg',
    expect.stringMatching(/^2 records cannot be replayed: a truncate is of all rows/),
  ])
})

it('what is no error object is told, and hides none', () => {
  objects({ raw: content })
  put('failed/processing-failed/half', '{"arrivalTimestamp":1,"errorCode"\n{}\n')
  put('failed/manifest.json', '{}')
  const { lines, notUnderstood } = readErrorObjects(folder)
  expect(lines).toHaveLength(1)
  expect(notUnderstood).toEqual([
    'failed/manifest.json: its prefix is neither processing-failed nor iceberg-failed',
    'failed/processing-failed/half: 2 lines are not of the documented form',
  ])
})

it('reads the form of iceberg-failed lines that was seen, times as texts', () => {
  rmSync(folder, { recursive: true })
  put(
    'iceberg-failed/2026/11/22/10/stream-1-2026-11-22-10-00-00-0a',
    `${JSON.stringify({
      attemptsMade: '4',
      arrivalTimestamp: '1795341600000',
      errorCode: 'Iceberg.SchemaTypeMismatch',
      errorMessage: 'x',
      attemptEndingTimestamp: '1795341601000',
      rawData: 'e30=',
      EventId: '1',
      SubsequenceNumber: '0',
      ApproximateArrivalTimestamp: '1795341600000',
    })}\n`,
  )
  expect(readErrorObjects(folder).lines).toEqual([
    expect.objectContaining({ type: 'iceberg-failed', iceberg: undefined, arrivalMs: 1_795_341_600_000, rawData: 'e30=' }),
  ])
})

it('refuses a folder that is not there', () => {
  expect(() => readErrorObjects(join(folder, 'nowhere'))).toThrow(expect.objectContaining({ name: 'InvalidUsage' }))
  // The local run makes the bucket's folder with its first object.
  expect(readBucket(join(folder, 'nowhere'))).toEqual({ lines: [], notUnderstood: [] })
})

it('the runbook has a section for every name that a record can fail under', () => {
  const names = Object.keys(errorNames)
    .filter(isErrorName)
    .filter((name) => errorNames[name].about === 'record')
  expect(names.filter((name) => (runbookSection(headingOf(name))?.length ?? 0) < 40)).toEqual([])
  const codes = ['Lambda.RecordTooLarge', 'Lambda.InvocationFailure', 'Iceberg.NoSuchTable', 'S3.AccessDenied']
  expect(codes.map((code) => runbookSection(headingOf(code)))).toEqual(codes.map(() => expect.any(String)))
  expect(runbookSection('NoSuchName')).toBeUndefined()
})
