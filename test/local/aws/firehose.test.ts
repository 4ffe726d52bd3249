import { DescribeDeliveryStreamCommand, FirehoseClient, ListDeliveryStreamsCommand } from '@aws-sdk/client-firehose'
import { KafkaClient, ListClientVpcConnectionsCommand } from '@aws-sdk/client-kafka'
import { firehoseService } from '../../../local/aws/firehose.ts'
import { mskService } from '../../../local/aws/msk.ts'
import { letFirehoseIn } from '../cloudformation/firehose-let-in.ts'
import { streamTemplate } from '../cloudformation/stream-template.ts'
import { arnOfCluster } from './msk/cluster-fixture.ts'
import { type PlaceFixture, placeFixture, type Served } from './place.ts'

let place: PlaceFixture
let served: Served
let firehose: FirehoseClient

beforeAll(async () => {
  place = await placeFixture({ timeScale: 1 / 60 })
  served = await place.serve({ firehose: firehoseService(place.place), kafka: mskService(place.place) })
  firehose = new FirehoseClient(served.client())
  place.fixture.asset('one')
  const { Stream: _later, ...resources } = streamTemplate().Resources
  const { account } = place.place
  await place.fixture.deploy({ Stack: { Resources: resources } }, account)
  await letFirehoseIn(account)
  await place.fixture.deploy({ Stack: streamTemplate() }, account)
})
afterAll(async () => {
  firehose.destroy()
  await place.close()
})

const describeStream = async (DeliveryStreamName = 'stream') =>
  (await firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }))).DeliveryStreamDescription

test('a stream is CREATING for five minutes, with its connection to the cluster, then ACTIVE', async () => {
  const ClusterArn = arnOfCluster(place.place.account)
  const kafka = new KafkaClient(served.client())
  const connection = async () => (await kafka.send(new ListClientVpcConnectionsCommand({ ClusterArn }))).ClientVpcConnections
  expect(await describeStream()).toMatchObject({ DeliveryStreamStatus: 'CREATING' })
  place.pass(4.9)
  expect(await describeStream()).toMatchObject({ DeliveryStreamStatus: 'CREATING' })
  expect(await connection()).toMatchObject([{ State: 'CREATING', Owner: 'firehose.amazonaws.com' }])
  place.pass(0.1)
  expect(await describeStream()).toMatchObject({
    DeliveryStreamName: 'stream',
    DeliveryStreamARN: 'arn:aws:firehose:us-east-1:111122223333:deliverystream/stream',
    DeliveryStreamStatus: 'ACTIVE',
    DeliveryStreamType: 'MSKAsSource',
    CreateTimestamp: new Date('2026-11-22T12:00:00Z'),
    Source: {
      MSKSourceDescription: {
        MSKClusterARN: ClusterArn,
        TopicName: 'aurora.cdc.all-tables',
        DeliveryStartTimestamp: new Date('2026-11-22T12:00:05Z'),
        ReadFromTimestamp: new Date('1970-01-01T00:00:00Z'),
      },
    },
    Destinations: [{ IcebergDestinationDescription: { DestinationTableConfigurationList: [{ DestinationTableName: 'orders' }] } }],
  })
  expect(await connection()).toMatchObject([{ State: 'AVAILABLE' }])
  kafka.destroy()
})

test('a stream that is not there is not found', async () => {
  await expect(describeStream('other')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'Firehose other under account 111122223333 not found.',
  })
})

test('a role needs the right to describe this stream', async () => {
  const statement = (name: string) => ({
    Effect: 'Allow',
    Action: 'firehose:DescribeDeliveryStream',
    Resource: `arn:aws:firehose:us-east-1:111122223333:deliverystream/${name}`,
  })
  const client = new FirehoseClient(served.client(await place.role('reader', [statement('stream')])))
  await expect(client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: 'stream' }))).resolves.toBeDefined()
  await expect(client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: 'other' }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  })
  client.destroy()
})

test('what is not offered says so', async () => {
  await expect(firehose.send(new ListDeliveryStreamsCommand())).rejects.toThrow('ListDeliveryStreams of firehose')
})
