import { firehoseEvent } from '../../../../local/delivery/invocation/event.ts'

const stream = {
  clusterArn: 'arn:aws:kafka:us-east-1:111122223333:cluster/c/1',
  streamArn: 'arn:aws:firehose:us-east-1:111122223333:deliverystream/s',
  region: 'us-east-1',
}

describe('the event for a function', () => {
  it('has the fields of an MSK event, offset and partition as text', () => {
    const records = [
      { partition: 0, offset: 9007199254740993n, arrivalMs: 1725476175099, value: Buffer.from('{"a":"é"}') },
      { partition: 1, offset: 0n, arrivalMs: 1725476175100, value: undefined },
    ]
    const event = JSON.parse(firehoseEvent(records, stream).toString())
    expect(event).toEqual({
      invocationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sourceMSKArn: stream.clusterArn,
      deliveryStreamArn: stream.streamArn,
      region: 'us-east-1',
      records: [
        {
          recordId: expect.any(String),
          approximateArrivalTimestamp: 1725476175099,
          approximateArrivalEpoch: 1725476175099,
          mskRecordMetadata: { offset: '9007199254740993', partitionId: '0', approximateArrivalTimestamp: 1725476175099 },
          kafkaRecordValue: Buffer.from('{"a":"é"}').toString('base64'),
        },
        {
          recordId: expect.any(String),
          approximateArrivalTimestamp: 1725476175100,
          approximateArrivalEpoch: 1725476175100,
          mskRecordMetadata: { offset: '0', partitionId: '1', approximateArrivalTimestamp: 1725476175100 },
        },
      ],
    })
    expect(event.records[0].recordId).not.toBe(event.records[1].recordId)
  })
})
