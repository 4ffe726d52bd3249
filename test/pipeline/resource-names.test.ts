import { type DeliveryStreamIdentity, deliveryStreamName, resourceNames } from '../../pipeline/resource-names.ts'

const identity: DeliveryStreamIdentity = {
  cluster: 'aurora-cdc',
  topic: 'aurora.cdc.all-tables',
  role: 'aurora-cdc-firehose',
  connectivity: 'PRIVATE',
  readFromTimestamp: '1970-01-01T00:00:00Z',
  tableBucket: 'my-tables',
}

test('the stream has another name whenever a property changes that replaces it', () => {
  const name = deliveryStreamName({ prefix: '' }, identity)
  expect(name).toMatch(/^aurora-cdc-[0-9a-f]{8}$/)
  for (const property of ['cluster', 'topic', 'role', 'readFromTimestamp', 'tableBucket'] as const) {
    expect(deliveryStreamName({ prefix: '' }, { ...identity, [property]: 'other' })).not.toBe(name)
  }
})

test('the same identity gives the same name, in whatever order it was written', () => {
  const { tableBucket, readFromTimestamp, ...others } = identity
  const reversed: DeliveryStreamIdentity = { tableBucket, readFromTimestamp, ...others }
  expect(deliveryStreamName({ prefix: 'dev' }, reversed)).toBe(deliveryStreamName({ prefix: 'dev' }, identity))
})

test('two prefixes share no name', () => {
  const place = { account: '123456789012', region: 'eu-central-1' }
  const all = ['', 'dev', 'prod'].flatMap((prefix) => {
    const { stack, firehoseLogStream, errorLogStream, ...names } = resourceNames({ ...place, prefix })
    expect([firehoseLogStream, errorLogStream]).toEqual(['delivery', 'errors'])
    return [...Object.values(names), stack('CdcFirehose'), deliveryStreamName({ prefix }, identity)]
  })
  expect(new Set(all).size).toBe(all.length)
})
