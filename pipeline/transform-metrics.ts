/**
 * What the transform measures, as CloudWatch metrics in the embedded metric format.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */

export const transformMetricNamespace = 'AuroraCdc/Transform'

/** Records by what they were answered with. By delivery stream, and by delivery stream and table. */
export const outcomeMetrics = ['Ok', 'Dropped', 'ProcessingFailed'] as const

/** Records dropped or failed, by delivery stream and name, and by delivery stream, name and table. */
export const namedMetric = 'NamedRecords'

/** Columns of row images that the table does not declare (left out), or that it declares and the image lacks (null). By delivery stream and table. */
export const columnMetrics = ['UnknownColumns', 'AbsentColumns'] as const

/** The value of the dimension `Table` where a record was not understood far enough. */
export const noTable = '(none)'
