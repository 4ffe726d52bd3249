import { DescribeClusterOperationV2Command, DescribeClusterV2Command, KafkaClient, UpdateConnectivityCommand } from '@aws-sdk/client-kafka'
import { mockClient } from 'aws-sdk-client-mock'
import { ensureVpcConnectivity } from '../../../handlers/provision/ensure-vpc-connectivity.ts'
import { asked, clusterArn, place, waitedFor } from './asked.ts'
import { badRequest, described, operation, operationArn } from './cluster-answers.ts'

const kafka = mockClient(KafkaClient)
beforeEach(() => kafka.reset())

const updates = () => kafka.commandCalls(UpdateConnectivityCommand).map(({ args: [command] }) => command.input)

test('turns connectivity on for IAM alone, with the version that was read', async () => {
  kafka.on(DescribeClusterV2Command, { ClusterArn: clusterArn }).resolves(described())
  kafka.on(UpdateConnectivityCommand).resolves({ ClusterArn: clusterArn, ClusterOperationArn: operationArn })
  expect(await ensureVpcConnectivity(asked(), place)).toMatchObject({
    ready: true,
    did: ['turned on multi-VPC connectivity (IAM) of the cluster'],
    already: [],
    operationArn,
  })
  expect(updates()).toEqual([
    {
      ClusterArn: clusterArn,
      CurrentVersion: 'K3AEGXETSR30VB',
      ConnectivityInfo: { VpcConnectivity: { ClientAuthentication: { Sasl: { Iam: { Enabled: true } } } } },
    },
  ])
})

test.each(['ACTIVE', 'UPDATING'] as const)('leaves a cluster alone that has it and is %s', async (State) => {
  kafka.on(DescribeClusterV2Command).resolves(described({ State }, { vpc: true }))
  expect(await ensureVpcConnectivity(asked(), place)).toMatchObject({
    ready: true,
    did: [],
    already: ['multi-VPC connectivity (IAM) of the cluster is on'],
  })
  expect(updates()).toEqual([])
})

test('joins an update that turns it on already', async () => {
  kafka.on(DescribeClusterV2Command).resolves(described({ State: 'UPDATING', ActiveOperationArn: operationArn }))
  kafka.on(DescribeClusterOperationV2Command, { ClusterOperationArn: operationArn }).resolves(operation())
  expect(await ensureVpcConnectivity(asked(), place)).toMatchObject({ ready: true, did: [], operationArn })
  expect(updates()).toEqual([])
})

test('waits for the end of another update', async () => {
  kafka.on(DescribeClusterV2Command).resolves(described({ State: 'UPDATING', ActiveOperationArn: operationArn }))
  kafka.on(DescribeClusterOperationV2Command).resolves(operation({ another: true }))
  expect(await ensureVpcConnectivity(asked(), place)).toMatchObject({ ready: false, seen: expect.stringContaining('UPDATING') })
  expect(updates()).toEqual([])
})

test.each(['CREATING', 'HEALING', 'MAINTENANCE', 'REBOOTING_BROKER'] as const)('waits while the cluster is %s', async (State) => {
  kafka.on(DescribeClusterV2Command).resolves(described({ State }))
  expect(await ensureVpcConnectivity(asked(), place)).toMatchObject({ ready: false, seen: expect.stringContaining(State) })
  expect(updates()).toEqual([])
})

test.each(['FAILED', 'DELETING'] as const)('gives up a cluster that is %s, with the reason', async (State) => {
  kafka.on(DescribeClusterV2Command).resolves(described({ State, StateInfo: { Code: 'KMS', Message: 'the key is gone' } }))
  await expect(ensureVpcConnectivity(asked(), place)).rejects.toMatchObject({
    name: 'ClusterFailed',
    message: expect.stringContaining(`${clusterArn} is ${State} (KMS: the key is gone)`),
  })
})

test.each<[string, Parameters<typeof described>[1], string]>([
  ['T3 brokers', { brokerType: 'kafka.t3.small' }, 'its brokers are kafka.t3.small'],
  ['an old Kafka', { kafkaVersion: '2.7.0' }, 'its Kafka version is 2.7.0'],
  ['IAM switched off', { iam: false }, 'IAM authentication is off'],
])('refuses a cluster with %s', async (_what, change, message) => {
  kafka.on(DescribeClusterV2Command).resolves(described({}, change))
  await expect(ensureVpcConnectivity(asked(), place)).rejects.toMatchObject({
    name: 'ConnectivityImpossible',
    message: expect.stringContaining(message),
  })
  expect(updates()).toEqual([])
})

test.each(['2.7.1', '2.8.1', '3.9.x', '3.9.x.kraft', '4.0.x.kraft'])('accepts Kafka %s', async (kafkaVersion) => {
  kafka.on(DescribeClusterV2Command).resolves(described({}, { kafkaVersion }))
  kafka.on(UpdateConnectivityCommand).resolves({ ClusterOperationArn: operationArn })
  expect(await ensureVpcConnectivity(asked(), place)).toMatchObject({ ready: true })
})

describe('when MSK refuses the update', () => {
  beforeEach(() => kafka.on(UpdateConnectivityCommand).rejects(badRequest('as MSK says')))

  test('an update that another execution began meanwhile is joined', async () => {
    kafka
      .on(DescribeClusterV2Command)
      .resolvesOnce(described())
      .resolves(described({ State: 'UPDATING', ActiveOperationArn: operationArn }))
    kafka.on(DescribeClusterOperationV2Command).resolves(operation())
    expect(await ensureVpcConnectivity(asked(), place)).toMatchObject({ ready: true, did: [], operationArn })
  })

  test('a cluster that is updated otherwise meanwhile is looked at again', async () => {
    kafka
      .on(DescribeClusterV2Command)
      .resolvesOnce(described())
      .resolves(described({ State: 'MAINTENANCE' }))
    expect(await ensureVpcConnectivity(asked(), place)).toMatchObject({ ready: false, refusals: 0 })
  })

  test('a stale version is read again at the next look, as often as it takes', async () => {
    kafka
      .on(DescribeClusterV2Command)
      .resolvesOnce(described())
      .resolves(described({ CurrentVersion: 'K2' }))
    const previous = { ...waitedFor(1), operationArn: null, refusals: 3 }
    expect(await ensureVpcConnectivity(asked(previous), place)).toMatchObject({ ready: false, refusals: 4 })
  })

  test('a cluster that only looks ready is asked a few times, then the refusal is told', async () => {
    kafka.on(DescribeClusterV2Command).resolves(described())
    const first = await ensureVpcConnectivity(asked(), place)
    expect(first).toMatchObject({ ready: false, refusals: 1, seen: expect.stringContaining('as MSK says') })
    await expect(ensureVpcConnectivity(asked({ ...first, refusals: 3 }), place)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'as MSK says',
    })
  })
})
