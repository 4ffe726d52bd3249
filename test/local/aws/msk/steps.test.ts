import { awaitDeliveryStream } from '../../../../handlers/provision/await-delivery-stream.ts'
import { awaitVpcConnectivity } from '../../../../handlers/provision/await-vpc-connectivity.ts'
import { ensureClusterPolicy } from '../../../../handlers/provision/ensure-cluster-policy.ts'
import { type ConnectivityAnswer, ensureVpcConnectivity } from '../../../../handlers/provision/ensure-vpc-connectivity.ts'
import type { StepPlace } from '../../../../handlers/provision/step.ts'
import { firehoseService } from '../../../../local/aws/firehose.ts'
import { changeCluster } from '../../../../local/aws/msk/cluster-state.ts'
import { mskService } from '../../../../local/aws/msk.ts'
import { asked, place as settings } from '../../../handlers/provision/asked.ts'
import { streamTemplate } from '../../cloudformation/stream-template.ts'
import { type PlaceFixture, placeFixture } from '../place.ts'
import { arnOfCluster } from './cluster-fixture.ts'

let fixture: PlaceFixture
let place: StepPlace
let clusterArn: string

beforeAll(async () => {
  fixture = await placeFixture({ timeScale: 1 / 60 })
  const served = await fixture.serve({ kafka: mskService(fixture.place), firehose: firehoseService(fixture.place) })
  const { endpoint, region, credentials } = served.client()
  // As Lambda gives them to a function: the steps make their clients of nothing else.
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  })
  fixture.fixture.asset('one')
  const { Stream: _later, ...resources } = streamTemplate().Resources
  await fixture.fixture.deploy({ Stack: { Resources: resources } }, fixture.place.account)
  clusterArn = arnOfCluster(fixture.place.account)
  place = {
    ...settings,
    plan: { ...settings.plan, deliveryStream: 'stream' },
    environment: { ...settings.environment, clusterArn },
    now: () => new Date(fixture.place.now()),
  }
})
afterAll(() => fixture.close())

test('the steps bring a cluster to where a delivery stream can be made, once', async () => {
  const begun = await ensureVpcConnectivity(asked<ConnectivityAnswer>(), place)
  expect(begun).toMatchObject({ ready: true, did: [expect.stringContaining('turned on')], operationArn: expect.any(String) })
  const { operationArn } = begun
  const look = (previous: ConnectivityAnswer | null) =>
    awaitVpcConnectivity({ ...asked<ConnectivityAnswer>(previous), parameters: { operationArn } }, place)
  const first = await look(null)
  fixture.pass(12)
  const second = await look(first)
  expect(second).toMatchObject({ ready: false, seen: 'UPDATING for 12 s; 20 to 75 min are usual' })
  // Another execution meanwhile.
  expect(await ensureVpcConnectivity(asked<ConnectivityAnswer>(), place)).toMatchObject({ ready: true, did: [], operationArn })
  fixture.pass(18)
  expect(await look(second)).toMatchObject({ ready: true })
  expect(await ensureVpcConnectivity(asked<ConnectivityAnswer>(), place)).toMatchObject({ did: [], already: [expect.any(String)] })

  await expect(fixture.fixture.deploy({ Stack: streamTemplate() }, fixture.place.account)).rejects.toThrow('kafka:CreateVpcConnection')
  expect(await ensureClusterPolicy(asked(), place)).toMatchObject({ did: [expect.stringContaining('added')] })
  expect(await ensureClusterPolicy(asked(), place)).toMatchObject({ did: [], already: [expect.any(String)] })

  await expect(awaitDeliveryStream(asked(), place)).rejects.toMatchObject({ name: 'DeliveryStreamMissing' })
  expect(await fixture.fixture.deploy({ Stack: streamTemplate() }, fixture.place.account)).toContain('Stream created')
  const creating = await awaitDeliveryStream(asked(), place)
  expect(creating).toMatchObject({ ready: false, seen: expect.stringContaining('CREATING') })
  fixture.pass(5)
  expect(await awaitDeliveryStream(asked(creating), place)).toMatchObject({ ready: true })
})

test('an update that MSK could not finish ends the wait with its reason', async () => {
  const operation = {
    arn: `${clusterArn.replace(':cluster/', ':cluster-operation/')}/failed`,
    startedAt: 0,
    endsAt: 1,
    vpcConnectivity: true,
  }
  await changeCluster(fixture.place.account, clusterArn, {
    vpcConnectivity: false,
    lastOperation: { ...operation, error: { code: 'NoAddress', text: 'none left in subnet-1' } },
  })
  await expect(
    awaitVpcConnectivity({ ...asked<ConnectivityAnswer>(), parameters: { operationArn: operation.arn } }, place),
  ).rejects.toMatchObject({
    name: 'ConnectivityFailed',
    message: expect.stringContaining('NoAddress: none left in subnet-1'),
  })
})
