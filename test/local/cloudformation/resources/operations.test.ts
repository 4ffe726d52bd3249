import { workerProperties } from '../../../../pipeline/connector.ts'
import { type AccountFixture, accountFixture, kafkaCluster } from '../fixture.ts'

let fixture: AccountFixture
beforeEach(async () => {
  fixture = await accountFixture()
  fixture.asset('plugin')
})
afterEach(() => fixture.close())

const content = (properties: Record<string, string>) =>
  Buffer.from(
    Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  ).toString('base64')
const worker = (properties: Record<string, string>, Name = 'worker') => ({
  Type: 'AWS::KafkaConnect::WorkerConfiguration',
  UpdateReplacePolicy: 'Retain',
  Properties: { Name, PropertiesFileContent: content(properties) },
})
const plugin = (FileKey: string) => ({
  Type: 'AWS::KafkaConnect::CustomPlugin',
  Properties: { Name: 'plugin', ContentType: 'ZIP', Location: { S3Location: { BucketArn: 'arn:aws:s3:::assets', FileKey } } },
})
const target = (MaxCapacity = 1000) => ({
  Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
  Properties: {
    ServiceNamespace: 'kafka',
    ScalableDimension: 'kafka:broker-storage:VolumeSize',
    ResourceId: { Ref: 'Cluster' },
    MinCapacity: 1,
    MaxCapacity,
  },
})
const topic = { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'alarms' } }
const alarm = (properties: object) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmName: 'a',
    Namespace: 'AWS/Lambda',
    MetricName: 'Errors',
    Statistic: 'Sum',
    Period: 300,
    EvaluationPeriods: 1,
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
    ...properties,
  },
})
const dashboard = (body: object) => ({
  Type: 'AWS::CloudWatch::Dashboard',
  Properties: { DashboardName: 'd', DashboardBody: JSON.stringify(body) },
})
const widget = { type: 'text', x: 0, y: 0, width: 24, height: 1, properties: { markdown: 'x' } }
const deploy = (Resources: object) => fixture.deploy({ Stack: { Resources } })

test('what the stacks hold of MSK, MSK Connect, CloudWatch and SNS is deployed', async () => {
  const events = await deploy({
    ...kafkaCluster('kafka'),
    Target: target(),
    Worker: worker(workerProperties({ region: 'us-east-1', replicationFactor: 2 })),
    Plugin: plugin('plugin.zip'),
    Topic: topic,
    Alarm: alarm({ AlarmActions: [{ Ref: 'Topic' }] }),
    Dashboard: dashboard({ widgets: [widget] }),
  })
  expect(events).toHaveLength(8)
  const [deployed] = fixture.open().find('AWS::KafkaConnect::CustomPlugin')
  expect(deployed?.attributes).toEqual({ CustomPluginArn: deployed?.arn, Revision: 1 })
  expect(deployed?.arn).toMatch(/^arn:aws:kafkaconnect:us-east-1:111122223333:custom-plugin\/plugin\/[0-9a-f-]{36}-1$/)
})

const spoiled = (change: (cluster: ReturnType<typeof kafkaCluster>['Cluster']['Properties'] & Record<string, unknown>) => void) => {
  const resources = kafkaCluster('kafka')
  change(resources.Cluster.Properties)
  return resources
}

test.each([
  [
    'a cluster with multi-VPC connectivity at its creation',
    spoiled((cluster) => Object.assign(cluster.BrokerNodeGroupInfo, { ConnectivityInfo: { VpcConnectivity: {} } })),
    'multi-VPC connectivity cannot be set at creation',
  ],
  [
    'brokers that are no multiple of the zones',
    spoiled((cluster) => Object.assign(cluster, { NumberOfBrokerNodes: 3 })),
    'multiple of Availability Zones',
  ],
  [
    'a configuration that is not there',
    spoiled((cluster) => Object.assign(cluster.ConfigurationInfo, { Revision: 2 })),
    'Revision 2 of the configuration',
  ],
  [
    'logs to a group that is not there',
    spoiled((cluster) => Object.assign(cluster, { LoggingInfo: { BrokerLogs: { CloudWatchLogs: { Enabled: true, LogGroup: 'none' } } } })),
    'log group none does not exist',
  ],
  ['storage beyond what MSK has', { ...kafkaCluster('kafka'), Target: target(20_000) }, 'MaxCapacity'],
  ['a plugin that nobody publishes', { Plugin: plugin('other.zip') }, 'other.zip in arn:aws:s3:::assets does not exist'],
  [
    'a worker that sets what MSK Connect sets',
    { Worker: worker({ ...workerProperties({ region: 'x', replicationFactor: 1 }), 'group.id': 'mine' }) },
    'group.id cannot be set',
  ],
  [
    'a worker without converters',
    { Worker: worker({ 'offset.storage.topic': 'x' }) },
    'key.converter is missing; value.converter is missing',
  ],
  ['an alarm on two kinds of metrics', { Alarm: alarm({ Metrics: [{ Id: 'a', Expression: '1' }] }) }, 'either MetricName or Metrics'],
  ['an alarm over more than a day', { Alarm: alarm({ Period: 3600, EvaluationPeriods: 25 }) }, 'more than a day'],
  ['an alarm that tells nobody that exists', { Alarm: alarm({ AlarmActions: ['alarms'] }) }, 'Invalid alarm action: alarms'],
  ['a dashboard beyond its grid', { Dashboard: dashboard({ widgets: [{ ...widget, width: 25 }] }) }, 'widgets.0.width'],
  [
    'a subscription to no topic',
    { S: { Type: 'AWS::SNS::Subscription', Properties: { Protocol: 'email', TopicArn: 'none', Endpoint: 'me@example.com' } } },
    'Topic does not exist: none',
  ],
])('%s is refused', async (_what, resources, message) => {
  await expect(deploy(resources)).rejects.toMatchObject({ name: 'DeploymentRefused', message: expect.stringContaining(message) })
})

test('a worker configuration with new content needs a new name, and the old one stays', async () => {
  const before = workerProperties({ region: 'us-east-1', replicationFactor: 2 })
  const after = { ...before, 'offset.flush.interval.ms': '5000' }
  await deploy({ Worker: worker(before) })
  await expect(deploy({ Worker: worker(after) })).rejects.toThrow('give the worker configuration a name that changes with its content')
  expect(await deploy({ Worker: worker(after, 'worker-2') })).toEqual(['Worker replaced', 'Worker retained'])
  expect(fixture.open().find('AWS::KafkaConnect::WorkerConfiguration')).toHaveLength(2)
})
