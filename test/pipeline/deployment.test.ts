import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deploymentJsonSchema, parseDeployment, secretName } from '../../pipeline/deployment.ts'
import { PipelineError } from '../../pipeline/errors.ts'
import { resourceNames } from '../../pipeline/resource-names.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'))

const least = {
  account: '123456789012',
  region: 'eu-central-1',
  network: { vpc: 'vpc-0a1b2c3d', cidrs: ['10.0.0.0/16'], subnets: ['subnet-0a1b2c3d', 'subnet-1a1b2c3d'] },
  aurora: {
    clusterIdentifier: 'shop',
    endpoint: 'shop.cluster-abc.eu-central-1.rds.amazonaws.com',
    database: 'shop',
    securityGroup: 'sg-0a1b2c3d',
  },
  secrets: {
    debezium: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/debezium-AbCdEf',
    preparation: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!cluster-0a1b-GhIjKl',
  },
  tableBucket: { name: 'my-tables' },
}

/** The faults of a file, one a line, without the heading. */
function faults(json: unknown): string[] {
  try {
    parseDeployment(json, 'my.json')
    return []
  } catch (error) {
    if (!(error instanceof PipelineError) || error.name !== 'InvalidDeployment') throw error
    const [heading = '', ...lines] = error.message.split('\n')
    if (!/^my\.json has (a fault|\d+ faults):$/.test(heading)) throw error
    return lines.map((line) => line.trim())
  }
}

test('what is left out gets the documented defaults', () => {
  expect(parseDeployment(least)).toMatchObject({
    prefix: '',
    namespace: { name: 'aurora_cdc', create: true },
    tableBucket: { create: true },
    creates: 'update',
    truncates: 'fail',
    buffering: { intervalSeconds: 60 },
    kafka: { brokers: 2, brokerType: 'kafka.m5.large', version: '3.9.x', authentication: 'iam' },
    onDestroy: 'retain',
  })
})

test('the deployment of the local run is valid and delivers every second', () => {
  const deployment = parseDeployment(read('local/deployment.json'))
  expect(deployment).toMatchObject({ account: '111122223333', region: 'us-east-1', buffering: { intervalSeconds: 1 } })
})

test('every placeholder of the example is a fault, and nothing else in it is', () => {
  const example = read('deployment.example.json')
  const placeholders = JSON.stringify(example).match(/<[^>]*>/g)?.length
  const found = faults(example)
  expect(found).toHaveLength(placeholders ?? -1)
  for (const fault of found) expect(fault).toMatch(/: found "<.*>", allowed: /)
})

test('all faults are reported at once, each with its path, what was found and what is allowed', () => {
  const found = faults({
    ...least,
    account: 123456789012,
    network: { ...least.network, subnets: ['subnet-0a1b2c3d'] },
    kafka: { brokers: 1, borkers: 3 },
    creates: 'upsert',
    buffering: { intervalSeconds: 901 },
    colour: 'red',
    tags: { 'aws:owner': 'me' },
    alarms: { topic: 'arn:aws:sns:us-east-1:123456789012:alarms' },
  })
  expect(found).toEqual(
    expect.arrayContaining([
      'account: found 123456789012, allowed: the 12 digits of an AWS account, in quotes',
      expect.stringMatching(/^network\.subnets: found \["subnet-0a1b2c3d"\], allowed: two or three subnets/),
      'kafka.brokers: found 1, allowed: a whole number from 2 to 60 (brokers)',
      expect.stringMatching(/^kafka\.borkers: found a property that is not known, allowed: version, brokerType, brokers/),
      'creates: found "upsert", allowed: "update" or "insert"',
      'buffering.intervalSeconds: found 901, allowed: a whole number from 0 to 900 (seconds)',
      expect.stringMatching(/^colour: found a property that is not known, allowed: account, region/),
      'tags.aws:owner: found "me", allowed: a name that does not start with "aws:"',
      'alarms.topic: found "arn:aws:sns:us-east-1:123456789012:alarms", allowed: an ARN of the Region of the deployment, eu-central-1',
    ]),
  )
  expect(found).toHaveLength(9)
})

test('what is missing is named with what it should hold', () => {
  expect(faults({})).toEqual(
    expect.arrayContaining([
      'region: found nothing, allowed: an AWS Region, such as "eu-central-1"',
      'network: found nothing, allowed: an object with vpc, cidrs, subnets',
    ]),
  )
  expect(faults(null)).toEqual([expect.stringMatching(/^\(the file\): found null, allowed: an object with account, region/)])
})

test('brokers are a multiple of the subnets, since MSK spreads them evenly', () => {
  expect(faults({ ...least, kafka: { brokers: 3 } })).toEqual([
    'kafka.brokers: found 3, allowed: a multiple of the number of subnets, which is 2',
  ])
})

test.each([
  [
    'what is in a new table bucket cannot be there already',
    { namespace: { create: false } },
    /^namespace\.create: .* since the table bucket is created$/,
  ],
  [
    'what is in a new namespace cannot be there already',
    { tables: { create: false } },
    /^tables\.create: .* since the namespace is created$/,
  ],
  [
    'no table can be left out of a new namespace',
    { tables: { existing: ['orders'] } },
    /^tables\.existing: .* since the namespace is created$/,
  ],
  [
    'storage grows only',
    { kafka: { storageGiB: 500, maximumStorageGiB: 400 } },
    /^kafka\.maximumStorageGiB: .* at least storageGiB, which is 500$/,
  ],
  ['a subnet counts once', { network: { ...least.network, subnets: ['subnet-0a1b2c3d', 'subnet-0a1b2c3d'] } }, /^network\.subnets\[1\]: /],
  [
    'a secret is of the deployment',
    { secrets: { ...least.secrets, debezium: least.secrets.debezium.replace('123456789012', '210987654321') } },
    /account of the deployment, 123456789012$/,
  ],
  [
    'a secret is given by its whole ARN',
    { secrets: { ...least.secrets, debezium: 'shop/debezium' } },
    /^secrets\.debezium: .* the whole ARN of a secret/,
  ],
  [
    'a topic has its own subscribers',
    { alarms: { topic: 'arn:aws:sns:eu-central-1:123456789012:mine', email: 'me@example.com' } },
    /^alarms\.email: .* subscribe the address to that topic$/,
  ],
  ['a start is an instant', { readFrom: 'yesterday' }, /^readFrom: .* an instant, such as/],
  ['a placeholder in a free text is a fault', { tags: { owner: '<your team>' } }, /^tags\.owner: found "<your team>"/],
])('%s', (_rule, change, fault) => {
  expect(faults({ ...least, ...change })).toEqual([expect.stringMatching(fault)])
})

test('what is there already is said at each level', () => {
  const existing = {
    tableBucket: { name: 'my-tables', create: false },
    namespace: { create: false },
    tables: { create: false },
    errorBucket: { create: false },
  }
  expect(parseDeployment({ ...least, ...existing })).toMatchObject(existing)
})

test("a secret's name is its ARN's end without what Secrets Manager adds", () => {
  const { secrets } = parseDeployment(least)
  expect(secretName(secrets.debezium)).toBe('shop/debezium')
  expect(secretName(secrets.preparation)).toBe('rds!cluster-0a1b')
})

test('ingress from anywhere cannot be asked for', () => {
  expect(faults({ ...least, network: { ...least.network, cidrs: ['0.0.0.0/0'] } })).toHaveLength(1)
})

test('brokers without multi-VPC connectivity are refused', () => {
  expect(faults({ ...least, kafka: { brokerType: 'kafka.t3.small' } })).toEqual([expect.stringContaining('no multi-VPC connectivity')])
})

test('names of table buckets that AWS reserves are refused', () => {
  for (const name of ['aws-tables', 'xn--tables', 'tables--ol-s3', 'Tables', 'ab'])
    expect(faults({ ...least, tableBucket: { name } })).toHaveLength(1)
})

test('the longest prefix leaves every name within its limit', () => {
  const names = resourceNames({ ...parseDeployment({ ...least, prefix: 'abcdefghijkl' }), region: 'ap-southeast-2' })
  expect(names.errorBucket.length).toBeLessThanOrEqual(63)
  expect(names.cluster.length).toBeLessThanOrEqual(64)
  expect(names.connectRole.length).toBeLessThanOrEqual(64)
  expect(names.plugin('').length).toBeLessThanOrEqual(128)
  expect(names.readerPolicy.length).toBeLessThanOrEqual(128)
  expect(names.stateMachine.length).toBeLessThanOrEqual(80)
  expect(names.transformFunction.length).toBeLessThanOrEqual(64)
  expect(names.firehoseRole.length).toBeLessThanOrEqual(64)
  expect(faults({ ...least, prefix: 'abcdefghijklm' })).toHaveLength(1)
})

test('the JSON Schema knows every property and asks for those without a default', () => {
  const optional = ['$schema', 'readFrom', 'kmsKey']
  const properties = Object.fromEntries([...optional, ...Object.keys(parseDeployment(least))].map((name) => [name, expect.any(Object)]))
  expect(deploymentJsonSchema()).toMatchObject({ properties, additionalProperties: false })
  expect(deploymentJsonSchema()).toHaveProperty('required', ['account', 'region', 'network', 'aurora', 'secrets', 'tableBucket'])
})

test('deployment.schema.json is the schema of what validates', () => {
  expect(read('deployment.schema.json')).toEqual(deploymentJsonSchema())
})
