import {
  DescribeClusterOperationV2Command,
  DescribeClusterV2Command,
  GetBootstrapBrokersCommand,
  KafkaClient,
  ListClientVpcConnectionsCommand,
  ListClustersV2Command,
  UpdateConnectivityCommand,
} from '@aws-sdk/client-kafka'
import { changeCluster } from '../../../../local/aws/msk/cluster-state.ts'
import { mskService } from '../../../../local/aws/msk.ts'
import { destroyStack } from '../../../../local/cloudformation/deploy.ts'
import { kafkaCluster } from '../../cloudformation/fixture.ts'
import { type PlaceFixture, placeFixture, type Served } from '../place.ts'
import { deployCluster } from './cluster-fixture.ts'

let place: PlaceFixture
let served: Served
let kafka: KafkaClient
let ClusterArn: string

beforeEach(async () => {
  place = await placeFixture({ timeScale: 1 / 60, engines: { kafkaBootstrap: () => '127.0.0.1:9092' } })
  served = await place.serve({ kafka: mskService(place.place) })
  kafka = new KafkaClient(served.client())
  ClusterArn = await deployCluster(place)
})
afterEach(async () => {
  kafka.destroy()
  await place.close()
})

const describeCluster = async () => (await kafka.send(new DescribeClusterV2Command({ ClusterArn }))).ClusterInfo
const enabled = { VpcConnectivity: { ClientAuthentication: { Sasl: { Iam: { Enabled: true } } } } }
const update = (CurrentVersion = 'K3AEGXETSR30VB', ConnectivityInfo: object = enabled, client = kafka) =>
  client.send(new UpdateConnectivityCommand({ ClusterArn, CurrentVersion, ConnectivityInfo }))
const isOn = (cluster: Awaited<ReturnType<typeof describeCluster>>) =>
  cluster?.Provisioned?.BrokerNodeGroupInfo?.ConnectivityInfo?.VpcConnectivity?.ClientAuthentication?.Sasl?.Iam?.Enabled

test('a deployed cluster is ACTIVE, with what its template says', async () => {
  expect(await describeCluster()).toMatchObject({
    ClusterType: 'PROVISIONED',
    ClusterArn,
    ClusterName: 'kafka',
    CurrentVersion: 'K3AEGXETSR30VB',
    State: 'ACTIVE',
    Provisioned: {
      BrokerNodeGroupInfo: { InstanceType: 'kafka.m5.large', ClientSubnets: ['subnet-1', 'subnet-2'] },
      ClientAuthentication: { Sasl: { Iam: { Enabled: true } }, Unauthenticated: { Enabled: false } },
      CurrentBrokerSoftwareInfo: { KafkaVersion: '3.9.x' },
      NumberOfBrokerNodes: 2,
    },
  })
  expect(isOn(await describeCluster())).toBe(false)
})

test('turning connectivity on takes half an hour of UPDATING, and draws another version', async () => {
  const { ClusterOperationArn } = await update()
  expect(ClusterOperationArn).toMatch(/:cluster-operation\/kafka\/.+\/.+/)
  expect(await describeCluster()).toMatchObject({
    State: 'UPDATING',
    ActiveOperationArn: ClusterOperationArn,
    CurrentVersion: 'K3AEGXETSR30VB',
  })
  const operation = async () => (await kafka.send(new DescribeClusterOperationV2Command({ ClusterOperationArn }))).ClusterOperationInfo
  const running = await operation()
  expect(running).toMatchObject({
    OperationType: 'UPDATE_CONNECTIVITY',
    OperationState: 'UPDATE_IN_PROGRESS',
    StartTime: new Date('2026-11-22T12:00:00Z'),
  })
  expect(running?.EndTime).toBeUndefined()
  expect(running?.Provisioned?.TargetClusterInfo?.ConnectivityInfo).toMatchObject(enabled)
  place.pass(29)
  expect(isOn(await describeCluster())).toBe(false)
  place.pass(1)
  const after = await describeCluster()
  expect(after).toMatchObject({ State: 'ACTIVE', CurrentVersion: expect.not.stringMatching('K3AEGXETSR30VB') })
  expect(after?.ActiveOperationArn).toBeUndefined()
  expect(isOn(after)).toBe(true)
  expect(await operation()).toMatchObject({ OperationState: 'UPDATE_COMPLETE', EndTime: new Date('2026-11-22T12:00:30Z') })
})

test('what is under way is known after a restart', async () => {
  await update()
  place.pass(10)
  const account = place.fixture.open()
  const again = await place.serve({ kafka: mskService({ ...place.place, account }) })
  const client = new KafkaClient(again.client())
  const { ClusterInfo } = await client.send(new DescribeClusterV2Command({ ClusterArn }))
  client.destroy()
  expect(ClusterInfo).toMatchObject({ State: 'UPDATING' })
})

test('one update at a time, of the current version, that changes something', async () => {
  const refused = (message: string) => ({ name: 'BadRequestException', message: expect.stringContaining(message) })
  await expect(update('K0')).rejects.toMatchObject({ ...refused('not the current version'), InvalidParameter: 'currentVersion' })
  await update()
  await expect(update()).rejects.toMatchObject(refused('in the UPDATING state'))
  place.pass(30)
  await expect(update()).rejects.toMatchObject(refused('not the current version'))
  const version = (await describeCluster())?.CurrentVersion
  await expect(update(version)).rejects.toMatchObject(refused('does not change'))
  await update(version, { VpcConnectivity: { ClientAuthentication: { Sasl: { Iam: { Enabled: false } } } } })
  expect(isOn(await describeCluster())).toBe(true)
  place.pass(30)
  expect(isOn(await describeCluster())).toBe(false)
})

test('no update while MSK does something to the cluster by itself', async () => {
  await changeCluster(place.place.account, ClusterArn, { condition: { state: 'HEALING', until: place.place.now() + 5_000 } })
  expect(await describeCluster()).toMatchObject({ State: 'HEALING' })
  await expect(update()).rejects.toMatchObject({ message: expect.stringContaining('in the HEALING state') })
  place.pass(5)
  expect(await describeCluster()).toMatchObject({ State: 'ACTIVE' })
})

test('an update that fails leaves connectivity off and says why', async () => {
  const { ClusterOperationArn } = await update()
  const endsAt = place.place.now() + 1_000
  const lastOperation = {
    arn: ClusterOperationArn ?? '',
    startedAt: 0,
    endsAt,
    vpcConnectivity: true,
    error: { code: 'NoAddress', text: 'none left' },
  }
  await changeCluster(place.place.account, ClusterArn, { lastOperation })
  place.pass(1)
  expect(await describeCluster()).toMatchObject({ State: 'ACTIVE' })
  expect(isOn(await describeCluster())).toBe(false)
  const { ClusterOperationInfo } = await kafka.send(new DescribeClusterOperationV2Command({ ClusterOperationArn }))
  expect(ClusterOperationInfo).toMatchObject({
    OperationState: 'UPDATE_FAILED',
    ErrorInfo: { ErrorCode: 'NoAddress', ErrorString: 'none left' },
  })
})

test.each([
  [
    'T3 brokers',
    (cluster: Cluster) => Object.assign(cluster.Properties.BrokerNodeGroupInfo, { InstanceType: 'kafka.t3.small' }),
    'kafka.t3.small',
  ],
  [
    'no IAM',
    (cluster: Cluster) => Object.assign(cluster.Properties.ClientAuthentication.Sasl.Iam, { Enabled: false }),
    'IAM access control',
  ],
])('connectivity is refused for a cluster with %s', async (_what, spoil, message) => {
  const resources = kafkaCluster('kafka')
  spoil(resources.Cluster)
  await place.fixture.deploy({ Kafka: { Resources: resources } }, place.place.account)
  await expect(update()).rejects.toMatchObject({ name: 'BadRequestException', message: expect.stringContaining(message) })
})

test('the address for Firehose is there once connectivity is on', async () => {
  const brokers = () => kafka.send(new GetBootstrapBrokersCommand({ ClusterArn }))
  const before = await brokers()
  expect(before).toMatchObject({ BootstrapBrokerStringSaslIam: '127.0.0.1:9092' })
  expect(before.BootstrapBrokerStringVpcConnectivitySaslIam).toBeUndefined()
  expect(before.BootstrapBrokerStringTls).toBeUndefined()
  await update()
  place.pass(30)
  expect(await brokers()).toMatchObject({ BootstrapBrokerStringVpcConnectivitySaslIam: '127.0.0.1:9092' })
})

test('a cluster that is gone is not found, and one of the same name is a new one', async () => {
  await update()
  place.pass(30)
  await destroyStack('Kafka', place.place.account)
  await expect(describeCluster()).rejects.toMatchObject({ name: 'NotFoundException' })
  await deployCluster(place)
  expect(isOn(await describeCluster())).toBe(false)
})

test('nothing reads a cluster that has no delivery stream', async () => {
  expect(await kafka.send(new ListClientVpcConnectionsCommand({ ClusterArn }))).toMatchObject({ ClientVpcConnections: [] })
})

test('what is not offered says so', async () => {
  await expect(kafka.send(new ListClustersV2Command())).rejects.toMatchObject({
    message: expect.stringContaining('GET /api/v2/clusters of kafka'),
  })
})

test('a role needs what MSK asks for, the reads of the VPC included', async () => {
  const vpc = ['DescribeSubnets', 'DescribeVpcs', 'DescribeSecurityGroups', 'DescribeRouteTables', 'DescribeVpcEndpoints'].map(
    (name) => `ec2:${name}`,
  )
  const allow = (Action: string[], Resource = '*') => ({ Effect: 'Allow', Action, Resource })
  const whole = await place.role('whole', [allow(['kafka:UpdateConnectivity'], ClusterArn), allow(vpc)])
  const less = await place.role('less', [allow(['kafka:UpdateConnectivity'], ClusterArn), allow(vpc.slice(1))])
  const clients = { whole: new KafkaClient(served.client(whole)), less: new KafkaClient(served.client(less)) }
  await expect(update(undefined, undefined, clients.less)).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('not authorized to perform: ec2:DescribeSubnets'),
  })
  await expect(update(undefined, undefined, clients.whole)).resolves.toMatchObject({ ClusterArn })
  clients.whole.destroy()
  clients.less.destroy()
})

type Cluster = ReturnType<typeof kafkaCluster>['Cluster']
