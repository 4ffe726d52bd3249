import { z } from 'zod'
import { parseProperties, type ResourceProvider, refused, tags } from '../provider.ts'

const dimensions = z.array(z.strictObject({ Name: z.string().min(1).max(255), Value: z.string().min(1).max(1024) })).max(30)
const metricQuery = z.strictObject({
  Id: z.string().regex(/^[a-z][A-Za-z0-9_]*$/),
  Expression: z.string().optional(),
  Label: z.string().optional(),
  ReturnData: z.boolean().optional(),
  Period: z.int().optional(),
  AccountId: z.string().optional(),
  MetricStat: z
    .strictObject({
      Metric: z.strictObject({ Namespace: z.string(), MetricName: z.string(), Dimensions: dimensions.optional() }),
      Period: z.int().positive(),
      Stat: z.string(),
      Unit: z.string().optional(),
    })
    .optional(),
})

const alarmShape = z.strictObject({
  AlarmName: z.string().min(1).max(255),
  AlarmDescription: z.string().max(1024).optional(),
  ActionsEnabled: z.boolean().optional(),
  AlarmActions: z.array(z.string()).max(5).optional(),
  OKActions: z.array(z.string()).max(5).optional(),
  Namespace: z.string().optional(),
  MetricName: z.string().optional(),
  Dimensions: dimensions.optional(),
  Statistic: z.enum(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']).optional(),
  ExtendedStatistic: z.string().optional(),
  Metrics: z.array(metricQuery).optional(),
  Period: z.int().positive().optional(),
  EvaluationPeriods: z.int().min(1),
  DatapointsToAlarm: z.int().min(1).optional(),
  Threshold: z.number(),
  ComparisonOperator: z.enum(['GreaterThanOrEqualToThreshold', 'GreaterThanThreshold', 'LessThanThreshold', 'LessThanOrEqualToThreshold']),
  TreatMissingData: z.enum(['breaching', 'notBreaching', 'ignore', 'missing']).optional(),
  Tags: tags,
})

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
export const alarm: ResourceProvider = {
  type: 'AWS::CloudWatch::Alarm',
  replacedBy: ['AlarmName'],
  identify(properties, context) {
    const { AlarmName } = parseProperties(alarmShape, properties, context)
    const arn = context.account.arn('cloudwatch', `alarm:${AlarmName}`)
    return { physicalId: AlarmName, arn, attributes: { Arn: arn } }
  },
  async check(properties, context) {
    const {
      Metrics,
      MetricName,
      Period,
      EvaluationPeriods,
      AlarmActions = [],
      OKActions = [],
    } = parseProperties(alarmShape, properties, context)
    if ((Metrics === undefined) === (MetricName === undefined)) throw refused(context, 'An alarm has either MetricName or Metrics')
    if (Period !== undefined && Period * EvaluationPeriods > 86_400)
      throw refused(context, 'Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)')
    const { account } = context
    for (const action of [...AlarmActions, ...OKActions]) {
      // A topic that was made elsewhere is not known here.
      if (!account.findByArn(action) && !new RegExp(`^arn:${account.partition}:sns:`).test(action))
        throw refused(context, `Invalid alarm action: ${action}`)
    }
  },
}

const widgetShape = z.looseObject({
  type: z.enum(['metric', 'text', 'alarm', 'log']),
  x: z.int().min(0).max(23),
  y: z.int().min(0),
  width: z.int().min(1).max(24),
  height: z.int().min(1).max(1000),
  properties: z.looseObject({}),
})
const bodyShape = z.looseObject({ widgets: z.array(widgetShape).max(500) })

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
export const dashboard: ResourceProvider = {
  type: 'AWS::CloudWatch::Dashboard',
  replacedBy: ['DashboardName'],
  identify({ DashboardName }, context) {
    const name = typeof DashboardName === 'string' ? DashboardName : context.generatedName
    return { physicalId: name, arn: context.account.arn('cloudwatch', `dashboard/${name}`, { region: '' }) }
  },
  async check({ DashboardName, DashboardBody }, context) {
    if (typeof DashboardName === 'string' && !/^[A-Za-z0-9_-]{1,255}$/.test(DashboardName))
      throw refused(context, 'Dashboard name has invalid characters')
    if (typeof DashboardBody !== 'string') throw refused(context, 'DashboardBody is not a text')
    const body = bodyShape.safeParse(JSON.parse(DashboardBody))
    if (!body.success)
      throw refused(
        context,
        `The dashboard body is invalid: ${body.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`,
      )
  },
}
