import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Json, scalarText } from '../../../../local/cloudformation/json.ts'
import { localDeployment, memberOf, objectsIn, ofType, onlyOf, synthesized } from '../../../lib/synthesized.ts'

const app = synthesized({ ...localDeployment, alarms: { email: 'me@example.com' } })
const alarms = ofType(app, 'AWS::CloudWatch::Alarm').map(({ Properties = {} }) => Properties)
const named = (name: string) => alarms.find(({ AlarmName }) => AlarmName === `aurora-cdc-${name}`)
const metricsOf = (value: Json) =>
  objectsIn(value)
    .map(({ MetricName }) => MetricName)
    .filter((name) => name !== undefined)

test.each([
  ['ReplicationSlotDiskUsage', 'AWS/RDS'],
  ['OldestReplicationSlotLag', 'AWS/RDS'],
  ['FreeLocalStorage', 'AWS/RDS'],
  ['RunningTaskCount', 'AWS/KafkaConnect'],
  ['ErroredTaskCount', 'AWS/KafkaConnect'],
  ['KafkaDataLogsDiskUsed', 'AWS/Kafka'],
  ['KafkaOffsetLag', 'AWS/Firehose'],
  ['DeliveryToIceberg.DataFreshness', 'AWS/Firehose'],
  ['DeliveryToIceberg.FailedRowCount', 'AWS/Firehose'],
  ['FailedValidation.Records', 'AWS/Firehose'],
  ['DataReadFromSource.Backpressured', 'AWS/Firehose'],
  ['Errors', 'AWS/Lambda'],
  ['Throttles', 'AWS/Lambda'],
  ['ProcessingFailed', 'AuroraCdc/Transform'],
  ['NamedRecords', 'AuroraCdc/Transform'],
  ['PutRequests', 'AWS/S3'],
  ['ExecutionsFailed', 'AWS/States'],
  ['ExecutionsTimedOut', 'AWS/States'],
])('%s of %s is watched', (name, namespace) => {
  expect(alarms.flatMap(objectsIn)).toContainEqual(expect.objectContaining({ MetricName: name, Namespace: namespace }))
})

test('every alarm says what it sees, why its threshold, and where in the runbook to go on; and it tells the topic of good and bad', () => {
  const runbook = readFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'runbook.md'), 'utf8')
  const headings = [...runbook.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading)
  expect(alarms.length).toBeGreaterThan(15)
  for (const { AlarmName, AlarmDescription, AlarmActions, OKActions } of alarms) {
    const name = scalarText(AlarmName).replace(/^aurora-cdc-/, '')
    expect(AlarmDescription).toMatch(new RegExp(`^.+\\. Why this threshold: .+\\. What to do: docs/runbook\\.md#${name}$`))
    expect(headings).toContain(name)
    expect([AlarmActions, OKActions]).toEqual([[expect.anything()], [expect.anything()]])
  }
})

test('the stream, the function, the brokers and the connector are those of the deployment', () => {
  const stream = onlyOf(app, 'AWS::KinesisFirehose::DeliveryStream').DeliveryStreamName
  expect(named('freshness')?.Dimensions).toEqual([{ Name: 'DeliveryStreamName', Value: stream }])
  expect(named('records-failed')?.Dimensions).toEqual([{ Name: 'DeliveryStream', Value: stream }])
  expect(named('transform-errors')?.Dimensions).toEqual([
    { Name: 'FunctionName', Value: onlyOf(app.CdcLambdaTransform ?? {}, 'AWS::Lambda::Function').FunctionName },
  ])
  expect(named('connector-not-running')?.Dimensions).toEqual([{ Name: 'ConnectorName', Value: 'aurora-cdc-debezium' }])
  const errorBucket = onlyOf(app.CdcFirehose ?? {}, 'AWS::S3::Bucket')
  expect(named('error-bucket')?.Dimensions).toEqual(expect.arrayContaining([{ Name: 'BucketName', Value: errorBucket.BucketName }]))
  const filter = objectsIn(errorBucket.MetricsConfigurations)[0]?.Id
  expect(named('error-bucket')?.Dimensions).toEqual(expect.arrayContaining([{ Name: 'FilterId', Value: filter }]))
  const four = synthesized({ ...localDeployment, kafka: { brokers: 4 } })
  const disks = ofType(four, 'AWS::CloudWatch::Alarm')
    .flatMap(({ Properties }) => metricsOf(Properties ?? {}))
    .filter((name) => name === 'KafkaDataLogsDiskUsed')
  expect(disks).toHaveLength(4)
})

test("the brokers' disks and the writer are asked for by the dimensions that their services document", () => {
  const dimensions = (name: string) =>
    alarms
      .flatMap(objectsIn)
      .filter(({ MetricName }) => MetricName === name)
      .map(({ Dimensions }) => Dimensions)
  expect(dimensions('KafkaDataLogsDiskUsed')).toEqual(
    ['1', '2'].map((broker) =>
      expect.arrayContaining([
        { Name: 'Broker ID', Value: broker },
        { Name: 'Cluster Name', Value: onlyOf(app, 'AWS::MSK::Cluster').ClusterName },
      ]),
    ),
  )
  for (const name of ['ReplicationSlotDiskUsage', 'OldestReplicationSlotLag', 'FreeLocalStorage'])
    expect(dimensions(name)).toEqual([
      [
        { Name: 'DBClusterIdentifier', Value: 'local' },
        { Name: 'Role', Value: 'WRITER' },
      ],
    ])
  expect(dimensions('ExecutionsFailed')).toEqual([
    [{ Name: 'StateMachineArn', Value: 'arn:aws:states:us-east-1:111122223333:stateMachine:aurora-cdc-provisioning' }],
  ])
})

test('thresholds are in the units of their metrics: bytes in gibibytes, disks and shares below one hundred percent, and storage grows before it alarms', () => {
  const threshold = (name: string) => Number(named(name)?.Threshold)
  const gibibyte = 1024 ** 3
  for (const name of ['slot-disk-usage', 'slot-lag', 'source-storage']) {
    expect(threshold(name)).toBeGreaterThanOrEqual(gibibyte)
    expect(threshold(name)).toBeLessThanOrEqual(100 * gibibyte)
  }
  const growth = memberOf(onlyOf(app, 'AWS::ApplicationAutoScaling::ScalingPolicy'), 'TargetTrackingScalingPolicyConfiguration')
  expect(threshold('broker-disk')).toBeGreaterThan(Number(growth.TargetValue))
  for (const name of ['broker-disk', 'records-superseded']) expect(threshold(name)).toBeLessThan(100)
})

test('no connector is a connector that does not run; no failed rows are well', () => {
  expect(named('connector-not-running')).toMatchObject({
    TreatMissingData: 'breaching',
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 1,
  })
  expect(named('rows-failed')).toMatchObject({ TreatMissingData: 'notBreaching', ComparisonOperator: 'GreaterThanThreshold', Threshold: 0 })
})

test('freshness is judged by the buffer that the deployment sets', () => {
  expect(named('freshness')).toMatchObject({ Threshold: 601 })
  const slow = synthesized({ ...localDeployment, buffering: { intervalSeconds: 900 } })
  const thresholds = ofType(slow, 'AWS::CloudWatch::Alarm').map(({ Properties }) => [Properties?.AlarmName, Properties?.Threshold])
  expect(thresholds).toContainEqual(['aurora-cdc-freshness', 1500])
})

test('alarms go to a topic of their own with a subscriber, or to the one that is given', () => {
  expect(onlyOf(app, 'AWS::SNS::Subscription')).toMatchObject({ Protocol: 'email', Endpoint: 'me@example.com' })
  const topic = 'arn:aws:sns:us-east-1:111122223333:mine'
  const given = synthesized({ ...localDeployment, alarms: { topic } })
  expect(ofType(given, 'AWS::SNS::Topic')).toEqual([])
  for (const { Properties } of ofType(given, 'AWS::CloudWatch::Alarm')) expect(Properties?.AlarmActions).toEqual([topic])
})

test('the dashboard begins with freshness and then follows a change from the WAL to the row', () => {
  const { DashboardBody } = onlyOf(app, 'AWS::CloudWatch::Dashboard')
  const text = JSON.stringify(DashboardBody)
  const way = [
    'DataFreshness',
    'ReplicationSlotDiskUsage',
    'RunningTaskCount',
    'SourceRecordWriteRate',
    'KafkaDataLogsDiskUsed',
    'KafkaOffsetLag',
    'ProcessingFailed',
    'SuccessfulRowCount',
    'ExecutionsFailed',
  ]
  const places = way.map((name) => text.indexOf(name))
  expect(places).toEqual([...places].toSorted((a, b) => a - b))
  expect(places).not.toContain(-1)
})
