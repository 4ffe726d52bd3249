import { createTransform } from '../../../handlers/transform/transform.ts'
import type { CapturedTable } from '../../../pipeline/tables.ts'
import { parseTables } from '../../../pipeline/tables.ts'
import { type TransformSettings, transformPlan } from '../../../pipeline/transform-plan.ts'

/** A table declared as in `tables.json`, in short: `{ id: 'integer', note: 'text' }`, with the first column as its key. */
export function declared(name: string, columns: Record<string, string>, more: Record<string, unknown> = {}): CapturedTable {
  const [table] = parseTables({
    tables: [
      {
        schema: 'public',
        name,
        columns: Object.entries(columns).map(([column, type], index) => ({ name: column, type, ...(index === 0 && { nullable: false }) })),
        primaryKey: Object.keys(columns).slice(0, 1),
        ...more,
      },
    ],
  })
  if (!table) throw new Error('no table')
  return table
}

export interface Event {
  readonly op?: unknown
  readonly before?: string
  readonly after?: string
  readonly table?: string
  readonly schema?: string
  readonly snapshot?: string
}

/** A change event as Debezium's JSON converter writes it; the row images are JSON text. */
export function envelope({ op = 'c', before = 'null', after = 'null', table = 't', schema = 'public', snapshot = 'null' }: Event): string {
  const source = `{"version":"3.7.0.Final","connector":"postgresql","name":"aurora.cdc","ts_ms":1764000000000,"snapshot":${snapshot},"db":"app","sequence":"[\\"1\\",\\"2\\"]","ts_us":1764000000000000,"ts_ns":1764000000000000000,"schema":"${schema}","table":"${table}","txId":7,"lsn":9007199254740993,"xmin":null,"origin":null,"origin_lsn":null}`
  return `{"before":${before},"after":${after},"source":${source},"transaction":null,"op":${JSON.stringify(op)},"ts_ms":1764000000001,"ts_us":1764000000001000,"ts_ns":1764000000001000000}`
}

export interface Answered {
  readonly result: string
  /** The JSON text of an `Ok` record's row. */
  readonly row: string | undefined
  readonly operation: string | undefined
  readonly destination: string | undefined
}

type Value = string | Uint8Array | null

/** What the transform answers to a batch of values (text, or bytes), and the lines that it logs. */
export function transformBatch(
  tables: readonly CapturedTable[],
  values: readonly Value[],
  { offsets, ...settings }: Partial<TransformSettings> & { offsets?: readonly number[] } = {},
) {
  return transformOf(tables, settings)(values, offsets)
}

/** The transform of these tables, for batch after batch. */
export function transformOf(tables: readonly CapturedTable[], settings: Partial<TransformSettings> = {}) {
  let lines: Record<string, unknown>[] = []
  const plan = transformPlan(tables, { namespace: 'aurora_cdc', creates: 'update', truncates: 'fail', ...settings })
  const log = (text: string) => {
    lines = text
      .trimEnd()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line))
  }
  const transform = createTransform(plan, { log, now: () => 1764000000000 })
  return (values: readonly Value[], offsets?: readonly number[]) => {
    const records = values.map((value, index) => ({
      recordId: `record-${index}`,
      ...(value !== null && { kafkaRecordValue: Buffer.from(value).toString('base64') }),
      ...(offsets && { mskRecordMetadata: { partitionId: '0', offset: String(offsets[index]) } }),
    }))
    const deliveryStreamArn = 'arn:aws:firehose:eu-west-1:111122223333:deliverystream/cdc'
    const response = transform({ invocationId: '1', deliveryStreamArn, region: 'eu-west-1', records })
    expect(response.records.map(({ recordId }) => recordId)).toEqual(records.map(({ recordId }) => recordId))
    const answers = response.records.map(({ result, kafkaRecordValue, metadata }): Answered => {
      const otf = metadata?.otfMetadata
      return {
        result,
        row: result === 'Ok' ? Buffer.from(kafkaRecordValue, 'base64').toString() : undefined,
        operation: otf?.operation,
        destination: otf && `${otf.destinationDatabaseName}.${otf.destinationTableName}`,
      }
    })
    return { answers, lines, failures: lines.filter((line) => line.level === 'ERROR'), response }
  }
}
