import { Duration } from 'aws-cdk-lib'
import { MathExpression, type Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import type { Deployment } from '../../pipeline/deployment.ts'
import { freshnessThreshold, thresholds } from '../../pipeline/watched.ts'
import type { AlarmDefinition } from './alarm-definition.ts'
import type { PipelineMetrics } from './metrics.ts'

const over = (metric: Metric, period: Duration) => metric.with({ period })
const fiveMinutes = Duration.minutes(5)

/** Every alarm of a deployment, along the way of a change. */
export function alarmDefinitions(deployment: Deployment, metrics: PipelineMetrics): AlarmDefinition[] {
  return [
    ...source(metrics),
    ...capture(metrics),
    ...topic(deployment, metrics),
    ...transform(metrics),
    ...delivery(deployment, metrics),
    ...provisioning(metrics),
  ]
}

function source({ slotDiskUsage, slotLag, freeLocalStorage }: PipelineMetrics): AlarmDefinition[] {
  return [
    {
      name: 'slot-disk-usage',
      says: 'A replication slot holds back WAL that fills the volume of the source.',
      metric: over(slotDiskUsage, fiveMinutes),
      threshold: thresholds.slotHeldBytes,
      periods: 3,
      reason:
        '10 GiB are hours of a usual load, and early enough to repair the connector before the WAL costs much or the slot is given up',
    },
    {
      name: 'slot-lag',
      says: 'Nothing has been confirmed to the replication slot for a while: the connector does not read, or not fast enough.',
      metric: over(slotLag, fiveMinutes),
      threshold: thresholds.slotLagBytes,
      periods: 6,
      reason: '2 GiB for half an hour is more than a restart of the connector or a bulk load that is worked off leaves behind',
    },
    {
      name: 'source-storage',
      says: 'The writer of the source runs out of local storage, where logical decoding spills large transactions.',
      metric: over(freeLocalStorage, fiveMinutes),
      threshold: 5 * 1024 ** 3,
      below: true,
      periods: 3,
      reason: 'below 5 GiB one large transaction that spills to disk can fill what is left, which restarts the writer',
    },
  ]
}

function capture({ runningTasks, erroredTasks }: PipelineMetrics): AlarmDefinition[] {
  return [
    {
      name: 'connector-not-running',
      says: 'No task of the connector runs: changes stay in the WAL of the source. Expected until the first execution of the provisioning has created it.',
      metric: runningTasks,
      threshold: 1,
      below: true,
      periods: 15,
      reason: 'there is one task; a new worker, a restart or an update of the configuration take less than 15 minutes',
      missing: TreatMissingData.BREACHING,
    },
    {
      name: 'connector-task-failed',
      says: 'The task of the connector has failed and does not start again by itself.',
      metric: erroredTasks,
      threshold: 0,
      periods: 2,
      reason: 'one failed task is all of them; the second minute leaves out a task that is just being moved',
    },
  ]
}

function topic({ kafka }: Deployment, { brokerDisks, offsetLag, backpressured, failedValidation }: PipelineMetrics): AlarmDefinition[] {
  const disks = Object.fromEntries(brokerDisks.map(({ id, metric }) => [`broker${id}`, over(metric, fiveMinutes)]))
  return [
    {
      name: 'broker-disk',
      says: `A broker's disk is nearly full, though it grows by itself up to ${kafka.maximumStorageGiB} GiB.`,
      metric: new MathExpression({
        expression: `MAX([${Object.keys(disks).join(', ')}])`,
        usingMetrics: disks,
        period: fiveMinutes,
        label: 'Fullest broker (percent)',
      }),
      threshold: 85,
      periods: 3,
      reason:
        'storage grows from 60 percent on: at 85 it did not, because the maximum is reached or a volume was grown less than six hours ago',
    },
    {
      name: 'offset-lag',
      says: 'Firehose falls behind the topic.',
      metric: over(offsetLag, fiveMinutes),
      threshold: thresholds.offsetLag,
      periods: 6,
      reason:
        'a bulk load of 100,000 changes is delivered in minutes; half an hour of it means that the transform or the commits are too slow',
    },
    {
      name: 'backpressure',
      says: 'Firehose has stopped reading because what it has read is not delivered.',
      metric: over(backpressured, fiveMinutes),
      threshold: 0,
      periods: 3,
      reason: 'it is 0 or 1; a quarter of an hour is longer than a burst',
    },
    {
      name: 'failed-validation',
      says: 'Firehose refuses messages of the topic, such as those that are too large for a function.',
      metric: over(failedValidation, fiveMinutes),
      threshold: 0,
      periods: 1,
      reason: 'every refused message is a change that is missing in a table',
    },
  ]
}

function transform(metrics: PipelineMetrics): AlarmDefinition[] {
  const hour = Duration.hours(1)
  const ofAll = new MathExpression({
    expression: 'IF(delivered + dropped > 1000, 100 * superseded / (delivered + dropped), 0)',
    usingMetrics: {
      superseded: over(metrics.recordsNamed('Superseded'), hour),
      delivered: over(metrics.recordsOk, hour),
      dropped: over(metrics.recordsDropped, hour),
    },
    period: hour,
    label: 'Superseded (percent)',
  })
  return [
    {
      name: 'transform-errors',
      says: 'The transform function fails as a whole. After its retries a whole batch goes to the error bucket.',
      metric: over(metrics.transformErrors, fiveMinutes),
      threshold: 0,
      periods: 1,
      reason: 'the function answers every record whatever is in it, so that one failed invocation is a fault of ours or of Lambda',
    },
    {
      name: 'transform-throttles',
      says: 'Lambda does not run the transform function as often as Firehose asks.',
      metric: over(metrics.transformThrottles, fiveMinutes),
      threshold: 0,
      periods: 2,
      reason:
        'throttled invocations use up the retries, after which the batch goes to the error bucket; one burst of them is made good by a retry',
    },
    {
      name: 'records-failed',
      says: 'Change events could not be turned into rows. They are in the error bucket, and the function logs why by name.',
      metric: over(metrics.recordsFailed, fiveMinutes),
      threshold: 0,
      periods: 1,
      reason: 'every failed record is a change that is missing in a table',
    },
    {
      name: 'truncates-dropped',
      says: 'A table was truncated at the source, and the deployment says to drop that: its Iceberg table keeps the rows.',
      metric: over(metrics.recordsNamed('Truncate'), fiveMinutes),
      threshold: 0,
      periods: 1,
      reason: 'from one truncate on the table differs from the source',
    },
    {
      name: 'records-not-captured',
      says: 'Changes of a table with "capture": false keep coming: it is still in the publication.',
      metric: over(metrics.recordsNamed('NotCaptured'), hour),
      threshold: 0,
      periods: 24,
      reason: 'late changes are over within a day; after that the publication was never changed',
    },
    {
      name: 'records-superseded',
      says: 'Nearly every change is overtaken by a later one of the same row within its batch. Nothing is lost.',
      metric: ofAll,
      threshold: 90,
      periods: 3,
      reason:
        'nine changes read for one row written is a source that rewrites the same rows: a longer buffer or a look at the application saves cost',
    },
  ]
}

function delivery({ buffering }: Deployment, { freshness, rowsFailed, errorObjects }: PipelineMetrics): AlarmDefinition[] {
  return [
    {
      name: 'freshness',
      says: 'Rows reach the Iceberg tables late.',
      metric: over(freshness, fiveMinutes),
      threshold: freshnessThreshold(buffering.intervalSeconds),
      periods: 3,
      reason: `the buffer of ${buffering.intervalSeconds} s and ten minutes for retries of transform and commit`,
    },
    {
      name: 'rows-failed',
      says: 'Firehose could not write rows to an Iceberg table; they are in the error bucket.',
      metric: over(rowsFailed, fiveMinutes),
      threshold: 0,
      periods: 1,
      reason: 'every failed row is a change that is missing in a table',
    },
    {
      name: 'error-bucket',
      says: 'Something was written to the error bucket: changes that are in no table.',
      metric: over(errorObjects, fiveMinutes),
      threshold: 0,
      periods: 1,
      reason: 'the bucket stays empty as long as every change is applied',
    },
  ]
}

function provisioning({ executionsFailed, executionsTimedOut }: PipelineMetrics): AlarmDefinition[] {
  return [
    {
      name: 'execution-failed',
      says: 'An execution of the provisioning has failed or timed out. Its failed state says why.',
      metric: new MathExpression({
        expression: 'failed + timedOut',
        usingMetrics: { failed: over(executionsFailed, fiveMinutes), timedOut: over(executionsTimedOut, fiveMinutes) },
        period: fiveMinutes,
        label: 'Failed executions',
      }),
      threshold: 0,
      periods: 1,
      reason: 'executions are started by people and by a rotated secret, and retry what is transient by themselves',
    },
  ]
}
