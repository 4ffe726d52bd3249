import { type CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import { namedMetric, transformMetricNamespace } from '../../pipeline/transform-metrics.ts'
import { errorBucketMetrics } from '../../pipeline/watched.ts'

const hourMs = 60 * 60_000
const minuteMs = 60_000

/** CloudWatch has a datapoint a few minutes after its minute. */
const recentlyMs = 15 * minuteMs

interface Measured {
  readonly Namespace: string
  readonly MetricName: string
  readonly dimensions: Readonly<Record<string, string>>
  readonly Stat: 'Sum' | 'Minimum' | 'Maximum'
}

/** What CloudWatch knows of the hops: sums of the last day, and of what is measured rather than counted the newest value, or null. */
export async function measurements(cloudWatch: CloudWatchClient, plan: ProvisioningPlan, now: Date) {
  const stream = { DeliveryStreamName: plan.deliveryStream }
  const transform = { DeliveryStream: plan.deliveryStream }
  const connector = { ConnectorName: plan.connector.name }
  const bucket = { BucketName: plan.errorBucket, FilterId: errorBucketMetrics }
  const firehose = (MetricName: string, Stat: Measured['Stat']): Measured => ({
    Namespace: 'AWS/Firehose',
    MetricName,
    dimensions: stream,
    Stat,
  })
  const records = (MetricName: string, more: Readonly<Record<string, string>> = {}): Measured => ({
    Namespace: transformMetricNamespace,
    MetricName,
    dimensions: { ...transform, ...more },
    Stat: 'Sum',
  })
  const tasks = (MetricName: string, Stat: Measured['Stat']): Measured => ({
    Namespace: 'AWS/KafkaConnect',
    MetricName,
    dimensions: connector,
    Stat,
  })
  // From a full hour on: a datapoint bears the time at which its period begins.
  const day = { from: new Date(Math.floor((now.getTime() - 24 * hourMs) / hourMs) * hourMs), seconds: 3600 }
  const recent = { from: new Date(Math.floor((now.getTime() - recentlyMs) / minuteMs) * minuteMs), seconds: 60 }
  const [sums, newest] = await Promise.all([
    valuesOf(cloudWatch, day, now, {
      rowsDelivered: firehose('DeliveryToIceberg.SuccessfulRowCount', 'Sum'),
      rowsFailed: firehose('DeliveryToIceberg.FailedRowCount', 'Sum'),
      refused: firehose('FailedValidation.Records', 'Sum'),
      ok: records('Ok'),
      dropped: records('Dropped'),
      failed: records('ProcessingFailed'),
      superseded: records(namedMetric, { Name: 'Superseded' }),
      truncates: records(namedMetric, { Name: 'Truncate' }),
      errorObjects: { Namespace: 'AWS/S3', MetricName: 'PutRequests', dimensions: bucket, Stat: 'Sum' },
    }),
    valuesOf(cloudWatch, recent, now, {
      offsetLag: firehose('KafkaOffsetLag', 'Maximum'),
      freshness: firehose('DeliveryToIceberg.DataFreshness', 'Maximum'),
      backpressured: firehose('DataReadFromSource.Backpressured', 'Maximum'),
      runningTasks: tasks('RunningTaskCount', 'Minimum'),
      erroredTasks: tasks('ErroredTaskCount', 'Maximum'),
    }),
  ])
  const sum = (id: Parameters<typeof sums>[0]) => sums(id).reduce((total, value) => total + value, 0)
  const last = (id: Parameters<typeof newest>[0]) => newest(id)[0] ?? null
  return {
    tasks: { runningTasks: last('runningTasks'), erroredTasks: last('erroredTasks') },
    stream: {
      offsetLag: last('offsetLag'),
      freshnessSeconds: last('freshness'),
      backpressured: last('backpressured'),
      rowsDelivered: sum('rowsDelivered'),
      rowsFailed: sum('rowsFailed'),
      refused: sum('refused'),
    },
    transform: {
      ok: sum('ok'),
      dropped: sum('dropped'),
      superseded: sum('superseded'),
      truncates: sum('truncates'),
      failed: sum('failed'),
    },
    errorObjects: sum('errorObjects'),
  }
}

/** The values of a metric by its id, the newest first. */
async function valuesOf<Id extends string>(
  cloudWatch: CloudWatchClient,
  { from, seconds }: { readonly from: Date; readonly seconds: number },
  now: Date,
  metrics: Readonly<Record<Id, Measured>>,
): Promise<(id: Id) => readonly number[]> {
  const { MetricDataResults = [] } = await cloudWatch.send(
    new GetMetricDataCommand({
      StartTime: from,
      EndTime: now,
      ScanBy: 'TimestampDescending',
      MetricDataQueries: Object.entries<Measured>(metrics).map(([Id, { Namespace, MetricName, dimensions, Stat }]) => {
        const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }))
        return { Id, MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period: seconds, Stat } }
      }),
    }),
  )
  return (id) => MetricDataResults.find(({ Id }) => Id === id)?.Values ?? []
}
