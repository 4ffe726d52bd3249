import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { CloudWatchClient, GetMetricDataCommand, GetMetricStatisticsCommand, type Statistic } from '@aws-sdk/client-cloudwatch'
import { cloudWatchService } from '../../../local/aws/cloudwatch.ts'
import { type PlaceFixture, placeFixture, type Served } from './place.ts'

const minute = Date.parse('2026-11-22T12:00:00Z')
const line = (dimensions: object, value: number, offset: number) =>
  JSON.stringify({
    _aws: {
      Timestamp: minute + offset,
      CloudWatchMetrics: [
        { Namespace: 'AuroraCdc/Transform', Dimensions: [Object.keys(dimensions)], Metrics: [{ Name: 'ProcessingFailed' }] },
      ],
    },
    ...dimensions,
    ProcessingFailed: value,
  })

let fixture: PlaceFixture
let served: Served
let connect: Server

beforeAll(async () => {
  connect = createServer((_request, response) =>
    response.end(JSON.stringify({ connector: { state: 'RUNNING' }, tasks: [{ id: 0, state: 'FAILED' }] })),
  )
  await new Promise<void>((resolve) => connect.listen(0, '127.0.0.1', resolve))
  const address = connect.address()
  const port = typeof address === 'object' ? address?.port : undefined
  fixture = await placeFixture({ engines: { connectUri: () => `http://127.0.0.1:${port}` } })
  served = await fixture.serve({ monitoring: cloudWatchService(fixture.place) })
  writeFileSync(
    join(fixture.place.engines.logsDirectory, 'transform.log'),
    `START\n${[
      line({ DeliveryStream: 's' }, 1, 1000),
      line({ DeliveryStream: 's' }, 2, 59_000),
      line({ DeliveryStream: 's' }, 4, 60_000),
      line({ DeliveryStream: 's', Table: 't' }, 8, 0),
      line({ DeliveryStream: 'other' }, 16, 0),
    ].join('\n')}\n`,
  )
})
afterAll(async () => {
  await new Promise((resolve) => connect.close(resolve))
  await fixture.close()
})

const client = (role?: string) => new CloudWatchClient(served.client(role))
const data = (stat: Statistic, metric: { Namespace: string; MetricName: string; Name: string; Value: string }, period = 60) => {
  const { Name, Value, ...rest } = metric
  return new GetMetricDataCommand({
    StartTime: new Date(minute),
    EndTime: new Date(minute + 300_000),
    MetricDataQueries: [{ Id: 'a', MetricStat: { Metric: { ...rest, Dimensions: [{ Name, Value }] }, Period: period, Stat: stat } }],
  })
}
const failed = { Namespace: 'AuroraCdc/Transform', MetricName: 'ProcessingFailed', Name: 'DeliveryStream', Value: 's' }

test('what the transform wrote in the embedded metric format is summed by minutes, for exactly these dimensions', async () => {
  const { MetricDataResults = [] } = await client().send(data('Sum', failed))
  expect(MetricDataResults[0]).toMatchObject({ Id: 'a', Values: [4, 3], Timestamps: [new Date(minute + 60_000), new Date(minute)] })
  const ofTable = data('Sum', failed)
  ofTable.input.MetricDataQueries?.[0]?.MetricStat?.Metric?.Dimensions?.push({ Name: 'Table', Value: 't' })
  expect((await client().send(ofTable)).MetricDataResults?.[0]?.Values).toEqual([8])
  const { MetricDataResults: wider = [] } = await client().send(data('Maximum', failed, 300))
  expect(wider[0]?.Values).toEqual([4])
})

test('of a connector, how many tasks run or have failed', async () => {
  const metric = { Namespace: 'AWS/KafkaConnect', Name: 'ConnectorName', Value: 'aurora-cdc-debezium' }
  const count = async (MetricName: string) =>
    (await client().send(data('Maximum', { ...metric, MetricName }))).MetricDataResults?.[0]?.Values
  expect(await count('RunningTaskCount')).toEqual([0])
  expect(await count('ErroredTaskCount')).toEqual([1])
})

test('statistics name what was asked for', async () => {
  const { Datapoints } = await client().send(
    new GetMetricStatisticsCommand({
      Namespace: 'AuroraCdc/Transform',
      MetricName: 'ProcessingFailed',
      Dimensions: [{ Name: 'DeliveryStream', Value: 's' }],
      StartTime: new Date(minute),
      EndTime: new Date(minute + 60_000),
      Period: 60,
      Statistics: ['Sum', 'SampleCount'],
    }),
  )
  expect(Datapoints).toEqual([{ Timestamp: new Date(minute), Sum: 3, SampleCount: 2 }])
})

test('who may not read metrics does not; nothing measures what is not there', async () => {
  await expect(client(await fixture.role('nobody', [])).send(data('Sum', failed))).rejects.toMatchObject({ name: 'AccessDeniedException' })
  const none = { Namespace: 'AWS/Firehose', MetricName: 'KafkaOffsetLag', Name: 'DeliveryStreamName', Value: 'none' }
  expect((await client().send(data('Sum', none))).MetricDataResults?.[0]?.Values).toEqual([])
})
