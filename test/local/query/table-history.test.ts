import { instantText, snapshotAt, snapshotOf, type TableHistory } from '../../../local/query/table-history.ts'

const second = 1_000_000n
const history: TableHistory = {
  'current-snapshot-id': '9007199254740993',
  snapshots: [
    { 'snapshot-id': '7', 'timestamp-ms': 1000 },
    { 'snapshot-id': '9007199254740993', 'parent-snapshot-id': '7', 'timestamp-ms': 2000 },
  ],
  'snapshot-log': [
    { 'snapshot-id': '7', 'timestamp-ms': 1000 },
    { 'snapshot-id': '9007199254740993', 'timestamp-ms': 2000 },
  ],
  refs: { main: { 'snapshot-id': '9007199254740993', type: 'branch' } },
  properties: {},
}
const empty: TableHistory = { snapshots: [], 'snapshot-log': [], refs: {}, properties: {} }

test('an instant has the snapshot that was current then, to the millisecond of its commit', () => {
  expect(snapshotAt(history, 'orders', second)).toBe('7')
  expect(snapshotAt(history, 'orders', 2n * second - 1n)).toBe('7')
  expect(snapshotAt(history, 'orders', 2n * second)).toBe('9007199254740993')
  expect(snapshotAt(history, 'orders', 99n * second)).toBe('9007199254740993')
})

test('an instant before the first snapshot is refused, and told what the first is', () => {
  expect(() => snapshotAt(history, 'orders', second - 1n)).toThrow(
    'orders has no snapshot as of 1970-01-01 00:00:00.999999 UTC: its earliest is of 1970-01-01 00:00:01.000 UTC',
  )
  expect(() => snapshotAt(empty, 'orders', second)).toThrow('orders has no data yet')
})

test('a version is a snapshot id, or a branch', () => {
  expect(snapshotOf(history, 'orders', '9007199254740993')).toBe('9007199254740993')
  expect(snapshotOf(history, 'orders', 'main')).toBe('9007199254740993')
  expect(() => snapshotOf(history, 'orders', '9007199254740992')).toThrow('orders has no snapshot 9007199254740992')
})

test('an instant is shown in UTC', () => {
  expect(instantText(1_735_725_600_123_456n)).toBe('2025-01-01 10:00:00.123456 UTC')
})
