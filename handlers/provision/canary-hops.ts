import { type CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch'
import { type CanaryChange, canaryRowQuery, canaryValues, confirmedQuery } from '../../pipeline/canary-sql.ts'
import { replicationSlot } from '../../pipeline/names.ts'
import type { ProvisioningPlan } from '../../pipeline/provisioning-plan.ts'
import type { SourceQuery } from '../../pipeline/source-query.ts'
import { transformMetricNamespace } from '../../pipeline/transform-metrics.ts'

/** What each hop between the source and the table says of a change that did not arrive. Counts are of the time since the change. */
export interface HopFacts {
  /** Whether the source has the row as the change left it. */
  readonly atSource: boolean
  readonly slot: 'none' | 'not read' | 'read'
  /** Whether the connector has confirmed the WAL up to the change. */
  readonly confirmed: boolean
  readonly recordsRead: number
  readonly offsetLag: number
  readonly transformFailed: number
  readonly rowsDelivered: number
  readonly rowsFailed: number
}

type HopPlan = Pick<
  ProvisioningPlan,
  'connector' | 'topic' | 'deliveryStream' | 'transformLogGroup' | 'firehoseLogGroup' | 'errorBucket' | 'namespace'
>

/** Where a change was last seen, and where to look on, as two sentences. */
export function lastHop(facts: HopFacts, plan: HopPlan): string {
  const { connector, topic, deliveryStream, errorBucket } = plan
  if (!facts.atSource) return 'It is not at the source either: something else changed or removed the row. Start a new execution.'
  if (facts.slot === 'none')
    return `It was last seen at the source: there is no replication slot ${replicationSlot}. See the connector ${connector.name} and its log group ${connector.logGroup}.`
  if (facts.slot === 'not read')
    return `It was last seen at the source: nothing reads the replication slot ${replicationSlot}. See the connector ${connector.name} and its log group ${connector.logGroup}.`
  if (!facts.confirmed)
    return `It was last seen at the source: the connector ${connector.name} reads the slot ${replicationSlot} and has not confirmed the change. See its log group ${connector.logGroup}; a long transaction or a flood of changes before this one delays it.`
  if (facts.recordsRead === 0)
    return `It was last seen in the topic ${topic.name}, as the connector has confirmed it: the delivery stream ${deliveryStream} has read no record since. See the stream's state, its log group ${plan.firehoseLogGroup}, and the cluster policy.`
  if (facts.offsetLag > 0)
    return `It was last seen in the topic ${topic.name}: the delivery stream ${deliveryStream} reads it and is ${facts.offsetLag} messages behind. Wait, or see what it is throttled by (BytesPerSecondLimit).`
  if (facts.transformFailed > 0)
    return `It was last seen at the transform, which failed ${facts.transformFailed} records since: see its log group ${plan.transformLogGroup} and the folder processing-failed/ of s3://${errorBucket}.`
  if (facts.rowsFailed > 0)
    return `It was last seen at the delivery stream ${deliveryStream}, which could not write ${facts.rowsFailed} rows since: see its log group ${plan.firehoseLogGroup} and the folder iceberg-failed/ of s3://${errorBucket}.`
  if (facts.rowsDelivered === 0)
    return `It was last seen at the delivery stream ${deliveryStream}, which read ${facts.recordsRead} records since and wrote no row: see its log group ${plan.firehoseLogGroup}, and that of the transform, ${plan.transformLogGroup}.`
  return `The delivery stream ${deliveryStream} says that it wrote ${facts.rowsDelivered} rows since, and Athena does not see it in the namespace ${plan.namespace}: see the table's snapshots (SELECT * FROM "cdc_canary$snapshots").`
}

export interface LostChange {
  readonly change: CanaryChange
  readonly name: string
  /** The end of the WAL after the change. */
  readonly lsn: string
  readonly since: Date
  readonly now: Date
}

/** Asks every hop. */
export async function hopFacts(source: SourceQuery, cloudWatch: CloudWatchClient, stream: string, lost: LostChange): Promise<HopFacts> {
  const { change, name, lsn } = lost
  const [row] = await source(canaryRowQuery, { name })
  const [slot] = await source(confirmedQuery(replicationSlot), { lsn })
  const metrics = await streamMetrics(cloudWatch, stream, lost)
  return {
    atSource: row?.['value'] === canaryValues[change],
    slot: !slot ? 'none' : slot['active'] === 'true' ? 'read' : 'not read',
    confirmed: slot?.['confirmed'] === 'true',
    ...metrics,
  }
}

const firehose = { Namespace: 'AWS/Firehose', dimension: 'DeliveryStreamName' }
const transform = { Namespace: transformMetricNamespace, dimension: 'DeliveryStream' }

/** By the name of a fact: the metric, and how its minutes become one number. */
const measured = {
  recordsRead: { ...firehose, MetricName: 'DataReadFromSource.Records', Stat: 'Sum' },
  offsetLag: { ...firehose, MetricName: 'KafkaOffsetLag', Stat: 'Maximum' },
  transformFailed: { ...transform, MetricName: 'ProcessingFailed', Stat: 'Sum' },
  rowsDelivered: { ...firehose, MetricName: 'DeliveryToIceberg.SuccessfulRowCount', Stat: 'Sum' },
  rowsFailed: { ...firehose, MetricName: 'DeliveryToIceberg.FailedRowCount', Stat: 'Sum' },
} as const

async function streamMetrics(cloudWatch: CloudWatchClient, stream: string, { since, now }: LostChange) {
  const { MetricDataResults = [] } = await cloudWatch.send(
    new GetMetricDataCommand({
      // A datapoint bears the time at which its minute begins.
      StartTime: new Date(Math.floor(since.getTime() / 60_000) * 60_000),
      EndTime: now,
      ScanBy: 'TimestampDescending',
      MetricDataQueries: Object.entries(measured).map(([Id, { Namespace, dimension, MetricName, Stat }]) => ({
        Id,
        MetricStat: { Metric: { Namespace, MetricName, Dimensions: [{ Name: dimension, Value: stream }] }, Period: 60, Stat },
      })),
    }),
  )
  const values = (id: keyof typeof measured) => MetricDataResults.find(({ Id }) => Id === id)?.Values ?? []
  const sum = (id: keyof typeof measured) => values(id).reduce((total, value) => total + value, 0)
  return {
    recordsRead: sum('recordsRead'),
    // The newest comes first.
    offsetLag: values('offsetLag')[0] ?? 0,
    transformFailed: sum('transformFailed'),
    rowsDelivered: sum('rowsDelivered'),
    rowsFailed: sum('rowsFailed'),
  }
}
