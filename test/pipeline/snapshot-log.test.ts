import { afterLine, noSnapshot, progressText, snapshotFilter } from '../../pipeline/snapshot-log.ts'

/** As Debezium 3.7.0 logged them on Kafka Connect 3.7.2, in MSK Connect's form. */
const line = {
  started:
    "[Worker-1] [2026-11-22 17:16:19,909] INFO [Notification Service]  {id='81b626ac', aggregateType='Initial Snapshot', type='STARTED', additionalData={connector_name=aurora.cdc}, timestamp=1795367779906} (io.debezium.pipeline.notification.channels.LogNotificationChannel:32)",
  exported:
    "[Worker-1] [2026-11-22 17:16:20,125] INFO \t Finished exporting 2 records for table 'public.everything' (3 of 6 tables); total duration '00:00:00.018' (io.debezium.relational.RelationalSnapshotChangeEventSource:952)",
  scanned:
    "[Worker-1] [2026-11-22 17:16:20,125] INFO [Notification Service]  {id='ab1b4ff5', aggregateType='Initial Snapshot', type='TABLE_SCAN_COMPLETED', additionalData={scanned_collection=public.everything, total_rows_scanned=2, status=SUCCEEDED}, timestamp=1} (io.debezium:32)",
  completed:
    "[Worker-1] [2026-11-22 17:16:20,156] INFO [Notification Service]  {id='4f1e9f5b', aggregateType='Initial Snapshot', type='COMPLETED', additionalData={connector_name=aurora.cdc}, timestamp=1795367780156} (io.debezium:32)",
  incremental:
    "[Worker-1] [2026-11-22 17:16:20,156] INFO [Notification Service]  {id='4f1e9f5b', aggregateType='Incremental Snapshot', type='ABORTED', additionalData={connector_name=aurora.cdc}, timestamp=1795367780156} (io.debezium:32)",
  ended:
    "[Worker-1] [2026-11-22 17:16:20,172] INFO Snapshot ended with SnapshotResult [status=SKIPPED, offset=PostgresOffsetContext [sourceInfo=source_info[server='aurora.cdc']]] (io.debezium:1)",
  streaming: '[Worker-1] [2026-11-22 17:16:20,308] INFO Starting streaming (io.debezium.pipeline.ChangeEventSourceCoordinator:346)',
}
const after = (...lines: string[]) => lines.reduce(afterLine, noSnapshot)

test('a snapshot from its start to its end', () => {
  const running = after(line.started, line.exported, line.scanned)
  expect(running).toMatchObject({ phase: 'running', tables: 3, of: 6, rows: 2, streaming: false })
  expect(progressText(running)).toBe('3 of 6 tables, 2 rows')
  expect([line.completed, line.streaming].reduce(afterLine, running)).toMatchObject({ phase: 'completed', rows: 2, streaming: true })
})

test('one that is begun again counts anew, and a skipped one is known by its end', () => {
  expect(after(line.started, line.exported, line.started)).toEqual({ ...noSnapshot, phase: 'running' })
  expect(after(line.ended, line.streaming)).toMatchObject({ phase: 'skipped', streaming: true })
})

test('incremental snapshots are another thing', () => {
  expect(after(line.completed, line.incremental)).toMatchObject({ phase: 'completed' })
})

test('every line that is understood is asked for, by a pattern of terms', () => {
  const terms = [...snapshotFilter.matchAll(/\?"([^"]+)"/g)].map(([, term = '']) => term)
  expect(snapshotFilter.replaceAll(/\?"[^"]+"/g, '').trim()).toBe('')
  for (const understood of [line.started, line.exported, line.completed, line.ended, line.streaming]) {
    expect(terms.some((term) => understood.includes(term))).toBe(true)
  }
  for (const other of [line.scanned, line.incremental]) expect(terms.some((term) => other.includes(term))).toBe(false)
  expect(snapshotFilter.length).toBeLessThanOrEqual(1024)
})
