import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { transformMetricNamespace } from '../../../pipeline/transform-metrics.ts'
import { connectorStatus } from '../../engines/connector.ts'
import { deliveryStatus } from '../../run/delivery.ts'
import { isUnreachable } from '../msk-connect/progress.ts'
import type { AwsPlace } from '../place.ts'

/** What was measured in one minute. */
export interface Datapoint {
  /** When the minute begins, in milliseconds since 1970. */
  readonly at: number
  readonly sum: number
  readonly count: number
  readonly minimum: number
  readonly maximum: number
}

export interface Metric {
  readonly Namespace: string
  readonly MetricName: string
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[]
}

/** All datapoints of a metric, one a minute; none where nothing measures it. */
export async function metricSeries(place: AwsPlace, metric: Metric): Promise<Datapoint[]> {
  if (metric.Namespace === 'AWS/Firehose') return await streamSeries(place, metric)
  if (metric.Namespace === 'AWS/KafkaConnect') return await connectorSeries(place, metric)
  if (metric.Namespace === 'AWS/S3') return bucketSeries(place, metric)
  return metric.Namespace === transformMetricNamespace ? embeddedSeries(place.engines.logsDirectory, metric) : []
}

const one = (at: number, value: number): Datapoint => ({ at, sum: value, count: 1, minimum: value, maximum: value })
const minuteOf = (milliseconds: number) => Math.floor(milliseconds / 60_000) * 60_000
const dimension = ({ Dimensions }: Metric, name: string) =>
  Dimensions.length === 1 && Dimensions[0]?.Name === name ? Dimensions[0].Value : undefined

/** The delivery keeps its sums by minutes; of what is measured rather than counted it knows what it is now. */
async function streamSeries({ account, engines, now }: AwsPlace, metric: Metric): Promise<Datapoint[]> {
  const stream = dimension(metric, 'DeliveryStreamName')
  if (!account.find('AWS::KinesisFirehose::DeliveryStream').some(({ physicalId }) => physicalId === stream)) return []
  const { metrics, minutes } = await deliveryStatus(engines.deliveryUri())
  const counted = minutes.flatMap(({ at, sums }) => (sums[metric.MetricName] === undefined ? [] : [one(at, sums[metric.MetricName] ?? 0)]))
  const measured = metrics[metric.MetricName]
  return counted.length > 0 || measured === undefined ? counted : [one(minuteOf(now()), measured)]
}

/** How many of the connector's tasks run, or have failed, now. */
async function connectorSeries({ engines, now }: AwsPlace, metric: Metric): Promise<Datapoint[]> {
  const state = { RunningTaskCount: 'RUNNING', ErroredTaskCount: 'FAILED' }[metric.MetricName]
  const connector = dimension(metric, 'ConnectorName')
  if (state === undefined || connector === undefined) return []
  const status = await connectorStatus(engines.connectUri(), connector).catch((error: unknown) => {
    // Workers that are not there measure nothing.
    if (isUnreachable(error)) return undefined
    throw error
  })
  return status ? [one(minuteOf(now()), status.tasks.filter((task) => task.state === state).length)] : []
}

/** Objects that were written to a bucket, by the minute in which each was written last, where request metrics of the whole bucket are on. */
function bucketSeries({ account }: AwsPlace, { MetricName, Dimensions }: Metric): Datapoint[] {
  const name = Dimensions.find(({ Name }) => Name === 'BucketName')?.Value
  const bucket = account.find('AWS::S3::Bucket').find(({ physicalId }) => physicalId === name)
  const filter = Dimensions.find(({ Name }) => Name === 'FilterId')?.Value
  const { MetricsConfigurations = [] } = requestMetrics.parse(bucket?.properties ?? {})
  if (name === undefined || MetricName !== 'PutRequests' || !MetricsConfigurations.some(({ Id }) => Id === filter)) return []
  const directory = join(account.bucketsDirectory, name)
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((path) => statSync(join(directory, path)))
    .filter((entry) => entry.isFile())
    .map(({ mtimeMs }) => one(minuteOf(mtimeMs), 1))
}

const requestMetrics = z.looseObject({ MetricsConfigurations: z.array(z.looseObject({ Id: z.string() })).optional() })

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
const embedded = z.looseObject({
  _aws: z.object({
    Timestamp: z.number(),
    CloudWatchMetrics: z.array(
      z.object({ Namespace: z.string(), Dimensions: z.array(z.array(z.string())), Metrics: z.array(z.object({ Name: z.string() })) }),
    ),
  }),
})

/** What functions wrote to their logs in the embedded metric format. */
function embeddedSeries(logsDirectory: string, metric: Metric): Datapoint[] {
  const wanted = new Map(metric.Dimensions.map(({ Name, Value }) => [Name, Value]))
  const values: { at: number; value: number }[] = []
  for (const line of embeddedLines(logsDirectory)) {
    const parsed = embedded.safeParse(JSON.parse(line))
    if (!parsed.success) continue
    const { _aws, ...members } = parsed.data
    const isMeant = _aws.CloudWatchMetrics.some(
      ({ Namespace, Dimensions, Metrics }) =>
        Namespace === metric.Namespace &&
        Metrics.some(({ Name }) => Name === metric.MetricName) &&
        Dimensions.some((names) => names.length === wanted.size && names.every((name) => wanted.get(name) === members[name])),
    )
    const value = members[metric.MetricName]
    if (isMeant && typeof value === 'number') values.push({ at: minuteOf(_aws.Timestamp), value })
  }
  return values.map(({ at, value }) => one(at, value))
}

function embeddedLines(logsDirectory: string): string[] {
  if (!existsSync(logsDirectory)) return []
  return readdirSync(logsDirectory)
    .filter((name) => /\.log(\.1)?$/.test(name))
    .flatMap((name) => readFileSync(join(logsDirectory, name), 'utf8').split('\n'))
    .filter((line) => line.startsWith('{"_aws"'))
}
