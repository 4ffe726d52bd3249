import { report } from '../../../handlers/provision/report.ts'
import { type ProvisioningAnswers, reportMembers, type StepAnswer } from '../../../pipeline/provisioning.ts'
import { asked, now, place } from './asked.ts'

const answer = (did: string[] = [], already: string[] = []): StepAnswer => ({
  ready: true,
  seen: 'seen',
  since: now.toISOString(),
  did,
  already,
})

/** The state data where nothing was asked. */
const nothing: ProvisioningAnswers = {
  checkSource: null,
  ensureSource: null,
  ensureVpcConnectivity: null,
  awaitVpcConnectivity: null,
  checkCatalog: null,
  ensureGrants: null,
  checkColumns: null,
  ensureClusterPolicy: null,
  ensureTopic: null,
  awaitTopic: null,
  signalDeliveryReady: null,
  awaitDeliveryStream: null,
  ensureColumns: null,
  ensureSlotForgotten: null,
  ensureConnector: null,
  awaitConnector: null,
  awaitSnapshot: null,
  ensureSnapshotRequests: null,
  ensureTablesScanned: null,
  ensureCanaryInsert: null,
  awaitCanaryInsert: null,
  ensureVanishedRemoved: null,
  ensureCanaryUpdate: null,
  awaitCanaryUpdate: null,
  ensureCanaryDelete: null,
  awaitCanaryDelete: null,
  ensureSnapshotsCompleted: null,
  awaitRowCounts: null,
}

const reported = (given: Partial<ProvisioningAnswers>, until: 'Verified' | 'DeliveryReady' = 'Verified') =>
  report(
    { ...asked(), request: { until, signal: null, resync: [], recover: null }, parameters: { answers: { ...nothing, ...given } } },
    place,
  )

test('what was done and what was so already is told in the order of execution, once each', async () => {
  const found = await reported({
    ensureConnector: answer(['created the connector']),
    ensureSource: answer(['created the publication'], ['the schema cdc is there']),
    ensureTopic: answer([], ['the topic is as wanted']),
    awaitTopic: answer([], ['the topic is as wanted']),
    ensureCanaryInsert: answer(["made the insert of the canary's row"]),
  })
  expect(found).toMatchObject({
    ready: true,
    reached: 'Verified',
    did: ['created the publication', 'created the connector'],
    already: ['the schema cdc is there', 'the topic is as wanted'],
  })
})

test('rows, latencies and the next query are told where everything was verified', async () => {
  const seen = (latencySeconds: number) => ({ ...answer(), latencySeconds })
  expect(
    await reported({
      awaitCanaryInsert: seen(61.5),
      awaitCanaryUpdate: seen(40),
      awaitCanaryDelete: seen(0),
      awaitRowCounts: { ...answer(), rows: { orders: '9007199254740993' } },
    }),
  ).toMatchObject({
    rows: { orders: '9007199254740993' },
    latencies: { insert: 61.5, update: 40, delete: 0 },
    query: 'SELECT * FROM "s3tablescatalog/aurora-cdc-tables"."aurora_cdc"."orders" LIMIT 10',
  })
})

test('an execution that ended before has none of them', async () => {
  expect(await reported({ ensureSource: answer(['created the publication']) }, 'DeliveryReady')).toMatchObject({
    reached: 'DeliveryReady',
    did: ['created the publication'],
    rows: null,
    latencies: null,
    query: null,
  })
})

test('the output has every member that the state machine takes out of it', async () => {
  expect(Object.keys(await reported({}))).toEqual(expect.arrayContaining([...reportMembers]))
})
