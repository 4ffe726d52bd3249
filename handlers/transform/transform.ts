import type { TransformPlan } from '../../pipeline/transform-plan.ts'
import { answers } from './answer.ts'
import { ChangeReader } from './change.ts'
import { declaredTables } from './declared-tables.ts'
import type { FirehoseEvent, FirehoseResponse } from './firehose.ts'
import { BatchReport } from './metrics.ts'
import { RowEncoder } from './row.ts'

export interface TransformEffects {
  /** Takes the log of one batch: lines of JSON. */
  readonly log: (lines: string) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** The transform of a plan: answers every record of a batch once, in order. */
export function createTransform(plan: TransformPlan, effects: TransformEffects): (event: FirehoseEvent) => FirehoseResponse {
  const tables = declaredTables(plan)
  let report = new BatchReport()
  const rows = new RowEncoder({
    unknownColumn: (table, column) => report.unknownColumn(table, column),
    absentColumn: (table, column) => report.absentColumn(table, column),
  })
  const changes = new ChangeReader(plan, tables, rows)
  return ({ records, deliveryStreamArn }) => {
    report = new BatchReport()
    const outcomes = records.map((record) => changes.read(record.kafkaRecordValue))
    const result = answers(records, outcomes)
    records.forEach((record, index) => report.record(outcomes[index]!, record))
    const deliveryStream = deliveryStreamArn.slice(deliveryStreamArn.lastIndexOf('/') + 1)
    effects.log(`${report.lines(deliveryStream, effects.now()).join('\n')}\n`)
    return { records: result }
  }
}
