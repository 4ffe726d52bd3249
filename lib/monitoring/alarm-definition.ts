import { ComparisonOperator, type IMetric, type TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'

/** One alarm: what it sees, from when on, and why that number. */
export interface AlarmDefinition {
  /** Also the heading in docs/runbook.md. */
  readonly name: string
  readonly says: string
  readonly metric: IMetric
  readonly threshold: number
  readonly below?: true
  /** So many periods of the metric in a row. */
  readonly periods: number
  /** Why this threshold. */
  readonly reason: string
  /** What no data means. By default that all is well: a metric of something that did not happen. */
  readonly missing?: TreatMissingData
}

/** Which side of the threshold is bad. */
export function comparison({ below }: AlarmDefinition): ComparisonOperator {
  return below ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD
}
