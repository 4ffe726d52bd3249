import { DescribeClusterOperationV2Command, DescribeClusterV2Command, KafkaClient } from '@aws-sdk/client-kafka'
import { mockClient } from 'aws-sdk-client-mock'
import { awaitVpcConnectivity } from '../../../handlers/provision/await-vpc-connectivity.ts'
import type { ConnectivityAnswer } from '../../../handlers/provision/ensure-vpc-connectivity.ts'
import { asked, clusterArn, minutesAgo, place, waitedFor } from './asked.ts'
import { described, operation, operationArn } from './cluster-answers.ts'

const kafka = mockClient(KafkaClient)
beforeEach(() => kafka.reset())

const after = (minutes: number, known: string | null = operationArn) => asked({ ...waitedFor(minutes), operationArn: known, refusals: 0 })

test('is there once the cluster is ACTIVE with connectivity on', async () => {
  kafka.on(DescribeClusterV2Command, { ClusterArn: clusterArn }).resolves(described({}, { vpc: true }))
  expect(await awaitVpcConnectivity(asked(), place)).toMatchObject({
    ready: true,
    seen: 'the cluster is ACTIVE with multi-VPC connectivity (IAM)',
  })
})

test.each(['UPDATING', 'HEALING', 'MAINTENANCE', 'REBOOTING_BROKER', 'CREATING'] as const)('%s passes', async (State) => {
  kafka.on(DescribeClusterV2Command).resolves(described({ State }, { vpc: true }))
  expect(await awaitVpcConnectivity(after(12, null), place)).toMatchObject({
    ready: false,
    seen: `${State} for 12 min; 20 to 75 min are usual`,
    since: minutesAgo(12).toISOString(),
  })
})

test('the update that runs is remembered', async () => {
  kafka.on(DescribeClusterV2Command).resolves(described({ State: 'UPDATING', ActiveOperationArn: operationArn }))
  kafka.on(DescribeClusterOperationV2Command, { ClusterOperationArn: operationArn }).resolves(operation())
  expect(await awaitVpcConnectivity(asked(), place)).toMatchObject({ ready: false, operationArn })
})

test('the update that was begun is followed where MSK does not show it yet, or no longer', async () => {
  kafka.on(DescribeClusterV2Command).resolves(described())
  kafka
    .on(DescribeClusterOperationV2Command, { ClusterOperationArn: operationArn })
    .resolves(operation({ ended: minutesAgo(1), error: 'none' }))
  const begun = { ...asked<ConnectivityAnswer>(), parameters: { operationArn } }
  await expect(awaitVpcConnectivity(begun, place)).rejects.toMatchObject({ name: 'ConnectivityFailed' })
})

test('an update that still runs while all looks well is waited for', async () => {
  kafka.on(DescribeClusterV2Command).resolves(described({ ActiveOperationArn: operationArn }, { vpc: true }))
  kafka.on(DescribeClusterOperationV2Command).resolves(operation())
  expect(await awaitVpcConnectivity(asked(), place)).toMatchObject({
    ready: false,
    seen: expect.stringContaining('ACTIVE, while UPDATE_CONNECTIVITY still runs, for 0 s'),
  })
})

test.each(['FAILED', 'DELETING'] as const)('%s ends the wait', async (State) => {
  kafka.on(DescribeClusterV2Command).resolves(described({ State }))
  await expect(awaitVpcConnectivity(after(12), place)).rejects.toMatchObject({ name: 'ClusterFailed' })
})

test('an update that failed ends it with what MSK says, whatever the state is', async () => {
  kafka.on(DescribeClusterV2Command).resolves(described())
  kafka.on(DescribeClusterOperationV2Command).resolves(operation({ ended: minutesAgo(1), error: 'no address left in subnet-1' }))
  await expect(awaitVpcConnectivity(after(30), place)).rejects.toMatchObject({
    name: 'ConnectivityFailed',
    message: expect.stringContaining(`by ${operationArn}: InternalError: no address left in subnet-1`),
  })
})

test('an update that failed is forgotten once connectivity is on', async () => {
  kafka.on(DescribeClusterV2Command).resolves(described({}, { vpc: true }))
  kafka.on(DescribeClusterOperationV2Command).resolves(operation({ ended: minutesAgo(1), error: 'no address' }))
  expect(await awaitVpcConnectivity(after(30), place)).toMatchObject({ ready: true })
})

test('an ACTIVE cluster may show connectivity as off for a while after the update has ended', async () => {
  kafka.on(DescribeClusterV2Command).resolves(described())
  kafka.on(DescribeClusterOperationV2Command).resolves(operation({ ended: minutesAgo(9) }))
  expect(await awaitVpcConnectivity(after(40), place)).toMatchObject({
    ready: false,
    seen: 'ACTIVE, multi-VPC connectivity not on yet, for 40 min; 20 to 75 min are usual',
  })
  kafka.on(DescribeClusterOperationV2Command).resolves(operation({ ended: minutesAgo(11) }))
  await expect(awaitVpcConnectivity(after(40), place)).rejects.toMatchObject({ name: 'ConnectivityFailed' })
})

test('an ACTIVE cluster that nobody updates is not waited for for ever', async () => {
  kafka.on(DescribeClusterV2Command).resolves(described())
  expect(await awaitVpcConnectivity(after(9, null), place)).toMatchObject({ ready: false })
  await expect(awaitVpcConnectivity(after(11, null), place)).rejects.toMatchObject({
    name: 'ConnectivityFailed',
    message: expect.stringContaining('no update runs'),
  })
})

test('after two hours it says what was last seen', async () => {
  kafka.on(DescribeClusterV2Command).resolves(described({ State: 'UPDATING' }))
  await expect(awaitVpcConnectivity(after(121, null), place)).rejects.toMatchObject({
    name: 'NotInTime',
    message: expect.stringContaining('last seen: UPDATING'),
  })
})
