import { snapshotNotification } from '../../pipeline/snapshot-signal.ts'

const line = (members: readonly string[]) =>
  `[2026-11-22 19:58:14,831] INFO [Notification Service]  {id='7e4d', aggregateType='Incremental Snapshot', type='TABLE_SCAN_COMPLETED', additionalData={${members.join(', ')}}, timestamp=1795377494831} (io.debezium:32)`

// Recorded from Debezium 3.7.0; the order is another one in every JVM.
const members = [
  'scanned_collection=public.orders',
  'connector_name=aurora.cdc',
  'total_rows_scanned=2',
  'total_rows=3',
  'data_collections=public.orders, public.products',
  'status=SUCCEEDED',
]

test.each(members.map((first, index) => [first, [...members.slice(index), ...members.slice(0, index)]] as const))(
  'a notification is understood whatever comes first: %s',
  (_first, order) => {
    for (const ordered of [order, order.toReversed()]) {
      expect(snapshotNotification(line(ordered))).toEqual({
        id: '7e4d',
        type: 'TABLE_SCAN_COMPLETED',
        scanned: 'public.orders',
        rows: 2,
        status: 'SUCCEEDED',
      })
    }
  },
)
