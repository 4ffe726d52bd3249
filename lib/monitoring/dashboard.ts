import { Duration } from 'aws-cdk-lib'
import {
  type Alarm,
  AlarmStatusWidget,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Row,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch'
import type { Deployment } from '../../pipeline/deployment.ts'
import { deliveryStreamIdentity, deliveryStreamName } from '../../pipeline/resource-names.ts'
import { namedMetric, transformMetricNamespace } from '../../pipeline/transform-metrics.ts'
import type { PipelineMetrics } from './metrics.ts'

/** CloudWatch's grid has 24 columns. */
const full = 24
const third = full / 3

/** Rows of widgets, read as the data flows: from the WAL to the row, with what is asked first above all. */
export function dashboardRows(deployment: Deployment, metrics: PipelineMetrics, alarms: Readonly<Record<string, Alarm>>): IWidget[] {
  const graph = (title: string, left: IMetric[], alarm?: string) => {
    const annotation = alarm === undefined ? undefined : alarms[alarm]?.toAnnotation()
    return new GraphWidget({
      title,
      left,
      width: third,
      height: 6,
      ...(annotation && { leftAnnotations: [annotation] }),
      leftYAxis: { min: 0 },
    })
  }
  const heading = (markdown: string) => new TextWidget({ markdown, width: full, height: 1 })
  const { freshness, slotLag, offsetLag } = metrics
  return [
    new Row(
      graph('Freshness of the tables (seconds)', [freshness], 'freshness'),
      new AlarmStatusWidget({ title: 'Alarms, from the WAL to the row', alarms: Object.values(alarms), width: full - third, height: 6 }),
    ),
    heading('## 1 · Source: what the WAL holds back'),
    new Row(
      graph('WAL held by slots (bytes)', [metrics.slotDiskUsage], 'slot-disk-usage'),
      graph('Lag of the slot (bytes)', [slotLag], 'slot-lag'),
      graph('Free local storage of the writer (bytes)', [metrics.freeLocalStorage], 'source-storage'),
    ),
    heading('## 2 · Capture: Debezium on MSK Connect'),
    new Row(
      graph('Tasks', [metrics.runningTasks, metrics.erroredTasks]),
      graph('Changes read from the WAL (per second)', [metrics.recordsPolled]),
      graph('Messages written to the topic (per second)', [metrics.recordsWritten]),
    ),
    heading('## 3 · Topic: MSK, and Firehose reading it'),
    new Row(
      graph(
        'Disks of the brokers (percent)',
        metrics.brokerDisks.map(({ metric }) => metric),
      ),
      graph('Messages that Firehose has yet to read', [offsetLag], 'offset-lag'),
      graph('Read, refused, held back', [metrics.recordsRead, metrics.failedValidation, metrics.backpressured]),
    ),
    heading('## 4 · Transform'),
    new Row(
      graph('Records by outcome', [metrics.recordsOk, metrics.recordsDropped, metrics.recordsFailed]),
      graph('Dropped and failed records by name', [byName(deployment)]),
      graph('Function: errors, throttles, duration (ms)', [metrics.transformErrors, metrics.transformThrottles, metrics.transformDuration]),
    ),
    heading('## 5 · Tables: what Firehose commits to Iceberg'),
    new Row(
      graph('Rows committed', [metrics.rowsDelivered]),
      graph('Rows failed', [metrics.rowsFailed], 'rows-failed'),
      graph('Objects written to the error bucket', [metrics.errorObjects], 'error-bucket'),
    ),
    heading('## Provisioning'),
    new Row(graph('Failed executions', [metrics.executionsFailed, metrics.executionsTimedOut])),
  ]
}

/** A line for every name that occurs, whatever it is. */
function byName(deployment: Deployment): MathExpression {
  const stream = deliveryStreamName(deployment, deliveryStreamIdentity(deployment))
  const search = `{${transformMetricNamespace},DeliveryStream,Name} MetricName="${namedMetric}" DeliveryStream="${stream}"`
  return new MathExpression({ expression: `SEARCH('${search}', 'Sum', 300)`, label: '', period: Duration.minutes(5), usingMetrics: {} })
}
