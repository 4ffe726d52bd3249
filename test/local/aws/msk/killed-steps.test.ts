import { ensureClusterPolicy } from '../../../../handlers/provision/ensure-cluster-policy.ts'
import { ensureVpcConnectivity } from '../../../../handlers/provision/ensure-vpc-connectivity.ts'
import type { StepPlace } from '../../../../handlers/provision/step.ts'
import { changeCluster, clusterState } from '../../../../local/aws/msk/cluster-state.ts'
import { mskService } from '../../../../local/aws/msk.ts'
import { asked, place as settings } from '../../../handlers/provision/asked.ts'
import { killedAtEachCall, lifeline } from '../../../handlers/provision/killed.ts'
import { type PlaceFixture, placeFixture } from '../place.ts'
import { deployCluster } from './cluster-fixture.ts'

// The steps' own clients against the stand-in; a dead one's calls, and its client's second tries, reach nothing.

const line = lifeline()
let fixture: PlaceFixture
let place: StepPlace
let clusterArn: string

beforeAll(async () => {
  fixture = await placeFixture({ timeScale: 1 / 60 })
  const service = mskService(fixture.place)
  const served = await fixture.serve({ kafka: (request) => line.call(() => service(request)) })
  const { endpoint, region, credentials } = served.client()
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  })
  clusterArn = await deployCluster(fixture)
  place = { ...settings, environment: { ...settings.environment, clusterArn }, now: () => new Date(fixture.place.now()) }
})
afterAll(() => fixture.close())

const cluster = () => clusterState(fixture.place.account, clusterArn)

test('connectivity is turned on by one update, wherever its beginning is killed', async () => {
  const killed = await killedAtEachCall({
    line,
    begin: () => changeCluster(fixture.place.account, clusterArn, { vpcConnectivity: false, updates: 0, lastOperation: null }),
    ask: (previous) => ensureVpcConnectivity(asked(previous ? { ...previous, operationArn: null, refusals: 0 } : null), place),
    state: () => ({ updates: cluster().updates, turnsOn: cluster().lastOperation?.vpcConnectivity }),
  })
  expect(killed).toBe(2)
  expect(cluster()).toMatchObject({ updates: 0, lastOperation: { vpcConnectivity: true } })
})

test('the policy gets one statement in one change, wherever its merging is killed, and keeps those of others', async () => {
  const other = { Sid: 'Other', Effect: 'Allow', Principal: { AWS: '444455556666' }, Action: 'kafka:DescribeCluster', Resource: clusterArn }
  const killed = await killedAtEachCall({
    line,
    begin: () =>
      changeCluster(fixture.place.account, clusterArn, {
        policy: { document: JSON.stringify({ Version: '2012-10-17', Statement: other }), version: 'K1' },
        policyChanges: 0,
      }),
    ask: (previous) => ensureClusterPolicy(asked(previous), place),
    state: () => ({ policy: cluster().policy, changes: cluster().policyChanges }),
  })
  expect(killed).toBe(2)
  const { Statement }: { Statement: { Sid: string }[] } = JSON.parse(cluster().policy?.document ?? '{}')
  expect(Statement.map(({ Sid }) => Sid)).toEqual(['Other', 'AuroraCdcFirehose'])
  expect(cluster().policyChanges).toBe(1)
})
