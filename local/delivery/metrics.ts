/** Three hours, as CloudWatch keeps its finest datapoints. */
const rememberedMinutes = 180

/**
 * The stream's metrics under Firehose's names; sums since the process started, gauges as they are now.
 * https://docs.aws.amazon.com/firehose/latest/dev/cloudwatch-metrics.html
 */
export class Metrics {
  private readonly sums = new Map<string, number>()
  private readonly gauges = new Map<string, number>()

  private readonly minutes: { at: number; sums: Map<string, number> }[] = []

  add(name: Sum, amount: number): void {
    this.sums.set(name, (this.sums.get(name) ?? 0) + amount)
    const { sums } = this.thisMinute()
    sums.set(name, (sums.get(name) ?? 0) + amount)
  }

  private thisMinute() {
    const at = Math.floor(Date.now() / 60_000) * 60_000
    const last = this.minutes.at(-1)
    if (last?.at === at) return last
    const minute = { at, sums: new Map<string, number>() }
    this.minutes.push(minute)
    if (this.minutes.length > rememberedMinutes) this.minutes.shift()
    return minute
  }

  /** The sums of each minute in which there were any, as CloudWatch keeps them; the oldest first, `at` in milliseconds since 1970. */
  readMinutes(): { at: number; sums: Record<string, number> }[] {
    return this.minutes.map(({ at, sums }) => ({ at, sums: Object.fromEntries(sums) }))
  }

  set(name: Gauge, value: number): void {
    this.gauges.set(name, value)
  }

  private invocations = 0
  private succeeded = 0
  private invocationMs = 0

  invoked(durationMs: number, ok: boolean): void {
    this.invocations += 1
    this.invocationMs += durationMs
    if (ok) this.succeeded += 1
    this.gauges.set('ExecuteProcessing.Duration', Math.round(this.invocationMs / this.invocations))
    this.gauges.set('ExecuteProcessing.Success', this.succeeded / this.invocations)
  }

  read(): Record<string, number> {
    return Object.fromEntries([...this.sums, ...this.gauges].sort(([one], [other]) => (one < other ? -1 : 1)))
  }
}

export type Sum =
  | 'DataReadFromSource.Records'
  | 'DataReadFromSource.Bytes'
  | 'FailedValidation.Records'
  | 'FailedValidation.Bytes'
  | 'SucceedProcessing.Records'
  | 'SucceedProcessing.Bytes'
  | 'DeliveryToIceberg.IncomingRowCount'
  | 'DeliveryToIceberg.SuccessfulRowCount'
  | 'DeliveryToIceberg.FailedRowCount'
  | 'DeliveryToIceberg.Bytes'
  | 'DeliveryToIceberg.Success'

export type Gauge = 'DataReadFromSource.Backpressured' | 'KafkaOffsetLag' | 'DeliveryToIceberg.DataFreshness'
