import { signalDeliveryReady } from '../../../handlers/provision/signal-delivery-ready.ts'
import { type AwsEndpoint, serveAws, withoutAccount } from '../../../local/aws/endpoint.ts'
import { asked, place } from './asked.ts'

let endpoint: AwsEndpoint
beforeEach(async () => {
  endpoint = await serveAws({}, { access: withoutAccount })
})
afterEach(() => endpoint.close())

const signalling = (url: string) => ({
  ...asked(),
  request: { until: 'DeliveryReady', signal: { url }, resync: [], recover: null } as const,
})

test('the wait condition is told of the success, under the name of the execution', async () => {
  const { url, received } = endpoint.callback()
  expect(await signalDeliveryReady(signalling(url), place)).toMatchObject({
    ready: true,
    did: ['told CloudFormation that a delivery stream can be created'],
  })
  expect(JSON.parse(await received)).toEqual({
    Status: 'SUCCESS',
    Reason: 'A delivery stream can be created',
    UniqueId: 'run',
    Data: 'arn:aws:states:us-east-1:111122223333:execution:provisioning:run',
  })
})

test('where nobody waits any more nothing is claimed', async () => {
  const callback = endpoint.callback()
  callback.close()
  expect(await signalDeliveryReady(signalling(callback.url), place)).toMatchObject({
    ready: true,
    seen: 'CloudFormation does not wait any more',
    did: [],
  })
})

test('a URL that does not answer is tried again by the state machine, and not told', async () => {
  const { url } = endpoint.callback('secret')
  await endpoint.close()
  const failure: unknown = await signalDeliveryReady(signalling(url), place).catch((error: unknown) => error)
  expect(failure).toMatchObject({ name: 'AwsUnavailable', message: expect.stringContaining('ECONNREFUSED') })
  expect(String(failure)).not.toContain('secret')
  endpoint = await serveAws({}, { access: withoutAccount })
})
