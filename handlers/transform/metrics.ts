import { columnMetrics, namedMetric, noTable, outcomeMetrics, transformMetricNamespace } from '../../pipeline/transform-metrics.ts'
import type { Change, Failure } from './change.ts'
import type { DeclaredTable } from './declared-tables.ts'
import type { FirehoseRecord } from './firehose.ts'
import type { ColumnObserver } from './row.ts'

/** So many offsets of records that failed for the same reason are logged, so many messages, and so many names of columns. */
const most = { offsets: 20, messages: 3, columns: 20 } as const

interface TableCounts {
  Ok: number
  Dropped: number
  ProcessingFailed: number
  UnknownColumns: number
  AbsentColumns: number
}

interface Named {
  readonly name: string
  readonly table: string
  count: number
  readonly messages: Set<string>
  readonly offsets: string[]
}

/** What happened to the records of one batch: counted by outcome, name and table. It holds no value of a row. */
export class BatchReport implements ColumnObserver {
  readonly #tables = new Map<string, TableCounts>()
  #lastLabel = ''
  #lastCounts: TableCounts = { Ok: 0, Dropped: 0, ProcessingFailed: 0, UnknownColumns: 0, AbsentColumns: 0 }
  readonly #named = new Map<string, Named>()
  readonly #columns = new Map<string, { table: string; metric: 'UnknownColumns' | 'AbsentColumns'; names: Set<string> }>()

  unknownColumn(table: DeclaredTable, column: string): void {
    this.#column(table.label, 'UnknownColumns', column)
  }

  absentColumn(table: DeclaredTable, column: string): void {
    this.#column(table.label, 'AbsentColumns', column)
  }

  record(outcome: Change | Failure, record: FirehoseRecord): void {
    const table = outcome.table?.label ?? noTable
    // Most batches are about few tables.
    if (table !== this.#lastLabel) {
      this.#lastLabel = table
      this.#lastCounts = this.#table(table)
    }
    this.#lastCounts[outcome.result]++
    if (outcome.result === 'Ok') return
    const name = outcome.result === 'Dropped' ? outcome.reason : outcome.error.name
    const key = `${name} ${table}`
    let named = this.#named.get(key)
    if (!named) this.#named.set(key, (named = { name, table, count: 0, messages: new Set(), offsets: [] }))
    named.count++
    if (outcome.result === 'Dropped') return
    if (named.messages.size < most.messages) named.messages.add(outcome.error.message)
    const { partitionId, offset } = record.mskRecordMetadata ?? {}
    if (named.offsets.length < most.offsets && offset !== undefined) named.offsets.push(`${partitionId}:${offset}`)
  }

  /** Lines for the log: metrics in the embedded metric format, then what failed or looked odd. `now` is in milliseconds since 1970. */
  lines(deliveryStream: string, now: number): string[] {
    const metric = (dimensions: string[][], names: readonly string[], values: Record<string, string | number>) =>
      JSON.stringify({
        _aws: {
          Timestamp: now,
          CloudWatchMetrics: [
            {
              Namespace: transformMetricNamespace,
              Dimensions: dimensions.map((dimension) => ['DeliveryStream', ...dimension]),
              Metrics: names.map((Name) => ({ Name, Unit: 'Count' })),
            },
          ],
        },
        DeliveryStream: deliveryStream,
        ...values,
      })
    const totals = { Ok: 0, Dropped: 0, ProcessingFailed: 0 }
    for (const counts of this.#tables.values()) for (const name of outcomeMetrics) totals[name] += counts[name]
    return [
      metric([[]], outcomeMetrics, totals),
      ...[...this.#tables].map(([Table, counts]) => metric([['Table']], [...outcomeMetrics, ...columnMetrics], { Table, ...counts })),
      ...[...this.#named.values()].map(({ name, table, count }) =>
        metric([['Name'], ['Name', 'Table']], [namedMetric], { Name: name, Table: table, [namedMetric]: count }),
      ),
      ...[...this.#named.values()]
        .filter(({ messages }) => messages.size > 0)
        .map(({ name, table, count, messages, offsets }) =>
          JSON.stringify({ level: 'ERROR', name, table, count, messages: [...messages], offsets }),
        ),
      ...[...this.#columns.values()].map(({ table, metric: name, names }) =>
        JSON.stringify({ level: 'WARN', name, table, columns: [...names] }),
      ),
    ]
  }

  #table(label: string): TableCounts {
    let counts = this.#tables.get(label)
    if (!counts) this.#tables.set(label, (counts = { Ok: 0, Dropped: 0, ProcessingFailed: 0, UnknownColumns: 0, AbsentColumns: 0 }))
    return counts
  }

  #column(table: string, metric: 'UnknownColumns' | 'AbsentColumns', column: string): void {
    this.#table(table)[metric]++
    const key = `${metric} ${table}`
    let seen = this.#columns.get(key)
    if (!seen) this.#columns.set(key, (seen = { table, metric, names: new Set() }))
    if (seen.names.size < most.columns) seen.names.add(column)
  }
}
