import { DeleteClusterPolicyCommand, GetClusterPolicyCommand, KafkaClient, PutClusterPolicyCommand } from '@aws-sdk/client-kafka'
import { firehoseStatement } from '../../../../handlers/provision/ensure-cluster-policy.ts'
import { mskService } from '../../../../local/aws/msk.ts'
import { type PlaceFixture, placeFixture } from '../place.ts'
import { deployCluster } from './cluster-fixture.ts'

let place: PlaceFixture
let kafka: KafkaClient
let ClusterArn: string

beforeEach(async () => {
  place = await placeFixture()
  const served = await place.serve({ kafka: mskService(place.place) })
  kafka = new KafkaClient(served.client())
  ClusterArn = await deployCluster(place)
})
afterEach(async () => {
  kafka.destroy()
  await place.close()
})

const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const get = () => kafka.send(new GetClusterPolicyCommand({ ClusterArn }))
const put = (Policy: string, CurrentVersion?: string) =>
  kafka.send(new PutClusterPolicyCommand({ ClusterArn, Policy, ...(CurrentVersion !== undefined && { CurrentVersion }) }))

test('there is none at first, and what was put is got with its version', async () => {
  await expect(get()).rejects.toMatchObject({ name: 'NotFoundException' })
  const Policy = document(firehoseStatement(ClusterArn))
  const { CurrentVersion } = await put(Policy)
  expect(await get()).toMatchObject({ CurrentVersion, Policy })
})

test('another one needs the current version', async () => {
  const { CurrentVersion: first } = await put(document(firehoseStatement(ClusterArn)))
  const refusal = { name: 'BadRequestException', InvalidParameter: 'currentVersion' }
  await expect(put(document())).rejects.toMatchObject(refusal)
  await expect(put(document(), 'K0')).rejects.toMatchObject(refusal)
  const { CurrentVersion: second } = await put(document(), first)
  expect(second).not.toBe(first)
  await expect(put(document(), first)).rejects.toMatchObject(refusal)
})

test.each([
  ['no JSON', () => '{'],
  ['no principal', () => document({ Effect: 'Allow', Action: 'kafka:*', Resource: '*' })],
  [
    'more than 20 KB',
    () => document({ ...firehoseStatement(ClusterArn), Action: Array(600).fill('kafka:CreateVpcConnectionAndMoreOfTheSame') }),
  ],
])('a policy with %s is refused', async (_what, policy) => {
  await expect(put(policy())).rejects.toMatchObject({ name: 'BadRequestException', InvalidParameter: 'policy' })
})

test('a deleted one is gone', async () => {
  await put(document(firehoseStatement(ClusterArn)))
  await kafka.send(new DeleteClusterPolicyCommand({ ClusterArn }))
  await expect(get()).rejects.toMatchObject({ name: 'NotFoundException' })
  await expect(kafka.send(new DeleteClusterPolicyCommand({ ClusterArn }))).rejects.toMatchObject({ name: 'NotFoundException' })
})
