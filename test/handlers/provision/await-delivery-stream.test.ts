import { DescribeDeliveryStreamCommand, FirehoseClient, ResourceNotFoundException } from '@aws-sdk/client-firehose'
import { mockClient } from 'aws-sdk-client-mock'
import { awaitDeliveryStream } from '../../../handlers/provision/await-delivery-stream.ts'
import { asked, place, waitedFor } from './asked.ts'

const firehose = mockClient(FirehoseClient)
beforeEach(() => firehose.reset())

const name = place.plan.deliveryStream

function answer(description: Record<string, unknown>): void {
  const stream = {
    DeliveryStreamName: name,
    DeliveryStreamARN: `arn:aws:firehose:us-east-1:111122223333:deliverystream/${name}`,
    DeliveryStreamType: 'MSKAsSource' as const,
    DeliveryStreamStatus: 'ACTIVE' as const,
    VersionId: '1',
    Destinations: [],
    HasMoreDestinations: false,
  }
  firehose
    .on(DescribeDeliveryStreamCommand, { DeliveryStreamName: name })
    .resolves({ DeliveryStreamDescription: { ...stream, ...description } })
}

test('an ACTIVE stream is there', async () => {
  answer({})
  expect(await awaitDeliveryStream(asked(), place)).toMatchObject({ ready: true, seen: `the delivery stream ${name} is ACTIVE` })
})

test('a stream that is being created is waited for, for an hour', async () => {
  answer({ DeliveryStreamStatus: 'CREATING' })
  expect(await awaitDeliveryStream(asked(waitedFor(3)), place)).toMatchObject({
    ready: false,
    seen: 'CREATING for 3 min; 1 to 10 min are usual',
  })
  await expect(awaitDeliveryStream(asked(waitedFor(61)), place)).rejects.toMatchObject({ name: 'NotInTime' })
})

test.each([
  ['CREATING_FAILED', 'whether its policy lets firehose.amazonaws.com create VPC connections'],
  ['DELETING', 'Wait until it is gone'],
  ['DELETING_FAILED', 'Wait until it is gone'],
  ['SUSPENDED', 'once it was deleted and created again, the stream has to be made anew'],
])('%s ends the wait with the reason and what to look at', async (DeliveryStreamStatus, advice) => {
  answer({ DeliveryStreamStatus, FailureDescription: { Type: 'VPC_ENDPOINT_SERVICE_NAME_NOT_FOUND', Details: 'no endpoint service' } })
  await expect(awaitDeliveryStream(asked(), place)).rejects.toMatchObject({
    name: 'DeliveryStreamFailed',
    message: expect.stringContaining(`${name} is ${DeliveryStreamStatus} (VPC_ENDPOINT_SERVICE_NAME_NOT_FOUND: no endpoint service)`),
  })
  await expect(awaitDeliveryStream(asked(), place)).rejects.toThrow(advice)
})

test('a stream that is not there is told at once', async () => {
  firehose
    .on(DescribeDeliveryStreamCommand)
    .rejects(new ResourceNotFoundException({ message: 'not found', $metadata: { httpStatusCode: 400 } }))
  await expect(awaitDeliveryStream(asked(), place)).rejects.toMatchObject({
    name: 'DeliveryStreamMissing',
    message: expect.stringContaining('deploy the stack CdcFirehose'),
  })
})
