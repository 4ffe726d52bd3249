import { Duration } from 'aws-cdk-lib'
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { Deployment } from '../../pipeline/deployment.ts'
import { deliveryStreamIdentity, deliveryStreamName, type ResourceNames } from '../../pipeline/resource-names.ts'
import { namedMetric, transformMetricNamespace } from '../../pipeline/transform-metrics.ts'
import { errorBucketMetrics } from '../../pipeline/watched.ts'

const minute = Duration.minutes(1)

const metric =
  (namespace: string, dimensionsMap: Record<string, string>) =>
  (metricName: string, statistic: string, period = minute) =>
    new Metric({ namespace, metricName, dimensionsMap, statistic, period })

/**
 * Every metric that is watched, along the way of a change.
 * @param stateMachineArn of the provisioning
 */
export function pipelineMetrics(deployment: Deployment, names: ResourceNames, stateMachineArn: string) {
  const DeliveryStream = deliveryStreamName(deployment, deliveryStreamIdentity(deployment))
  // With the role, so that after a failover it is the new writer. https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
  const aurora = metric('AWS/RDS', { DBClusterIdentifier: deployment.aurora.clusterIdentifier, Role: 'WRITER' })
  const connector = metric('AWS/KafkaConnect', { ConnectorName: names.connector })
  const broker = (id: number) => metric('AWS/Kafka', { 'Cluster Name': names.cluster, 'Broker ID': String(id) })
  const firehose = metric('AWS/Firehose', { DeliveryStreamName: DeliveryStream })
  const lambda = metric('AWS/Lambda', { FunctionName: names.transformFunction })
  const transform = metric(transformMetricNamespace, { DeliveryStream })
  const errorBucket = metric('AWS/S3', { BucketName: names.errorBucket, FilterId: errorBucketMetrics })
  const executions = metric('AWS/States', { StateMachineArn: stateMachineArn })
  const brokers = Array.from({ length: deployment.kafka.brokers }, (_broker, index) => index + 1)
  return {
    slotDiskUsage: aurora('ReplicationSlotDiskUsage', Stats.MAXIMUM),
    slotLag: aurora('OldestReplicationSlotLag', Stats.MAXIMUM),
    freeLocalStorage: aurora('FreeLocalStorage', Stats.MINIMUM),
    runningTasks: connector('RunningTaskCount', Stats.MINIMUM),
    erroredTasks: connector('ErroredTaskCount', Stats.MAXIMUM),
    recordsPolled: connector('SourceRecordPollRate', Stats.AVERAGE),
    recordsWritten: connector('SourceRecordWriteRate', Stats.AVERAGE),
    brokerDisks: brokers.map((id) => ({ id, metric: broker(id)('KafkaDataLogsDiskUsed', Stats.MAXIMUM) })),
    recordsRead: firehose('DataReadFromSource.Records', Stats.SUM),
    backpressured: firehose('DataReadFromSource.Backpressured', Stats.MAXIMUM),
    offsetLag: firehose('KafkaOffsetLag', Stats.MAXIMUM),
    failedValidation: firehose('FailedValidation.Records', Stats.SUM),
    freshness: firehose('DeliveryToIceberg.DataFreshness', Stats.MAXIMUM),
    rowsDelivered: firehose('DeliveryToIceberg.SuccessfulRowCount', Stats.SUM),
    rowsFailed: firehose('DeliveryToIceberg.FailedRowCount', Stats.SUM),
    transformErrors: lambda('Errors', Stats.SUM),
    transformThrottles: lambda('Throttles', Stats.SUM),
    transformDuration: lambda('Duration', Stats.MAXIMUM),
    recordsOk: transform('Ok', Stats.SUM),
    recordsDropped: transform('Dropped', Stats.SUM),
    recordsFailed: transform('ProcessingFailed', Stats.SUM),
    /** Records that were dropped or failed, by the name of the reason. */
    recordsNamed: (Name: string) => metric(transformMetricNamespace, { DeliveryStream, Name })(namedMetric, Stats.SUM),
    errorObjects: errorBucket('PutRequests', Stats.SUM),
    executionsFailed: executions('ExecutionsFailed', Stats.SUM),
    executionsTimedOut: executions('ExecutionsTimedOut', Stats.SUM),
  }
}

export type PipelineMetrics = ReturnType<typeof pipelineMetrics>
