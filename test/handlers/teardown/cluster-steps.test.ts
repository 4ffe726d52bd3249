import {
  DeleteClusterPolicyCommand,
  DeleteTopicCommand,
  DescribeClusterV2Command,
  DescribeTopicCommand,
  GetClusterPolicyCommand,
  KafkaClient,
  PutClusterPolicyCommand,
} from '@aws-sdk/client-kafka'
import { mockClient } from 'aws-sdk-client-mock'
import { firehoseStatement } from '../../../handlers/provision/ensure-cluster-policy.ts'
import { ensureNoOffsetsTopic } from '../../../handlers/teardown/ensure-no-offsets-topic.ts'
import { ensureNoPolicy } from '../../../handlers/teardown/ensure-no-policy.ts'
import { asked, clusterArn, place, waitedFor } from '../provision/asked.ts'
import { badRequest, described, notFound } from '../provision/cluster-answers.ts'
import { serviceException } from '../provision/service-exception.ts'

const kafka = mockClient(KafkaClient)
beforeEach(() => kafka.reset())

describe('the topic of offsets', () => {
  const topic = 'aurora.cdc.connect-offsets'
  const active = { TopicName: topic, PartitionCount: 25, ReplicationFactor: 2, Status: 'ACTIVE' as const }
  const deletions = () => kafka.commandCalls(DeleteTopicCommand).map(({ args: [{ input }] }) => input)

  test('is deleted once, and waited for until MSK describes it no longer', async () => {
    kafka.on(DescribeTopicCommand, { ClusterArn: clusterArn, TopicName: topic }).resolves(active)
    kafka.on(DeleteTopicCommand).resolves({ Status: 'DELETING' })
    const deleting = await ensureNoOffsetsTopic(asked(), place)
    expect(deleting).toMatchObject({ ready: false, did: [`deleted the topic ${topic}`] })
    const waiting = await ensureNoOffsetsTopic(asked(deleting), place)
    expect(waiting).toMatchObject({ ready: false, did: deleting.did })
    kafka.on(DescribeTopicCommand).rejects(notFound('no topic'))
    expect(await ensureNoOffsetsTopic(asked(waiting), place)).toMatchObject({ ready: true, did: deleting.did, already: [] })
    expect(deletions()).toEqual([{ ClusterArn: clusterArn, TopicName: topic }])
  })

  test('that is not there is no work', async () => {
    kafka.on(DescribeTopicCommand).rejects(serviceException('UnknownTopicOrPartitionException', 'unknown', 404))
    expect(await ensureNoOffsetsTopic(asked(), place)).toMatchObject({ ready: true, did: [], already: [`there is no topic ${topic}`] })
    expect(deletions()).toEqual([])
  })

  test.each([
    ['somebody is subscribed to', serviceException('GroupSubscribedToTopicException', 'subscribed'), 'it is still subscribed to'],
    ['another execution deletes', notFound('gone'), 'gone since it was described'],
    ['is of a cluster that is UPDATING', badRequest('not in this state'), 'the cluster is UPDATING'],
  ])('that %s is looked at again', async (_what, error, seen) => {
    kafka.on(DescribeTopicCommand).resolves(active)
    kafka.on(DeleteTopicCommand).rejects(error)
    kafka.on(DescribeClusterV2Command).resolves(described({ State: 'UPDATING' }))
    expect(await ensureNoOffsetsTopic(asked(), place)).toMatchObject({ ready: false, did: [], seen: expect.stringContaining(seen) })
    await expect(ensureNoOffsetsTopic(asked(waitedFor(61)), place)).rejects.toMatchObject({ name: 'NotInTime' })
  })

  test('that an ACTIVE cluster refuses to delete ends the step as it was said', async () => {
    kafka.on(DescribeTopicCommand).resolves(active)
    kafka.on(DeleteTopicCommand).rejects(badRequest('the topic is internal'))
    kafka.on(DescribeClusterV2Command).resolves(described())
    await expect(ensureNoOffsetsTopic(asked(), place)).rejects.toThrow('the topic is internal')
  })
})

describe('the cluster policy', () => {
  const own = firehoseStatement(clusterArn)
  const other = {
    Sid: 'Analytics',
    Effect: 'Allow',
    Principal: { AWS: '111122224444' },
    Action: 'kafka:CreateVpcConnection',
    Resource: clusterArn,
  }
  const attached = (version: string, Statement: unknown) => ({
    CurrentVersion: version,
    Policy: JSON.stringify({ Version: '2012-10-17', Id: 'shared', Statement }),
  })
  const changed = () => [...kafka.commandCalls(PutClusterPolicyCommand), ...kafka.commandCalls(DeleteClusterPolicyCommand)]

  test('of nothing else is deleted', async () => {
    kafka.on(GetClusterPolicyCommand, { ClusterArn: clusterArn }).resolves(attached('K1', [own]))
    kafka.on(DeleteClusterPolicyCommand).resolves({})
    expect(await ensureNoPolicy(asked(), place)).toMatchObject({
      ready: true,
      did: [expect.stringContaining('deleted the cluster policy')],
    })
    expect(changed().map(({ args: [{ input }] }) => input)).toEqual([{ ClusterArn: clusterArn }])
  })

  test('keeps the statements of others, and what else is in it', async () => {
    kafka.on(GetClusterPolicyCommand).resolves(attached('K1', [other, own]))
    kafka.on(PutClusterPolicyCommand).resolves({ CurrentVersion: 'K2' })
    expect(await ensureNoPolicy(asked(), place)).toMatchObject({ ready: true, did: [expect.stringContaining('1 of others stay')] })
    const [input] = kafka.commandCalls(PutClusterPolicyCommand).map((call) => call.args[0].input)
    expect({ ...input, Policy: JSON.parse(input?.Policy ?? 'null') }).toEqual({
      ClusterArn: clusterArn,
      CurrentVersion: 'K1',
      Policy: { Version: '2012-10-17', Id: 'shared', Statement: [other] },
    })
    expect(kafka.commandCalls(DeleteClusterPolicyCommand)).toEqual([])
  })

  test.each([
    ['of others only', () => kafka.on(GetClusterPolicyCommand).resolves(attached('K1', other))],
    ['that is not there', () => kafka.on(GetClusterPolicyCommand).rejects(notFound('no policy'))],
  ])('%s is left alone', async (_what, arrange) => {
    arrange()
    expect(await ensureNoPolicy(asked(), place)).toMatchObject({ ready: true, did: [], already: [expect.any(String)] })
    expect(changed()).toEqual([])
  })

  test('that another execution deleted is gone', async () => {
    kafka.on(GetClusterPolicyCommand).resolves(attached('K1', [own]))
    kafka.on(DeleteClusterPolicyCommand).rejects(notFound('gone'))
    expect(await ensureNoPolicy(asked(), place)).toMatchObject({ ready: true })
  })

  test('that somebody changed meanwhile is read again', async () => {
    kafka
      .on(GetClusterPolicyCommand)
      .resolvesOnce(attached('K1', [own, other]))
      .resolves(attached('K2', [other]))
    kafka.on(PutClusterPolicyCommand).rejects(badRequest('not the current version'))
    await expect(ensureNoPolicy(asked(), place)).rejects.toMatchObject({ name: 'PolicyConflict' })
  })
})
