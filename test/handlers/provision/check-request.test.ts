import { DescribeDeliveryStreamCommand, FirehoseClient, ResourceNotFoundException } from '@aws-sdk/client-firehose'
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn'
import { mockClient } from 'aws-sdk-client-mock'
import { checkRequest, parseRequest } from '../../../handlers/provision/check-request.ts'
import type { ProvisioningRequest } from '../../../pipeline/provisioning.ts'
import { asked, place } from './asked.ts'

const firehose = mockClient(FirehoseClient)
const stepFunctions = mockClient(SFNClient)
beforeEach(() => {
  firehose.reset()
  stepFunctions.reset()
  stepFunctions
    .on(ListExecutionsCommand, { stateMachineArn: place.plan.stateMachines.teardown, statusFilter: 'RUNNING' })
    .resolves({ executions: [] })
})

const url = 'https://cloudformation-waitcondition-us-east-1.s3.amazonaws.com/handle?Signature=secret'

test.each<[unknown, ProvisioningRequest]>([
  [{}, { until: 'Verified', signal: null, resync: [], recover: null }],
  [
    { until: 'Verified', signal: null },
    { until: 'Verified', signal: null, resync: [], recover: null },
  ],
  [{ until: 'DeliveryReady' }, { until: 'DeliveryReady', signal: null, resync: [], recover: null }],
  [
    { until: 'DeliveryReady', signal: { url } },
    { until: 'DeliveryReady', signal: { url }, resync: [], recover: null },
  ],
  [{ resync: ['public.orders', 'public.orders'] }, { until: 'Verified', signal: null, resync: ['public.orders'], recover: null }],
  [{ recover: 'lost-slot' }, { until: 'Verified', signal: null, resync: [], recover: 'lost-slot' }],
])('the input %j is understood', (input, request) => {
  expect(parseRequest(input)).toEqual(request)
})

test.each<[unknown, string]>([
  [null, 'it is not a JSON object; {} asks for everything'],
  [[], 'it is not a JSON object'],
  ['Verified', 'it is not a JSON object'],
  [{ untill: 'Verified', force: true }, '"untill", "force" is not known; allowed are "until", "signal", "resync", "recover"'],
  [{ until: 'Always' }, '"until" is "Always"; it may be "Verified", which is the default, or "DeliveryReady"'],
  [{ until: null }, '"until" is null'],
  [{ until: 'DeliveryReady', signal: 'https://x' }, '"signal" must be { "url": "…" }'],
  [{ until: 'DeliveryReady', signal: { url: 'file:///secret' } }, '"signal" must be { "url": "…" }'],
  [{ until: 'DeliveryReady', signal: { url, more: 1 } }, '"signal" must be { "url": "…" }'],
  [{ resync: 'public.orders' }, '"resync" must be a list of captured tables'],
  [{ resync: ['public.orders'], until: 'DeliveryReady' }, '"resync" goes with "until": "Verified" only'],
  [{ recover: true }, '"recover" is true; it may be "lost-slot"'],
  [{ recover: 'lost-slot', until: 'DeliveryReady' }, '"recover" goes with "until": "Verified" only'],
  [{ signal: { url } }, '"signal" goes with "until": "DeliveryReady" only'],
])('the input %j is refused', (input, says) => {
  const refusal = () => parseRequest(input)
  expect(refusal).toThrow(expect.objectContaining({ name: 'InvalidRequest', message: expect.stringContaining(says) }))
  expect(refusal).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }))
})

const withInput = (request: ProvisioningRequest) => ({ ...asked(), request })

test('an execution that goes all the way needs the delivery stream, and says so at once where it is not there', async () => {
  firehose.on(DescribeDeliveryStreamCommand).resolves({})
  expect(await checkRequest(withInput({ until: 'Verified', signal: null, resync: [], recover: null }), place)).toMatchObject({
    ready: true,
    request: { until: 'Verified', signal: null },
  })
  expect(firehose.commandCalls(DescribeDeliveryStreamCommand)[0]?.args[0].input).toEqual({ DeliveryStreamName: place.plan.deliveryStream })
  firehose.on(DescribeDeliveryStreamCommand).rejects(new ResourceNotFoundException({ message: 'not found', $metadata: {} }))
  await expect(checkRequest(asked(), place)).rejects.toMatchObject({
    name: 'DeliveryStreamMissing',
    message: expect.stringMatching(/^There is no delivery stream aurora-cdc-[0-9a-f]{8}: .* npx cdk deploy --all/),
  })
})

test('one that only makes it possible to create a stream does not ask for it', async () => {
  const { seen } = await checkRequest(withInput({ until: 'DeliveryReady', signal: { url }, resync: [], recover: null }), place)
  expect(seen).toBe('asked until a delivery stream can be created')
  expect(firehose.calls()).toEqual([])
})

test('that Firehose does not answer is not taken for a missing stream', async () => {
  firehose.on(DescribeDeliveryStreamCommand).rejects(new Error('broken'))
  await expect(checkRequest(asked(), place)).rejects.toThrow('broken')
})

test('a re-sync is of captured tables that have a key', async () => {
  firehose.on(DescribeDeliveryStreamCommand).resolves({})
  const resync = (...names: string[]) => checkRequest(withInput({ until: 'Verified', signal: null, resync: names, recover: null }), place)
  expect(await resync('public.orders')).toMatchObject({ seen: 'asked for everything, and for a re-sync of public.orders' })
  await expect(resync('public.orders', 'orders', 'cdc.canary')).rejects.toMatchObject({
    name: 'InvalidRequest',
    message: expect.stringMatching(
      /"resync" names orders, cdc\.canary, which are not captured; captured are public\.orders, public\.products/,
    ),
  })
  const keyless = place.plan.tables.map((table) => (table.name === 'orders' ? { ...table, primaryKey: [] } : table))
  await expect(
    checkRequest(withInput({ until: 'Verified', signal: null, resync: ['public.orders'], recover: null }), {
      ...place,
      plan: { ...place.plan, tables: keyless },
    }),
  ).rejects.toMatchObject({ message: expect.stringContaining('public.orders, which has no primary key') })
})

test('while a teardown runs, nothing is begun', async () => {
  const stateMachineArn = place.plan.stateMachines.teardown
  const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:down`
  stepFunctions
    .on(ListExecutionsCommand, { stateMachineArn, statusFilter: 'RUNNING' })
    .resolves({ executions: [{ executionArn, stateMachineArn, name: 'down', status: 'RUNNING', startDate: new Date(0) }] })
  await expect(checkRequest(asked(), place)).rejects.toMatchObject({
    name: 'TeardownRunning',
    message: expect.stringContaining(executionArn),
  })
  expect(firehose.calls()).toEqual([])
})
