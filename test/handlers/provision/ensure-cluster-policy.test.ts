import { GetClusterPolicyCommand, KafkaClient, PutClusterPolicyCommand } from '@aws-sdk/client-kafka'
import { mockClient } from 'aws-sdk-client-mock'
import { clusterPolicy, ensureClusterPolicy, firehoseStatement } from '../../../handlers/provision/ensure-cluster-policy.ts'
import { asked, clusterArn, place } from './asked.ts'
import { badRequest, notFound } from './cluster-answers.ts'

const kafka = mockClient(KafkaClient)
beforeEach(() => kafka.reset())

const others = {
  Sid: 'Analytics',
  Effect: 'Allow',
  Principal: { AWS: '111122224444' },
  Action: 'kafka:CreateVpcConnection',
  Resource: clusterArn,
}
const attached = (version: string, ...statements: object[]) => ({
  CurrentVersion: version,
  Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
})
const puts = () =>
  kafka.commandCalls(PutClusterPolicyCommand).map(({ args: [{ input }] }) => ({ ...input, Policy: JSON.parse(input.Policy ?? '') }))

test('the policy lets Firehose connect to this cluster, and nobody else', () => {
  expect(clusterPolicy(clusterArn)).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AuroraCdcFirehose',
        Effect: 'Allow',
        Principal: { Service: 'firehose.amazonaws.com' },
        Action: ['kafka:CreateVpcConnection', 'kafka:GetBootstrapBrokers', 'kafka:DescribeClusterV2'],
        Resource: clusterArn,
      },
    ],
  })
})

test('a first policy is put without a version', async () => {
  kafka.on(GetClusterPolicyCommand, { ClusterArn: clusterArn }).rejects(notFound('no policy'))
  kafka.on(PutClusterPolicyCommand).resolves({ CurrentVersion: 'K1' })
  expect(await ensureClusterPolicy(asked(), place)).toMatchObject({
    ready: true,
    did: ['added a statement for Firehose to the cluster policy'],
  })
  expect(puts()).toEqual([{ ClusterArn: clusterArn, Policy: clusterPolicy(clusterArn) }])
})

test("others' statements stay, an own one of before is replaced, and the version is that of what was read", async () => {
  kafka.on(GetClusterPolicyCommand).resolves(attached('K1', { ...firehoseStatement(clusterArn), Action: 'kafka:*' }, others))
  kafka.on(PutClusterPolicyCommand).resolves({ CurrentVersion: 'K2' })
  await ensureClusterPolicy(asked(), place)
  expect(puts()).toEqual([
    { ClusterArn: clusterArn, CurrentVersion: 'K1', Policy: { Version: '2012-10-17', Statement: [others, firehoseStatement(clusterArn)] } },
  ])
})

test('a policy that MSK writes otherwise is the same policy', async () => {
  const { Action, ...statement } = firehoseStatement(clusterArn)
  const rewritten = {
    Action: Array.isArray(Action) ? Action.toReversed() : Action,
    ...statement,
    Principal: { Service: ['firehose.amazonaws.com'] },
    Resource: [clusterArn],
  }
  kafka.on(GetClusterPolicyCommand).resolves(attached('K1', others, rewritten))
  expect(await ensureClusterPolicy(asked(), place)).toMatchObject({
    ready: true,
    did: [],
    already: ['the cluster policy lets Firehose connect'],
  })
  expect(puts()).toEqual([])
})

test('a policy whose only statement is not in a list is understood', async () => {
  kafka.on(GetClusterPolicyCommand).resolves({ CurrentVersion: 'K1', Policy: JSON.stringify({ Version: '2012-10-17', Statement: others }) })
  kafka.on(PutClusterPolicyCommand).resolves({ CurrentVersion: 'K2' })
  await ensureClusterPolicy(asked(), place)
  expect(puts()).toMatchObject([{ Policy: { Statement: [others, firehoseStatement(clusterArn)] } }])
})

test('a policy that was changed meanwhile is a conflict, which is tried again', async () => {
  kafka.on(GetClusterPolicyCommand).resolvesOnce(attached('K1', others)).resolves(attached('K2'))
  kafka.on(PutClusterPolicyCommand).rejects(badRequest('not the current version'))
  await expect(ensureClusterPolicy(asked(), place)).rejects.toMatchObject({
    name: 'PolicyConflict',
    message: expect.stringContaining(clusterArn),
  })
})

test('a refusal for another reason is told as it is', async () => {
  kafka.on(GetClusterPolicyCommand).resolves(attached('K1', others))
  kafka.on(PutClusterPolicyCommand).rejects(badRequest('the policy is too large'))
  await expect(ensureClusterPolicy(asked(), place)).rejects.toMatchObject({
    name: 'BadRequestException',
    message: 'the policy is too large',
  })
})
