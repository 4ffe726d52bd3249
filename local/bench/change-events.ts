import { topicPrefix } from '../../pipeline/names.ts'
import { type CapturedTable, parseTables } from '../../pipeline/tables.ts'

export interface BenchInput {
  /** Where the change events come from, for the report. */
  readonly provenance: string
  readonly tables: readonly CapturedTable[]
  /** Kafka values: UTF-8 JSON. */
  readonly values: readonly Buffer[]
}

/**
 * Change events like those of the walkthrough's `orders` table, made up: for each ten rows six created, three updated and one deleted,
 * in the layout that Debezium's JSON converter writes.
 */
export function generatedChangeEvents(count: number, tablesFile: unknown): BenchInput {
  const values = Array.from({ length: count }, (_, index) => {
    const op = index % 10 < 6 ? 'c' : index % 10 < 9 ? 'u' : 'd'
    return Buffer.from(changeEvent(op, index + 1, index))
  })
  return { provenance: 'generated', tables: parseTables(tablesFile), values }
}

function changeEvent(op: string, id: number, index: number): string {
  const at = 1_764_000_000_000 + index
  const row = `{"order_id":${id},"customer_id":${1000 + (index % 500)},"order_date":"2025-11-24","total_amount":"${(index * 7) % 5000}.${10 + (index % 90)}","status":"${['NEW', 'PAID', 'SHIPPED', 'DELIVERED'][index % 4]}","created_at":${at}123,"updated_at":${at}654}`
  const key = `{"order_id":${id},"customer_id":null,"order_date":null,"total_amount":null,"status":null,"created_at":null,"updated_at":null}`
  const lsn = 30_000_000_000 + index * 240
  const source = `{"version":"3.7.0.Final","connector":"postgresql","name":"${topicPrefix}","ts_ms":${at},"snapshot":null,"db":"app","sequence":"[\\"${lsn - 240}\\",\\"${lsn}\\"]","ts_us":${at}123,"ts_ns":${at}123000,"schema":"public","table":"orders","txId":${800 + index},"lsn":${lsn},"xmin":null,"origin":null,"origin_lsn":null}`
  return `{"before":${op === 'd' ? key : 'null'},"after":${op === 'd' ? 'null' : row},"source":${source},"transaction":null,"op":"${op}","ts_ms":${at + 41},"ts_us":${at + 41}512,"ts_ns":${at + 41}512977}`
}
