import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTransform } from '../../handlers/transform/transform.ts'
import { topicPrefix } from '../../pipeline/names.ts'
import { type CapturedTable, parseTables } from '../../pipeline/tables.ts'
import { transformPlan } from '../../pipeline/transform-plan.ts'

export interface BenchInput {
  /** What the change events are, for the report. */
  readonly provenance: string
  readonly tables: readonly CapturedTable[]
  /** Kafka values: UTF-8 JSON. */
  readonly values: readonly Buffer[]
}

interface Line {
  readonly table?: unknown
  readonly value?: string | null
}

/**
 * The recorded change events (`test/fixtures/change-events`) that are delivered, one after the other and from the start again. The keys are
 * numbered anew, as no row changes a hundred times in one batch; values stored out of line (tables `toast`) are left out, as few rows have any.
 */
export function recordedChangeEvents(count: number, directory: string): BenchInput {
  const files = readdirSync(directory).filter((file) => /^public\.(?!toast).*\.jsonl$/.test(file))
  const recorded = files.map((file) => {
    const lines = readFileSync(join(directory, file), 'utf8').trimEnd().split('\n')
    const [first, ...messages] = lines.map((line): Line => JSON.parse(line))
    const [table] = parseTables({ tables: [first?.table] }, file)
    return { table, values: messages.flatMap(({ value }) => value ?? []) }
  })
  const tables = recorded.flatMap(({ table }) => table ?? [])
  const transform = createTransform(transformPlan(tables, { namespace: 'n', creates: 'update', truncates: 'fail' }), {
    log: () => {},
    now: () => 0,
  })
  const isDelivered = (value: string) => {
    const records = [{ recordId: '', kafkaRecordValue: Buffer.from(value).toString('base64') }]
    return transform({ invocationId: '', deliveryStreamArn: '', region: '', records }).records[0]?.result === 'Ok'
  }
  const values = recorded.flatMap((one) => one.values).filter((value) => /"(before|after)":\{"id":\d+/.test(value) && isDelivered(value))
  const numbered = Array.from({ length: count }, (_, index) =>
    Buffer.from((values[index % values.length] ?? '').replace(/("(?:before|after)":\{"id":)\d+/g, `$1${100_000 + index}`)),
  )
  return { provenance: `recorded change events of ${tables.length} tables`, tables, values: numbered }
}

/**
 * Change events like those of the walkthrough's `orders`, made up: of each ten rows six are created, three updated and one deleted.
 * The layout is that of Debezium's JSON converter.
 */
export function generatedChangeEvents(count: number, tablesFile: unknown): BenchInput {
  const values = Array.from({ length: count }, (_, index) => {
    const op = index % 10 < 6 ? 'c' : index % 10 < 9 ? 'u' : 'd'
    return Buffer.from(orderChange(op, index + 1, index))
  })
  return { provenance: 'made-up change events of the table orders', tables: parseTables(tablesFile), values }
}

function orderChange(op: string, id: number, index: number): string {
  const at = 1_764_000_000_000 + index
  const row = `{"order_id":${id},"customer_id":${1000 + (index % 500)},"order_date":"2025-11-24","total_amount":"${(index * 7) % 5000}.${10 + (index % 90)}","status":"${['NEW', 'PAID', 'SHIPPED', 'DELIVERED'][index % 4]}","created_at":${at}123,"updated_at":${at}654}`
  const key = `{"order_id":${id},"customer_id":null,"order_date":null,"total_amount":null,"status":null,"created_at":null,"updated_at":null}`
  const lsn = 30_000_000_000 + index * 240
  const source = `{"version":"3.7.0.Final","connector":"postgresql","name":"${topicPrefix}","ts_ms":${at},"snapshot":null,"db":"app","sequence":"[\\"${lsn - 240}\\",\\"${lsn}\\"]","ts_us":${at}123,"ts_ns":${at}123000,"schema":"public","table":"orders","txId":${800 + index},"lsn":${lsn},"xmin":null,"origin":null,"origin_lsn":null}`
  return `{"before":${op === 'd' ? key : 'null'},"after":${op === 'd' ? 'null' : row},"source":${source},"transaction":null,"op":"${op}","ts_ms":${at + 41},"ts_us":${at + 41}512,"ts_ns":${at + 41}512977}`
}
