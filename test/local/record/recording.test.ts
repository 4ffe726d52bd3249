import type { RecordedMessage } from '../../../local/record/messages.ts'
import { changeId, recordedEvents, type SourceTruth, tableId } from '../../../local/record/recording.ts'

const table = { schema: 'public', name: 't' }
const row = (id: string) => ({ id })

function message(op: string, id: number, more: { txId?: number | null; snapshot?: string | null; table?: string } = {}): RecordedMessage {
  const image = { id }
  const value = {
    before: op === 'd' ? image : null,
    after: op === 'd' || op === 't' ? null : image,
    source: { schema: 'public', table: more.table ?? 't', snapshot: more.snapshot ?? null, txId: more.txId ?? null },
    op,
  }
  return { topic: 'x', key: null, value: JSON.stringify(value), headers: {} }
}

const truth = (more: Partial<SourceTruth> = {}): SourceTruth => ({
  initial: new Map(),
  incremental: new Map(),
  changes: new Map(),
  ...more,
})
const changed = (txId: number, before?: string, after?: string): SourceTruth['changes'] =>
  new Map([
    [
      changeId(table, String(txId)),
      {
        transaction: String(txId),
        before: before === undefined ? undefined : row(before),
        after: after === undefined ? undefined : row(after),
      },
    ],
  ])

test('the rows of a snapshot are told by their order, an incremental one apart from the initial one', () => {
  const rows = { initial: new Map([[tableId(table), [row('1'), row('2')]]]), incremental: new Map([[tableId(table), [row('2')]]]) }
  const messages = [
    message('r', 1, { snapshot: 'first' }),
    message('r', 2, { snapshot: 'incremental' }),
    message('r', 2, { snapshot: 'last' }),
    message('r', 7, { snapshot: 'true', table: 'other' }),
  ]
  expect(recordedEvents(table, messages, truth(rows)).map((event) => event.truth)).toEqual([
    { before: null, after: row('1') },
    { before: null, after: row('2') },
    { before: null, after: row('2') },
  ])
})

test('a changed key is a delete of the row before and a creation of the row after', () => {
  const events = recordedEvents(
    table,
    [message('d', 1, { txId: 9 }), message('c', 2, { txId: 9 })],
    truth({ changes: changed(9, '1', '2') }),
  )
  expect(events.map((event) => event.truth)).toEqual([
    { before: row('1'), after: null },
    { before: null, after: row('2') },
  ])
})

test('a truncate has no truth', () => {
  expect(recordedEvents(table, [message('t', 0, { txId: 3 })], truth())[0]?.truth).toBeNull()
})

test('a row that came by no snapshot, a change that came as no event, and an event without a row are errors', () => {
  expect(() => recordedEvents(table, [], truth({ initial: new Map([[tableId(table), [row('1')]]]) }))).toThrow(
    '1 rows of public.t came by no snapshot',
  )
  expect(() => recordedEvents(table, [], truth({ changes: changed(9, '1', '2') }))).toThrow('1 changes of public.t came as no event')
  expect(() => recordedEvents(table, [message('u', 1, { txId: 4 })], truth())).toThrow('Nothing is known of the row')
})

test('an event that was given another row is an error', () => {
  expect(() => recordedEvents(table, [message('c', 1, { txId: 9 })], truth({ changes: changed(9, undefined, '2') }))).toThrow(
    'matched to the wrong row',
  )
})
