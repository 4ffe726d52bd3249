import { z } from 'zod'
import { type Datapoint, metricSeries } from './cloudwatch/series.ts'
import { AwsError, type AwsService, json, notImplemented } from './endpoint.ts'
import type { AwsPlace } from './place.ts'
import { parseBody } from './request-body.ts'

const statistics = ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'] as const
type Statistic = (typeof statistics)[number]

const metricShape = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
})
const period = z.int().min(60).multipleOf(60)
const range = { StartTime: z.number(), EndTime: z.number() }
const dataShape = z.strictObject({
  ...range,
  ScanBy: z.enum(['TimestampAscending', 'TimestampDescending']).default('TimestampDescending'),
  MetricDataQueries: z
    .array(
      z.strictObject({
        Id: z.string().regex(/^[a-z]\w*$/, 'must begin with a lower-case letter'),
        MetricStat: z.strictObject({ Metric: metricShape, Period: period, Stat: z.enum(statistics) }),
        ReturnData: z.boolean().optional(),
      }),
    )
    .min(1)
    .max(500),
})
const statisticsShape = metricShape.extend({ ...range, Period: period, Statistics: z.array(z.enum(statistics)).min(1) })

/** CloudWatch's GetMetricData and GetMetricStatistics (JSON 1.0) over what the engines really counted. */
export function cloudWatchService(place: AwsPlace): AwsService {
  return async ({ operation, body, authorize }) => {
    if (operation !== 'GetMetricData' && operation !== 'GetMetricStatistics')
      throw notImplemented('monitoring', operation ?? 'a request without an operation')
    authorize(`cloudwatch:${operation}`, '*')
    const answer = operation === 'GetMetricData' ? await metricData(place, body) : await metricStatistics(place, body)
    return json(answer, 'application/x-amz-json-1.0')
  }
}

async function metricData(place: AwsPlace, body: string): Promise<object> {
  const { StartTime, EndTime, ScanBy, MetricDataQueries } = parseBody(dataShape, body)
  if (EndTime <= StartTime) throw new AwsError('ValidationError', 'The parameter StartTime must be less than the parameter EndTime.')
  const results: object[] = []
  for (const { Id, MetricStat } of MetricDataQueries) {
    const points = grouped(await metricSeries(place, MetricStat.Metric), { StartTime, EndTime, Period: MetricStat.Period })
    if (ScanBy === 'TimestampDescending') points.reverse()
    results.push({
      Id,
      Label: MetricStat.Metric.MetricName,
      Timestamps: points.map(({ at }) => at / 1000),
      Values: points.map((point) => valueOf(point, MetricStat.Stat)),
      StatusCode: 'Complete',
    })
  }
  return { MetricDataResults: results, Messages: [] }
}

async function metricStatistics(place: AwsPlace, body: string): Promise<object> {
  const { StartTime, EndTime, Period, Statistics, ...metric } = parseBody(statisticsShape, body)
  return {
    Label: metric.MetricName,
    Datapoints: grouped(await metricSeries(place, metric), { StartTime, EndTime, Period }).map((point) => ({
      Timestamp: point.at / 1000,
      ...Object.fromEntries(Statistics.map((statistic) => [statistic, valueOf(point, statistic)])),
    })),
  }
}

/** Minutes made one datapoint a period; `StartTime` is included, `EndTime` is not. Times are in seconds, as the protocol has them. */
function grouped(
  series: readonly Datapoint[],
  { StartTime, EndTime, Period }: { StartTime: number; EndTime: number; Period: number },
): Datapoint[] {
  const periods = new Map<number, Datapoint>()
  for (const point of series) {
    const at = Math.floor(point.at / 1000 / Period) * Period * 1000
    if (at < StartTime * 1000 || at >= EndTime * 1000) continue
    const before = periods.get(at)
    periods.set(at, {
      at,
      sum: (before?.sum ?? 0) + point.sum,
      count: (before?.count ?? 0) + point.count,
      minimum: Math.min(before?.minimum ?? point.minimum, point.minimum),
      maximum: Math.max(before?.maximum ?? point.maximum, point.maximum),
    })
  }
  return [...periods.values()].toSorted((one, other) => one.at - other.at)
}

function valueOf({ sum, count, minimum, maximum }: Datapoint, statistic: Statistic): number {
  return { Sum: sum, Average: sum / count, Minimum: minimum, Maximum: maximum, SampleCount: count }[statistic]
}
